/*
 * The reserve files: made while there is room, written over in place when there is none. A reserve whose sync
 * failed is dead until it is made anew. Writer's thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/state_disk_priv.h"

enum { RESERVE_BYTES_MIN = 8 * 1024 };

size_t state_file_reserve_size(const struct state_file *file)
{
    size_t size = 0;

    for (int i = 0; i < RESERVES; i++)
        if (file->reserves[i].fd >= 0 && (size == 0 || file->reserves[i].size < size))
            size = file->reserves[i].size;
    return size;
}

/* The usable one with the older content; NULL: none. */
static struct state_reserve *pick_reserve(struct state_file *file)
{
    struct state_reserve *picked = NULL;

    for (int i = 0; i < RESERVES; i++) {
        struct state_reserve *reserve = &file->reserves[i];

        if (reserve->fd >= 0 && (picked == NULL || reserve->generation < picked->generation))
            picked = reserve;
    }
    return picked;
}

static void drop_reserve(struct state_file *file, struct state_reserve *reserve)
{
    if (reserve->fd >= 0)
        (void)file->io->close(reserve->fd);
    reserve->fd = -1;
    reserve->size = 0;
}

/* All of the file, so that nothing of what was there before is left behind the new content. */
static int fill_reserve(struct state_file *file, struct state_reserve *reserve, struct slice bytes)
{
    char *padded = mem_alloc(reserve->size);
    size_t done = 0;
    ssize_t count = 0;

    memset(padded, '\n', reserve->size);
    memcpy(padded, bytes.ptr, bytes.len);
    while (done < reserve->size) {
        count = file->io->pwrite(reserve->fd, padded + done, reserve->size - done, (off_t)done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count == 0)
            errno = ENOSPC;
        if (count <= 0)
            break;
        done += (size_t)count;
    }
    free(padded);
    return done == reserve->size ? 0 : -1;
}

int state_file_write_reserve(struct state_file *file, uint64_t generation, struct slice bytes,
                             char words[STATE_FILE_WORDS])
{
    struct state_reserve *reserve = pick_reserve(file);
    int err = 0;

    CHECK(generation > file->generation);
    file->generation = generation;
    if (reserve == NULL || bytes.len > reserve->size) {
        snprintf(words, STATE_FILE_WORDS, "there is no reserve file that takes the state");
        return reserve == NULL ? ERR_NOT_FOUND : ERR_FULL;
    }
    reserve->generation = 0;
    if (fill_reserve(file, reserve, bytes) != 0)
        err = state_disk_fail(words, "write", reserve->path);
    else if (file->io->fdatasync(reserve->fd) != 0)
        err = state_disk_fail(words, "sync", reserve->path);
    if (err != 0)
        drop_reserve(file, reserve);
    else
        reserve->generation = generation;
    return err;
}

/* A blank reserve of this size in place of the old one, whose content must not be needed any more. */
static int make_reserve(struct state_file *file, struct state_reserve *reserve, size_t size)
{
    char words[STATE_FILE_WORDS];
    char *blank = mem_alloc(size);
    int err = 0;

    memset(blank, '\n', size);
    err = state_disk_write_fresh(file, slice_of(blank, size), words);
    free(blank);
    if (err != 0)
        return err;
    if (file->io->rename(file->fresh, reserve->path) != 0 ||
        file->io->fsync(file->folder_fd) != 0) {
        (void)file->io->unlink(file->fresh);
        return ERR_IO;
    }
    drop_reserve(file, reserve);
    reserve->generation = 0;
    reserve->fd = file->io->open(reserve->path, O_WRONLY | O_CLOEXEC, 0);
    if (reserve->fd < 0)
        return ERR_IO;
    reserve->size = size;
    return 0;
}

int state_file_ensure_reserve(struct state_file *file, size_t size)
{
    size_t wanted = RESERVE_BYTES_MIN;
    int err = 0;

    while (wanted < size * 2)
        wanted *= 2;
    for (int i = 0; i < RESERVES && err == 0; i++)
        if (file->reserves[i].fd < 0 || file->reserves[i].size < size)
            err = make_reserve(file, &file->reserves[i], wanted);
    return err;
}
