/*
 * The snapshots that there are, in one file of JSON lines that is written anew at every change (a temporary file, synced,
 * renamed, the folder synced). A line that cannot be read is named, kept as it is, and its snapshot left alone. The
 * writing functions block on the disk: not for the control thread; the others may be called from any thread.
 */
#ifndef BACKUP_CATALOGUE_H
#define BACKUP_CATALOGUE_H

#include "backup/snapshot_record.h"

struct catalogue;
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

/* Somebody relies on it, or does not any more. What is not there cannot be held. */
void catalogue_hold(struct catalogue *catalogue, const char *id, bool is_held);
size_t catalogue_damaged(struct catalogue *catalogue);

void catalogue_free_list(struct snapshot_record *records, size_t count);

#endif
