/*
 * See backup/catalogue.h. Two locks: one for what readers see, held for memory only, and one that puts writers in a row
 * while they wait for the disk.
 */
#include "backup/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/claim.h"
#include "backup/disk_file_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

enum { FILE_MAX = 256 << 20 };

struct catalogue {
    pthread_mutex_t writing; /* taken first */
    pthread_mutex_t reading; /* records, count, claims, damaged_count */
    char *folder;
    char *path;
    char *fresh;
    struct snapshot_record *records;
    size_t count;
    struct snapshot_claim *claims;
    size_t claim_count;
    struct text damaged; /* lines as they are */
    size_t damaged_count;
};

static void add_record(struct catalogue *catalogue, const struct snapshot_record *record)
{
    catalogue->records =
        mem_grow(catalogue->records, catalogue->count + 1, sizeof *catalogue->records);
    catalogue->records[catalogue->count++] = *record;
}

static void take_line(struct catalogue *catalogue, struct slice line, unsigned number,
                      struct text *words)
{
    struct snapshot_record record;
    const char *why = "";

    if (line.len == 0)
        return;
    if (snapshot_record_decode(line, &record, &why) == 0) {
        add_record(catalogue, &record);
        return;
    }
    catalogue->damaged_count++;
    text_add_slice(&catalogue->damaged, line);
    text_add(&catalogue->damaged, "\n");
    text_add_format(words, "%s:%u: the line is damaged (%s); its snapshot is not known\n",
                    catalogue->path, number, why);
}

static int load(struct catalogue *catalogue, struct text *words)
{
    struct text bytes;
    struct slice rest = { 0 };
    struct slice line = { 0 };
    int err = 0;

    text_init(&bytes, FILE_MAX);
    err = disk_file_read(catalogue->path, &bytes);
    if (err == ERR_NOT_FOUND)
        err = 0;
    else if (err != 0)
        text_add_format(words, "cannot read %s: %s\n", catalogue->path, strerror(errno));
    rest = text_slice(&bytes);
    for (unsigned number = 1; slice_next(&rest, '\n', &line); number++)
        take_line(catalogue, line, number, words);
    text_fini(&bytes);
    return err;
}

int catalogue_new(const char *folder, struct text *words, struct catalogue **out)
{
    struct catalogue *catalogue = mem_zalloc(sizeof *catalogue);
    int err = 0;

    (void)pthread_mutex_init(&catalogue->writing, NULL);
    (void)pthread_mutex_init(&catalogue->reading, NULL);
    catalogue->folder = mem_text(folder);
    catalogue->path = mem_format("%s/snapshots.jsonl", folder);
    catalogue->fresh = mem_format("%s/snapshots.jsonl.tmp", folder);
    text_init(&catalogue->damaged, FILE_MAX);
    err = load(catalogue, words);
    if (err != 0) {
        catalogue_free(catalogue);
        return ERR_IO;
    }
    *out = catalogue;
    return 0;
}

void catalogue_free(struct catalogue *catalogue)
{
    if (catalogue == NULL)
        return;
    catalogue_free_list(catalogue->records, catalogue->count);
    text_fini(&catalogue->damaged);
    free(catalogue->claims);
    pthread_mutex_destroy(&catalogue->writing);
    pthread_mutex_destroy(&catalogue->reading);
    free(catalogue->folder);
    free(catalogue->path);
    free(catalogue->fresh);
    free(catalogue);
}

void catalogue_free_list(struct snapshot_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        snapshot_record_fini(&records[i]);
    free(records);
}

/* The file as it will be: without `but`, with `more` behind. */
static int write_anew(struct catalogue *catalogue, const char *but,
                      const struct snapshot_record *more)
{
    struct text bytes;
    int err = 0;

    text_init(&bytes, FILE_MAX);
    text_add_slice(&bytes, text_slice(&catalogue->damaged));
    for (size_t i = 0; i < catalogue->count; i++)
        if (strcmp(catalogue->records[i].id, but) != 0)
            snapshot_record_encode(&catalogue->records[i], &bytes);
    if (more != NULL)
        snapshot_record_encode(more, &bytes);
    err = text_is_cut(&bytes) ? ERR_FULL
                              : disk_file_replace(catalogue->folder, catalogue->fresh,
                                                  catalogue->path, text_slice(&bytes));
    text_fini(&bytes);
    return err;
}

