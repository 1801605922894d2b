/*
 * Is there a snapshot to fall back on? The newest verified one, not empty, as large on the disk as it was when that was
 * looked at lately, and young enough. Pure, any thread.
 */
#ifndef BACKUP_FRESHNESS_H
#define BACKUP_FRESHNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "backup/snapshot_record.h"

enum { FRESHNESS_SEEN_US = 10 * 1000 * 1000 };

struct freshness {
    bool is_fresh;
    bool is_known; /* there is a verified snapshot, however old */
    bool
        is_unseen; /* nobody could look at it on the disk lately: it is not fresh, and may be well */
    uint64_t age_us;
    uint64_t bytes;
    char id[SNAPSHOT_ID_SIZE];
    char words[256];
    char remedy[160];
};

struct freshness_ask {
    const char *database;
    uint64_t max_age_us; /* 0: any */
    uint64_t now_us;     /* wall clock */
    uint64_t mono_us;    /* monotonic: what was seen long before is not known */
};

/* records: of that database, oldest first. */
void freshness_judge(const struct freshness_ask *ask, const struct snapshot_record *records,
                     size_t count, struct freshness *out);

#endif
