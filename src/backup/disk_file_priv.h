/*
 * Files and folders of snapshots on the disk: reading, replacing in one step, syncing, sums, sizes, removing. Everything
 * blocks: threads of jobs and the start only.
 */
#ifndef BACKUP_DISK_FILE_PRIV_H
#define BACKUP_DISK_FILE_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

struct text;

/* All of it; ERR_NOT_FOUND, ERR_FULL, ERR_IO with errno. */
MUST_CHECK int disk_file_read(const char *path, struct text *out);

/* fresh is written and synced, then renamed to path, then the folder is synced. */
MUST_CHECK int disk_file_replace(const char *folder, const char *fresh, const char *path,
                                 struct slice bytes);
MUST_CHECK int disk_file_sync(const char *path); /* of a file or a folder */

/* SHA-256 in hex; ERR_AGAIN: is_cancelled became true meanwhile. */
MUST_CHECK int disk_file_sum(const char *path, const atomic_bool *is_cancelled, char out[65]);

/* Of a file, or of everything below a folder; 0: it is not there. */
uint64_t disk_file_size(const char *path);
bool disk_file_is_there(const char *path);
bool disk_file_has_link(const char *path); /* a symbolic link, anywhere below */

/* A file or a whole folder; what is not there is removed already. ERR_IO with errno. */
MUST_CHECK int disk_file_remove(const char *path);

/* What an ordinary user may still write below folder. */
MUST_CHECK int disk_file_free_bytes(const char *folder, uint64_t *out);

/* The folder with parents that are missing, for us alone (0750). */
MUST_CHECK int disk_file_make_folder(const char *folder);

#endif