/* Where it is, or the count. */
static size_t find(const struct catalogue *catalogue, const char *id)
{
    size_t at = 0;

    while (at < catalogue->count && strcmp(catalogue->records[at].id, id) != 0)
        at++;
    return at;
}

int catalogue_put(struct catalogue *catalogue, const struct snapshot_record *record)
{
    struct snapshot_record copy;
    size_t at = 0;
    int err = 0;

    pthread_mutex_lock(&catalogue->writing); /* nobody else writes the records now */
    err = write_anew(catalogue, record->id, record);
    if (err == 0) {
        snapshot_record_copy(record, &copy);
        pthread_mutex_lock(&catalogue->reading);
        at = find(catalogue, record->id);
        if (at < catalogue->count) {
            copy.holds = catalogue->records[at].holds;
            copy.is_going = catalogue->records[at].is_going;
            snapshot_record_fini(&catalogue->records[at]);
            catalogue->records[at] = copy;
        } else {
            add_record(catalogue, &copy);
        }
        pthread_mutex_unlock(&catalogue->reading);
    }
    pthread_mutex_unlock(&catalogue->writing);
    return err;
}

int catalogue_remove(struct catalogue *catalogue, const char *id)
{
    size_t at = 0;
    int err = ERR_NOT_FOUND;

    pthread_mutex_lock(&catalogue->writing);
    at = find(catalogue, id);
    if (at < catalogue->count)
        err = write_anew(catalogue, id, NULL);
    if (err == 0) {
        pthread_mutex_lock(&catalogue->reading);
        snapshot_record_fini(&catalogue->records[at]);
        memmove(&catalogue->records[at], &catalogue->records[at + 1],
                (catalogue->count - at - 1) * sizeof *catalogue->records);
        catalogue->count--;
        pthread_mutex_unlock(&catalogue->reading);
    }
    pthread_mutex_unlock(&catalogue->writing);
    return err;
}

/* --- who relies on what; all of it with the lock for readers held --- */

/* The newest verified one that was whole by then; the count: there is none. */
static size_t find_claimed(const struct catalogue *catalogue, const struct snapshot_claim *claim)
{
    size_t found = catalogue->count;

    for (size_t i = 0; i < catalogue->count; i++) {
        const struct snapshot_record *record = &catalogue->records[i];

        if (record->is_verified && !record->is_going && record->finished_us <= claim->at_us &&
            strcmp(record->database, claim->database) == 0 &&
            (found == catalogue->count || record->taken_us > catalogue->records[found].taken_us))
            found = i;
    }
    return found;
}

static void note_holder(struct snapshot_record *record, const char *by)
{
    size_t len = strlen(record->held_by);

    if (strstr(record->held_by, by) == NULL)
        snprintf(record->held_by + len, sizeof record->held_by - len, "%s%s", len > 0 ? ", " : "",
                 by);
}

/* Whose time is over relies on nothing; what a claim means may have changed with the records. */
static void fill_holders(struct catalogue *catalogue)
{
    uint64_t now_us = clock_wall_us();

    for (size_t i = 0; i < catalogue->count; i++)
        catalogue->records[i].held_by[0] = '\0';
    for (size_t i = 0; i < catalogue->claim_count; i++) {
        const struct snapshot_claim *claim = &catalogue->claims[i];
        bool is_over = claim->until_us != 0 && claim->until_us <= now_us;
        size_t at = is_over ? catalogue->count : find_claimed(catalogue, claim);

        if (at < catalogue->count)
            note_holder(&catalogue->records[at], claim->by);
    }
}

