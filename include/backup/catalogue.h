/*
 * The snapshots that there are, in one file of JSON lines that is written anew at every change (a temporary file, synced,
 * renamed, the folder synced). A line that cannot be read is named, kept as it is, and its snapshot left alone. The
 * writing functions block on the disk: not for the control thread; the others may be called from any thread.
 */
#ifndef BACKUP_CATALOGUE_H
#define BACKUP_CATALOGUE_H

#include "backup/snapshot_record.h"

struct catalogue;
struct snapshot_claim;
struct text;

/* folder/snapshots.jsonl; one that is not there is empty. ERR_IO with words. Damaged lines are named in words too, then
 * the answer is still 0. */
MUST_CHECK int catalogue_new(const char *folder, struct text *words, struct catalogue **out);
void catalogue_free(struct catalogue *catalogue);

/* Adds it, or replaces the one of that id. ERR_IO: nothing has changed, errno tells. */
MUST_CHECK int catalogue_put(struct catalogue *catalogue, const struct snapshot_record *record);

/* ERR_NOT_FOUND, ERR_IO. */
MUST_CHECK int catalogue_remove(struct catalogue *catalogue, const char *id);

/* The records of a database (NULL: all), oldest first; the caller ends each and frees the array. */
size_t catalogue_list(struct catalogue *catalogue, const char *database,
                      struct snapshot_record **out);
bool catalogue_find(struct catalogue *catalogue, const char *id, struct snapshot_record *out);

/* A job reads it from now on. ERR_NOT_FOUND; ERR_CONFLICT: it is being removed. */
MUST_CHECK int catalogue_hold(struct catalogue *catalogue, const char *id);
void catalogue_release(struct catalogue *catalogue, const char *id);

/* Who relies on which, in place of what was told before. */
void catalogue_claim(struct catalogue *catalogue, const struct snapshot_claim *claims,
                     size_t count);

/* It is about to be removed: from now on nobody can hold it. ERR_NOT_FOUND; ERR_CONFLICT: somebody holds it or removes it
 * already, or relies on it, unless that is forced. With catalogue_spare it stays after all. */
MUST_CHECK int catalogue_condemn(struct catalogue *catalogue, const char *id, bool is_forced);
void catalogue_spare(struct catalogue *catalogue, const char *id);

/* What was found on the disk, at that time (monotonic). */
void catalogue_see(struct catalogue *catalogue, const char *id, uint64_t disk_bytes,
                   uint64_t now_us);
size_t catalogue_damaged(struct catalogue *catalogue);

void catalogue_free_list(struct snapshot_record *records, size_t count);

#endif
