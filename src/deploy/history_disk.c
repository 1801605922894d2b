/*
 * See history_disk_priv.h. The writer's thread calls it, tests without a thread. A crash between any two system calls
 * leaves whole files: history_load reads what was put aside before what is there, and what is in neither is in the
 * state, which keeps entries until their line is synced.
 */
#include "deploy/history_disk_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "deploy/history_priv.h"
#include "deploy/state_disk_priv.h"

enum { SYNC_LINES = 32 }; /* history lines between two syncs */

/* All lines or none: a part of a line is taken back. */
static int append_bytes(int fd, struct slice lines, char words[STATE_FILE_WORDS], const char *path)
{
    struct stat status;
    int err = 0;

    if (fstat(fd, &status) != 0)
        return state_disk_fail(words, "look at", path);
    if (state_disk_write_all(&state_io_system, fd, lines) == 0)
        return 0;
    err = state_disk_fail(words, "write", path);
    if (ftruncate(fd, status.st_size) != 0)
        snprintf(words, STATE_FILE_WORDS, "cannot take back a part of a line of %.200s", path);
    return err;
}

static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL ? mem_text_of(path, (size_t)(slash - path) + 1) : mem_text(".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;

    if (fd >= 0)
        close(fd);
    free(folder);
    return failed ? -1 : 0;
}

static bool is_grown(const struct history_disk *disk, int fd, uint64_t bytes_max)
{
    struct stat status;

    return bytes_max > 0 && disk->lines >= HISTORY_RING && fstat(fd, &status) == 0 &&
           (uint64_t)status.st_size >= bytes_max;
}

/* What is in the file is on disk before it gets its other name: the state need not keep it any longer. */
static bool put_aside(struct history_disk *disk, int fd)
{
    char *old = mem_format("%s" HISTORY_OLD, disk->path);
    bool is_done = fdatasync(fd) == 0 && rename(disk->path, old) == 0;

    if (is_done) {
        disk->unsynced = 0;
        disk->synced = disk->last;
        disk->lines = 0;
        disk->is_new = true;
    } else {
        LOG_WARN("history_not_put_aside", "path=\"%s\" why=\"%s\"", disk->path, strerror(errno));
    }
    free(old);
    return is_done;
}

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

static void sync_file(struct history_disk *disk, int fd)
{
    if (disk->unsynced < SYNC_LINES && !disk->is_new)
        return;
    if (fdatasync(fd) != 0 || (disk->is_new && sync_folder(disk->path) != 0))
        return; /* the state keeps the entries; tried again with the next line */
    disk->unsynced = 0;
    disk->synced = disk->last;
    disk->is_new = false;
}

int history_disk_append(struct history_disk *disk, const struct history_lines *lines,
                        char words[STATE_FILE_WORDS])
{
    int fd = open_file(disk->path);
    int err = 0;

    if (fd >= 0 && is_grown(disk, fd, lines->bytes_max) && put_aside(disk, fd)) {
        close(fd);
        fd = open_file(disk->path);
    }
    if (fd < 0)
        return state_disk_fail(words, "open", disk->path);
    err = append_bytes(fd, lines->bytes, words, disk->path);
    if (err == 0) {
        disk->unsynced += lines->count;
        disk->lines += lines->count;
        disk->last = lines->sequence;
        sync_file(disk, fd);
    }
    close(fd);
    return err;
}