void catalogue_claim(struct catalogue *catalogue, const struct snapshot_claim *claims, size_t count)
{
    struct snapshot_claim *fresh = mem_zalloc((count + 1) * sizeof *fresh);

    if (count > 0)
        memcpy(fresh, claims, count * sizeof *fresh);
    pthread_mutex_lock(&catalogue->reading);
    free(catalogue->claims);
    catalogue->claims = fresh;
    catalogue->claim_count = count;
    pthread_mutex_unlock(&catalogue->reading);
}

int catalogue_hold(struct catalogue *catalogue, const char *id)
{
    size_t at = 0;
    int err = ERR_NOT_FOUND;

    pthread_mutex_lock(&catalogue->reading);
    at = find(catalogue, id);
    if (at < catalogue->count)
        err = catalogue->records[at].is_going ? ERR_CONFLICT : 0;
    if (err == 0)
        catalogue->records[at].holds++;
    pthread_mutex_unlock(&catalogue->reading);
    return err;
}

void catalogue_release(struct catalogue *catalogue, const char *id)
{
    size_t at = 0;

    pthread_mutex_lock(&catalogue->reading);
    at = find(catalogue, id);
    if (at < catalogue->count && catalogue->records[at].holds > 0)
        catalogue->records[at].holds--;
    pthread_mutex_unlock(&catalogue->reading);
}

int catalogue_condemn(struct catalogue *catalogue, const char *id, bool is_forced)
{
    size_t at = 0;
    int err = ERR_NOT_FOUND;

    pthread_mutex_lock(&catalogue->reading);
    fill_holders(catalogue);
    at = find(catalogue, id);
    if (at < catalogue->count) {
        struct snapshot_record *record = &catalogue->records[at];
        bool is_held = record->held_by[0] != '\0' && !is_forced;

        err = record->holds > 0 || record->is_going || is_held ? ERR_CONFLICT : 0;
        record->is_going = record->is_going || err == 0;
    }
    pthread_mutex_unlock(&catalogue->reading);
    return err;
}

void catalogue_spare(struct catalogue *catalogue, const char *id)
{
    size_t at = 0;

    pthread_mutex_lock(&catalogue->reading);
    at = find(catalogue, id);
    if (at < catalogue->count)
        catalogue->records[at].is_going = false;
    pthread_mutex_unlock(&catalogue->reading);
}

void catalogue_see(struct catalogue *catalogue, const char *id, uint64_t disk_bytes,
                   uint64_t now_us)
{
    size_t at = 0;

    pthread_mutex_lock(&catalogue->reading);
    at = find(catalogue, id);
    if (at < catalogue->count) {
        catalogue->records[at].disk_bytes = disk_bytes;
        catalogue->records[at].seen_us = now_us;
    }
    pthread_mutex_unlock(&catalogue->reading);
}

/* --- reading --- */

static int compare_times(const void *a, const void *b)
{
    const struct snapshot_record *left = a;
    const struct snapshot_record *right = b;

    return left->taken_us < right->taken_us ? -1 : left->taken_us > right->taken_us;
}

size_t catalogue_list(struct catalogue *catalogue, const char *database,
                      struct snapshot_record **out)
{
    size_t count = 0;

    pthread_mutex_lock(&catalogue->reading);
    fill_holders(catalogue);
    *out = mem_zalloc((catalogue->count + 1) * sizeof **out);
    for (size_t i = 0; i < catalogue->count; i++)
        if (database == NULL || strcmp(catalogue->records[i].database, database) == 0)
            snapshot_record_copy(&catalogue->records[i], &(*out)[count++]);
    pthread_mutex_unlock(&catalogue->reading);
    qsort(*out, count, sizeof **out, compare_times);
    return count;
}

bool catalogue_find(struct catalogue *catalogue, const char *id, struct snapshot_record *out)
{
    size_t at = 0;
    bool is_found = false;

    pthread_mutex_lock(&catalogue->reading);
    fill_holders(catalogue);
    at = find(catalogue, id);
    is_found = at < catalogue->count;
    if (is_found)
        snapshot_record_copy(&catalogue->records[at], out);
    pthread_mutex_unlock(&catalogue->reading);
    return is_found;
}

size_t catalogue_damaged(struct catalogue *catalogue)
{
    return catalogue->damaged_count; /* set once, before any thread sees it */
}
