/*
 * Which state counts: state.json, its predecessor and the reserve files are all read; the whole one with the
 * highest generation wins. Never an empty state because a file is damaged. At the start, before anything runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/pins_disk_priv.h"
#include "deploy/state_disk_priv.h"
#include "deploy/state_priv.h"

enum { CANDIDATES = 2 + RESERVES, STATE_BYTES_MAX = 64 * 1024 * 1024 };

struct candidate {
    const char *path;
    struct state *state; /* NULL: none */
    int err;
    char words[STATE_FILE_WORDS];
};

int state_disk_read_all(int fd, size_t size, char *bytes)
{
    size_t done = 0;

    while (done < size) {
        ssize_t count = read(fd, bytes + done, size - done);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return ERR_IO;
        if (count == 0)
            break; /* it became shorter: the checksum will tell */
        done += (size_t)count;
    }
    return 0;
}

static int decode_file(int fd, struct candidate *candidate)
{
    struct stat status;
    char *bytes = NULL;
    int err = 0;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        snprintf(candidate->words, sizeof candidate->words, "it is not a regular file");
        return ERR_CORRUPT;
    }
    if (status.st_size > STATE_BYTES_MAX) {
        snprintf(candidate->words, sizeof candidate->words, "it is too long");
        return ERR_CORRUPT;
    }
    bytes = mem_zalloc((size_t)status.st_size + 1);
    err = state_disk_read_all(fd, (size_t)status.st_size, bytes);
    if (err != 0)
        err = state_disk_fail(candidate->words, "read", candidate->path);
    else
        err = state_decode(slice_of(bytes, (size_t)status.st_size), &candidate->state,
                           candidate->words, sizeof candidate->words);
    free(bytes);
    return err;
}

static void read_candidate(struct candidate *candidate, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    candidate->path = path;
    candidate->state = NULL;
    if (fd < 0) {
        candidate->err =
            errno == ENOENT ? ERR_NOT_FOUND : state_disk_fail(candidate->words, "open", path);
        return;
    }
    candidate->err = decode_file(fd, candidate);
    close(fd);
}

/* Reserve files that are there can be written from now on, whatever is in them. */
static void open_reserve(struct state_file *file, int index, const struct candidate *candidate)
{
    struct state_reserve *reserve = &file->reserves[index];
    struct stat status;

    if (candidate->err == ERR_NOT_FOUND && access(reserve->path, F_OK) != 0)
        return;
    reserve->fd = open(reserve->path, O_WRONLY | O_CLOEXEC);
    if (reserve->fd < 0)
        return;
    if (fstat(reserve->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(reserve->fd);
        reserve->fd = -1;
        return;
    }
    reserve->size = (size_t)status.st_size;
    reserve->generation = candidate->state != NULL ? candidate->state->generation : 0;
}

/* A state that we must not judge (newer) or cannot see (I/O) stops the start; NULL: none. */
static const struct candidate *find_stopper(const struct candidate candidates[CANDIDATES])
{
    const struct candidate *first = &candidates[0];
    bool has_whole = false;

    for (int i = 0; i < CANDIDATES; i++)
        has_whole = has_whole || candidates[i].state != NULL;
    if (first->err != 0 && first->err != ERR_NOT_FOUND && first->err != ERR_CORRUPT)
        return first;
    for (int i = 1; i < CANDIDATES && !has_whole; i++)
        if (candidates[i].err == ERR_VERSION)
            return &candidates[i];
    return NULL;
}

static int refuse_load(const struct candidate *bad, char words[STATE_FILE_WORDS])
{
    if (bad->err == ERR_VERSION)
        snprintf(words, STATE_FILE_WORDS,
                 "%.120s: %.60s; start that version, or restore a state of this one", bad->path,
                 bad->words);
    else if (bad->err == ERR_CORRUPT)
        snprintf(
            words, STATE_FILE_WORDS,
            "%.120s is damaged (%.60s) and there is no other whole state; restore the file, or "
            "start with --accept-empty-state to begin with the configuration",
            bad->path, bad->words);
    else
        snprintf(words, STATE_FILE_WORDS, "%.300s", bad->words);
    return bad->err;
}

static struct candidate *pick_newest(struct candidate candidates[CANDIDATES])
{
    struct candidate *newest = NULL;

    for (int i = 0; i < CANDIDATES; i++) {
        struct candidate *candidate = &candidates[i];

        if (candidate->state != NULL &&
            (newest == NULL || candidate->state->generation > newest->state->generation))
            newest = candidate;
    }
    return newest;
}

static const struct candidate *find_damaged(const struct candidate candidates[CANDIDATES])
{
    for (int i = 0; i < CANDIDATES; i++)
        if (candidates[i].err == ERR_CORRUPT)
            return &candidates[i];
    return NULL;
}

static int choose(struct candidate candidates[CANDIDATES], struct state **out,
                  char words[STATE_FILE_WORDS])
{
    const struct candidate *stopper = find_stopper(candidates);
    struct candidate *newest = pick_newest(candidates);

    if (stopper != NULL)
        return refuse_load(stopper, words);
    if (newest == NULL) {
        stopper = find_damaged(candidates);
        return stopper != NULL ? refuse_load(stopper, words) : ERR_NOT_FOUND;
    }
    if (candidates[0].err == ERR_CORRUPT)
        snprintf(words, STATE_FILE_WORDS, "%.100s is damaged (%.60s); %.100s serves instead",
                 candidates[0].path, candidates[0].words, newest->path);
    else if (candidates[0].err == ERR_NOT_FOUND)
        snprintf(words, STATE_FILE_WORDS, "%.100s is missing; %.100s serves instead",
                 candidates[0].path, newest->path);
    *out = newest->state;
    newest->state = NULL;
    return 0;
}

int state_file_load(struct state_file *file, struct state **out, char words[STATE_FILE_WORDS])
{
    struct candidate candidates[CANDIDATES] = { 0 };
    int err = 0;

    words[0] = '\0';
    read_candidate(&candidates[0], file->main);
    read_candidate(&candidates[1], file->prev);
    for (int i = 0; i < RESERVES; i++) {
        read_candidate(&candidates[2 + i], file->reserves[i].path);
        open_reserve(file, i, &candidates[2 + i]);
    }
    for (int i = 0; i < CANDIDATES; i++)
        if (candidates[i].state != NULL && candidates[i].state->generation > file->generation)
            file->generation = candidates[i].state->generation;
    file->has_main = candidates[0].err != ERR_NOT_FOUND;
    file->is_main_damaged = candidates[0].err == ERR_CORRUPT;
    if (candidates[0].state != NULL)
        pins_disk_names(&candidates[0].state->decisions, &file->pins.main);
    if (candidates[1].state != NULL)
        pins_disk_names(&candidates[1].state->decisions, &file->pins.prev);
    err = choose(candidates, out, words);
    for (int i = 0; i < CANDIDATES; i++)
        state_free(candidates[i].state);
    return err;
}
