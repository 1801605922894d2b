/* See history_priv.h. */
#include "deploy/history_priv.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "deploy/drill_view.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_priv.h"

/* What is read of the end of a file: so much that HISTORY_RING lines of a usual length are in it. */
enum { READ_MAX = 24 * 1024 * 1024 };

void history_init(struct history *history)
{
    *history = (struct history){ 0 };
    history->ring = mem_grow(NULL, HISTORY_RING, sizeof *history->ring);
}

void history_fini(struct history *history)
{
    free(history->ring);
    free(history->drills);
    history->drills = NULL;
    history->drill_count = 0;
    history->ring = NULL;
}

const struct history_drill *history_drill(const struct history *history, const char *name)
{
    for (size_t i = 0; i < history->drill_count; i++)
        if (strcmp(history->drills[i].name, name) == 0)
            return &history->drills[i];
    return NULL;
}

static struct history_drill *own_drill(struct history *history, const char *name)
{
    struct history_drill *drill = NULL;

    for (size_t i = 0; i < history->drill_count; i++)
        if (strcmp(history->drills[i].name, name) == 0)
            return &history->drills[i];
    history->drills = mem_grow(history->drills, history->drill_count + 1, sizeof *history->drills);
    drill = &history->drills[history->drill_count++];
    *drill = (struct history_drill){ .last_wall_us = 0 };
    snprintf(drill->name, sizeof drill->name, "%s", name);
    return drill;
}

static bool is_move(enum change_kind kind)
{
    return kind == CHANGE_CANARY_START || kind == CHANGE_CANARY_ABORT ||
           kind == CHANGE_CANARY_PROMOTE || kind == CHANGE_SWITCH || kind == CHANGE_ROLLBACK;
}

static void note_drill(struct history *history, const struct history_entry *entry)
{
    bool is_good = strcmp(entry->trigger, DRILL_TRIGGER) == 0;
    bool is_one = is_good || strcmp(entry->trigger, DRILL_TRIGGER_FAILED) == 0;
    bool is_done = entry->outcome == OUTCOME_DONE || entry->outcome == OUTCOME_VOLATILE;
    struct history_drill *drill = NULL;

    if (!is_move(entry->kind) || !is_done ||
        (!is_one && history_drill(history, entry->name) == NULL))
        return;
    drill = own_drill(history, entry->name);
    drill->is_open = is_one && entry->kind == CHANGE_CANARY_START;
    if (!is_one || entry->kind != CHANGE_CANARY_ABORT)
        return;
    drill->last_wall_us = entry->wall_us;
    if (is_good)
        drill->good_wall_us = entry->wall_us;
}

/* In one batch a refusal may get its number after a change that comes behind it: the ring is kept in order. */
void history_add(struct history *history, const struct history_entry *entry)
{
    uint64_t kept = history->count < HISTORY_RING ? history->count : HISTORY_RING - 1;
    uint64_t at = history->count++;

    note_drill(history, entry);
    for (; kept > 0; kept--, at--) {
        const struct history_entry *before = &history->ring[(at - 1) % HISTORY_RING];

        if (before->sequence <= entry->sequence)
            break;
        history->ring[at % HISTORY_RING] = *before;
    }
    history->ring[at % HISTORY_RING] = *entry;
}

const struct history_entry *history_at(const struct history *history, unsigned index)
{
    uint64_t kept = history->count < HISTORY_RING ? history->count : HISTORY_RING;

    return index < kept ? &history->ring[(history->count - 1 - index) % HISTORY_RING] : NULL;
}

unsigned history_find(const struct history *history, uint64_t before)
{
    unsigned low = 0;
    unsigned high = (unsigned)(history->count < HISTORY_RING ? history->count : HISTORY_RING);

    if (before == 0)
        return 0;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (history_at(history, middle)->sequence >= before)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void take_line(struct history *history, struct slice line)
{
    struct history_entry entry;
    cJSON *item = NULL;

    if (strict_json_parse(line, &strict_json_small, &item, NULL) != 0)
        return; /* somebody else's line; it stays in the file */
    if (state_decode_entry(item, &entry) == 0 && entry.sequence > history->written) {
        history_add(history, &entry);
        history->written = entry.sequence;
    }
    cJSON_Delete(item);
}

/* Whole lines; the count of bytes behind the last one. */
static size_t take_lines(struct history *history, struct slice bytes, bool is_middle)
{
    while (bytes.len > 0) {
        const char *end = memchr(bytes.ptr, '\n', bytes.len);
        size_t len = 0;

        if (end == NULL)
            return bytes.len;
        len = (size_t)(end - bytes.ptr);
        if (!is_middle) { /* else the first line is the end of one that began before */
            take_line(history, slice_of(bytes.ptr, len));
            history->file_lines++;
        }
        is_middle = false;
        bytes = slice_of(end + 1, bytes.len - len - 1);
    }
    return 0;
}

static int read_end(struct history *history, int fd, bool is_old)
{
    struct stat status;
    off_t from = 0;
    size_t size = 0;
    size_t torn = 0;
    char *bytes = NULL;
    ssize_t count = 0;

    if (fstat(fd, &status) != 0)
        return -1;
    from = status.st_size > READ_MAX ? status.st_size - READ_MAX : 0;
    size = (size_t)(status.st_size - from);
    bytes = mem_alloc(size + 1);
    count = pread(fd, bytes, size, from);
    if (count == (ssize_t)size)
        torn = take_lines(history, slice_of(bytes, size), from > 0);
    free(bytes);
    if (count != (ssize_t)size)
        return -1;
    return torn > 0 && !is_old ? ftruncate(fd, status.st_size - (off_t)torn) : 0;
}

static void read_file(struct history *history, const char *path, bool is_old, char *words,
                      unsigned words_size)
{
    int fd = open(path, (is_old ? O_RDONLY : O_RDWR) | O_CLOEXEC);

    if (fd < 0 && (errno == EROFS || errno == EACCES))
        fd = open(path, O_RDONLY | O_CLOEXEC);
    history->file_lines = 0;
    if (fd >= 0 ? read_end(history, fd, is_old) != 0 : errno != ENOENT)
        snprintf(words, words_size, "cannot read the end of %.200s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void take_tail(struct history *history, struct state *state)
{
    const struct state_entry *entry = NULL;

    TAILQ_FOREACH(entry, &state->tail, link)
    {
        if (entry->entry.sequence > history->written)
            history_add(history, &entry->entry);
    }
    if (history->written > state->sequence)
        state->sequence = history->written;
}

void history_load(struct history *history, const char *path, struct state *state, char *words,
                  unsigned words_size)
{
    char *old = mem_format("%s" HISTORY_OLD, path);

    words[0] = '\0';
    read_file(history, old, true, words, words_size);
    read_file(history, path, false, words, words_size);
    take_tail(history, state);
    free(old);
}
