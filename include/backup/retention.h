/*
 * Which snapshots of one database are not needed any more: the last N stay, and the newest verified one of each of the
 * last days and weeks. Pure, any thread.
 */
#ifndef BACKUP_RETENTION_H
#define BACKUP_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retention_rule {
    unsigned keep;   /* the last ones, verified; at least 1 counts */
    unsigned daily;  /* days, counted back from the newest one, with their newest verified one */
    unsigned weekly; /* likewise weeks (Monday to Sunday, UTC) */
};

struct retention_item {
    uint64_t taken_us; /* wall clock */
    bool is_verified;
    bool is_in_use;
    bool is_dropped; /* the answer */
};

/* Items oldest first. One in use is never dropped, nor the newest verified one. One that is not verified is dropped when
 * `keep` verified ones are newer than it. Returns how many are dropped. */
size_t retention_choose(const struct retention_rule *rule, struct retention_item *items,
                        size_t count);

#endif
