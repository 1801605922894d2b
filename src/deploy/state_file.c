/*
 * The write protocol of state.json; see state_file_priv.h. Loading is in state_load.c, the reserve files in
 * state_reserve.c. Runs on the writer's thread.
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
#include "deploy/state_disk_priv.h"

enum { NAMES_LIMIT = 64 * 1024 * 1024 };

static int open_file(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

const struct state_io state_io_system = {
    .open = open_file,
    .write = write,
    .pwrite = pwrite,
    .fsync = fsync,
    .fdatasync = fdatasync,
    .close = close,
    .link = link,
    .rename = rename,
    .unlink = unlink,
};

int state_disk_fail(char words[STATE_FILE_WORDS], const char *what, const char *path)
{
    int error_number = errno;

    snprintf(words, STATE_FILE_WORDS, "cannot %s %.200s: %s", what, path, strerror(error_number));
    errno = error_number;
    return error_number == EROFS ? ERR_DENIED : err_from_errno(error_number);
}

/* The folder with the parents that are missing. */
static int make_folder(const char *folder)
{
    char *path = mem_text(folder);
    int err = 0;

    for (char *at = path + 1; err == 0 && *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            err = -1;
        *at = '/';
    }
    if (err == 0 && mkdir(path, 0750) != 0 && errno != EEXIST)
        err = -1;
    free(path);
    return err;
}

int state_file_new(const char *folder, const struct state_io *io, struct state_file **out,
                   char words[STATE_FILE_WORDS])
{
    struct state_file *file = NULL;
    int fd = -1;

    words[0] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        if (make_folder(folder) != 0)
            return state_disk_fail(words, "make the state folder", folder);
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0)
        return state_disk_fail(words, "open the state folder", folder);
    file = mem_zalloc(sizeof *file);
    file->io = io != NULL ? io : &state_io_system;
    file->folder_fd = fd;
    file->folder = mem_text(folder);
    text_init(&file->pins.main, NAMES_LIMIT);
    text_init(&file->pins.prev, NAMES_LIMIT);
    file->main = mem_format("%s/state.json", folder);
    file->prev = mem_format("%s/state.json.prev", folder);
    file->fresh = mem_format("%s/state.json.tmp", folder);
    file->damaged = mem_format("%s/state.json.damaged", folder);
    for (int i = 0; i < RESERVES; i++) {
        file->reserves[i].path = mem_format("%s/state.json.reserve-%c", folder, 'a' + i);
        file->reserves[i].fd = -1;
    }
    *out = file;
    return 0;
}

void state_file_free(struct state_file *file)
{
    if (file == NULL)
        return;
    for (int i = 0; i < RESERVES; i++) {
        if (file->reserves[i].fd >= 0)
            close(file->reserves[i].fd);
        free(file->reserves[i].path);
    }
    for (size_t i = 0; i < file->pins.count; i++)
        free(file->pins.known[i]);
    free(file->pins.known);
    text_fini(&file->pins.main);
    text_fini(&file->pins.prev);
    close(file->folder_fd);
    free(file->folder);
    free(file->main);
    free(file->prev);
    free(file->fresh);
    free(file->damaged);
    free(file);
}

uint64_t state_file_generation(const struct state_file *file)
{
    return file->generation;
}

int state_disk_write_all(const struct state_io *io, int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t count = io->write(fd, bytes.ptr, bytes.len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count == 0)
            errno = ENOSPC;
        if (count <= 0)
            return -1;
        bytes = slice_of(bytes.ptr + count, bytes.len - (size_t)count);
    }
    return 0;
}

/* A new file with these bytes on disk, under the temporary name. */
int state_disk_write_fresh(struct state_file *file, struct slice bytes,
                           char words[STATE_FILE_WORDS])
{
    const struct state_io *io = file->io;
    int err = 0;
    int fd = -1;

    if (io->unlink(file->fresh) != 0 && errno != ENOENT)
        return state_disk_fail(words, "remove", file->fresh);
    fd = io->open(file->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return state_disk_fail(words, "make", file->fresh);
    if (state_disk_write_all(io, fd, bytes) != 0)
        err = state_disk_fail(words, "write", file->fresh);
    else if (io->fsync(fd) != 0)
        err = state_disk_fail(words, "sync", file->fresh);
    if (io->close(fd) != 0 && err == 0)
        err = state_disk_fail(words, "close", file->fresh);
    if (err != 0)
        (void)io->unlink(file->fresh);
    return err;
}

/* Filesystems without hard links have no .prev; that alone fails nothing. */
static bool is_link_unsupported(int error_number)
{
    return error_number == EPERM || error_number == EOPNOTSUPP || error_number == ENOSYS ||
           error_number == EMLINK;
}

/* The present state.json under its second name: .prev, or .damaged when it was not whole. */
static int keep_old(struct state_file *file, bool *has_prev, char words[STATE_FILE_WORDS])
{
    const struct state_io *io = file->io;

    *has_prev = false;
    file->prev_fate = PREV_UNTOUCHED;
    if (file->is_main_damaged) {
        if (io->rename(file->main, file->damaged) != 0 && errno != ENOENT)
            return state_disk_fail(words, "set aside", file->main);
        return 0;
    }
    if (!file->has_main)
        return 0;
    if (io->unlink(file->prev) != 0 && errno != ENOENT)
        return state_disk_fail(words, "remove", file->prev);
    file->prev_fate = PREV_GONE;
    if (io->link(file->main, file->prev) == 0) {
        file->prev_fate = PREV_RENEWED;
        *has_prev = true;
        return 0;
    }
    /* Somebody took state.json away: nothing to keep. */
    if (errno == ENOENT || is_link_unsupported(errno))
        return 0;
    return state_disk_fail(words, "keep the old state as", file->prev);
}

/* After the rename, before the folder is synced: back to the old state. */
static bool undo_rename(struct state_file *file, bool has_prev)
{
    const struct state_io *io = file->io;

    if (has_prev)
        return io->rename(file->prev, file->main) == 0 && io->fsync(file->folder_fd) == 0;
    if (file->has_main || file->is_main_damaged)
        return false; /* the old one is gone */
    return io->unlink(file->main) == 0 && io->fsync(file->folder_fd) == 0;
}

int state_file_write(struct state_file *file, uint64_t generation, struct slice bytes, bool *unsure,
                     char words[STATE_FILE_WORDS])
{
    bool has_prev = false;
    int err = 0;

    CHECK(generation > file->generation);
    file->generation = generation;
    *unsure = false;
    err = state_disk_write_fresh(file, bytes, words);
    if (err == 0) {
        err = keep_old(file, &has_prev, words);
        if (err != 0)
            (void)file->io->unlink(file->fresh);
    }
    if (err != 0)
        return err;
    if (file->io->rename(file->fresh, file->main) != 0) {
        err = state_disk_fail(words, "rename into place", file->main);
        (void)file->io->unlink(file->fresh);
        return err;
    }
    if (file->io->fsync(file->folder_fd) != 0) {
        err = state_disk_fail(words, "sync the folder of", file->main);
        *unsure = !undo_rename(file, has_prev);
        return err;
    }
    file->has_main = true;
    file->is_main_damaged = false;
    return 0;
}
