/*
 * A deployment that goes on relies on a snapshot: on the newest verified one of a database that was whole at some moment.
 * As long as it does, no rule drops that snapshot, and nobody forgets it without force. All claims are told anew whenever
 * one of them changes. Values; texts are copied.
 */
#ifndef BACKUP_CLAIM_H
#define BACKUP_CLAIM_H

#include <stddef.h>
#include <stdint.h>

struct backup;

enum { CLAIM_BY_SIZE = 160 };

struct snapshot_claim {
    char database[64];
    uint64_t at_us;         /* wall clock: what was finished by then */
    uint64_t until_us;      /* wall clock; 0: until it is not told any more */
    char by[CLAIM_BY_SIZE]; /* "rollout 12 of shop" */
};

/* In place of those that were told before. Control thread. */
void backup_claim(struct backup *backup, const struct snapshot_claim *claims, size_t count);

#endif
