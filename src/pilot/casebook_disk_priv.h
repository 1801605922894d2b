/*
 * One decision as a file: a line that says what follows and its hashes, the decision as JSON, the recorder's bytes.
 * Blocking: the casebook's threads, and the start.
 */
#ifndef PILOT_CASEBOOK_DISK_PRIV_H
#define PILOT_CASEBOOK_DISK_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "pilot/decision.h"

enum { CASEBOOK_WORDS = 320 };

/* ".../000017.decision" into out. */
void casebook_disk_path(const char *folder, uint64_t id, char *out, size_t size);

/* The id that a file name means; 0: it is none of ours. is_fresh: a file that was never finished. */
uint64_t casebook_disk_id(const char *name, bool *is_fresh);

/* A new file, synced, renamed, the folder synced; what fails leaves nothing. *size: of the file. 0 or ERR_*. */
MUST_CHECK int casebook_disk_write(const char *folder, const struct decision *decision,
                                   struct slice record, uint64_t *size, char words[CASEBOOK_WORDS]);

/* Without the record: the size of the file is checked, its bytes are not. ERR_CORRUPT, or ERR_IO and others. */
MUST_CHECK int casebook_disk_read(const char *path, struct decision *out, uint64_t *size,
                                  char words[CASEBOOK_WORDS]);

/* The record, malloc'ed, its hash checked. */
MUST_CHECK int casebook_disk_read_record(const char *path, char **out, uint64_t *bytes,
                                         char words[CASEBOOK_WORDS]);

#endif
