/* A folder of a test's own, and trails in it. */
#ifndef TRAIL_FOLDER_H
#define TRAIL_FOLDER_H

#include <stddef.h>

#include "audit/audit_files.h"
#include "audit/audit_record.h"

struct trail_folder {
    char folder[64];
    char path[96];   /* audit.jsonl in it */
    char anchor[96]; /* anchor in it */
};

void trail_folder_make(struct trail_folder *folder);
void trail_folder_remove(const struct trail_folder *folder);

/* The record number seq of a made-up trail. */
void trail_folder_record(unsigned seq, struct audit_record *out);

/* Writes `count` chained records to the file. */
void trail_folder_write(const char *path, unsigned count, const struct audit_key *key);

/* The whole file; the caller frees. And back. */
char *trail_folder_read(const char *path, size_t *size);
void trail_folder_put(const char *path, const char *bytes, size_t size);

/* Checks the trail at path with the anchor; the test fails when it cannot be read. */
struct audit_files_report trail_folder_check(const struct trail_folder *folder,
                                             const struct audit_key *key, bool with_anchor);

/* The number of lines of a file. */
unsigned trail_folder_lines(const char *path);

#endif
