/* See pins_disk_priv.h. */
#include "deploy/pins_disk_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/pins_log_priv.h"
#include "deploy/state_disk_priv.h"
#include "deploy/tenant_table_priv.h"

enum { PIECE_BYTES = 256 * 1024, LINES_LIMIT = 1024 * 1024 * 1024 };

struct pins_write *pins_write_new(struct tenant_scope *scope, const char *file)
{
    struct pins_write *write = mem_zalloc(sizeof *write);

    write->scope = scope;
    CHECK(slice_copy(slice_from(file), write->file, sizeof write->file));
    text_init(&write->lines, LINES_LIMIT);
    return write;
}

void pins_write_free(struct pins_write *write)
{
    if (write == NULL)
        return;
    text_fini(&write->lines);
    free(write);
}

void pins_writes_fini(struct pins_writes *writes)
{
    struct pins_write *write = NULL;

    while ((write = STAILQ_FIRST(writes)) != NULL) {
        STAILQ_REMOVE_HEAD(writes, link);
        pins_write_free(write);
    }
}

static char *path_of(const struct state_file *file, const char *name)
{
    return mem_format("%s/%s", file->folder, name);
}

static int write_all_at(const struct state_io *io, int fd, struct slice bytes, uint64_t at)
{
    while (bytes.len > 0) {
        ssize_t count = io->pwrite(fd, bytes.ptr, bytes.len, (off_t)at);

        if (count < 0 && errno == EINTR)
            continue;
        if (count == 0)
            errno = ENOSPC;
        if (count <= 0)
            return -1;
        at += (uint64_t)count;
        bytes = slice_of(bytes.ptr + count, bytes.len - (size_t)count);
    }
    return 0;
}

/* Head, first part and lines. The head comes last: it says what the first part turned out to be. */
static int fill_new(const struct state_io *io, int fd, struct pins_write *write)
{
    struct tenant_walk walk = { 0 };
    struct text piece;
    char head[PINS_LOG_HEAD + 1];
    int err = 0;

    text_init(&piece, 2 * (size_t)PIECE_BYTES);
    write->first = (struct pins_stretch){ 0 };
    pins_log_head(&write->first, head);
    text_add(&piece, head);
    while (err == 0 && write->table != NULL && tenant_table_next(write->table, &walk)) {
        pins_log_add(&piece, &write->first, walk.op, walk.tenant, walk.slot);
        if (piece.len < PIECE_BYTES)
            continue;
        err = state_disk_write_all(io, fd, text_slice(&piece));
        text_clear(&piece);
    }
    if (err == 0)
        err = state_disk_write_all(io, fd, text_slice(&piece));
    text_fini(&piece);
    pins_log_head(&write->first, head);
    if (err == 0)
        err = write_all_at(io, fd, slice_of(head, PINS_LOG_HEAD), 0);
    return err == 0 ? state_disk_write_all(io, fd, text_slice(&write->lines)) : err;
}

static int write_new(const struct state_io *io, const char *path, struct pins_write *write,
                     char words[STATE_FILE_WORDS])
{
    int err = 0;
    int fd = -1;

    if (io->unlink(path) != 0 && errno != ENOENT)
        return state_disk_fail(words, "remove", path);
    fd = io->open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return state_disk_fail(words, "make", path);
    if (fill_new(io, fd, write) != 0)
        err = state_disk_fail(words, "write", path);
    else if (io->fsync(fd) != 0)
        err = state_disk_fail(words, "sync", path);
    if (io->close(fd) != 0 && err == 0)
        err = state_disk_fail(words, "close", path);
    return err;
}

/* What lies behind `at` never counted and is written over. */
static int append(const struct state_io *io, int fd, const char *path, struct pins_write *write,
                  char words[STATE_FILE_WORDS])
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return state_disk_fail(words, "look at", path);
    if ((uint64_t)status.st_size < write->at) {
        write->is_spoilt = true;
        snprintf(words, STATE_FILE_WORDS,
                 "%.200s became shorter; the next change writes the pins anew", path);
        return ERR_CORRUPT;
    }
    if (write_all_at(io, fd, text_slice(&write->lines), write->at) != 0)
        return state_disk_fail(words, "write", path);
    if (io->fdatasync(fd) == 0)
        return 0;
    write->is_spoilt = true;
    return state_disk_fail(words, "sync", path);
}

static int write_more(const struct state_io *io, const char *path, struct pins_write *write,
                      char words[STATE_FILE_WORDS])
{
    int fd = io->open(path, O_WRONLY | O_CLOEXEC, 0);
    int err = 0;

    if (fd < 0) {
        write->is_spoilt = errno == ENOENT;
        return state_disk_fail(words, "open", path);
    }
    err = append(io, fd, path, write, words);
    if (io->close(fd) != 0 && err == 0) {
        write->is_spoilt = true;
        err = state_disk_fail(words, "close", path);
    }
    return err;
}

int pins_disk_write(struct state_file *file, struct pins_writes *writes,
                    char words[STATE_FILE_WORDS])
{
    struct pins_write *write = NULL;
    bool has_new = false;
    int err = 0;

    STAILQ_FOREACH(write, writes, link)
    {
        char *path = path_of(file, write->file);

        has_new = has_new || write->is_new;
        err = text_is_cut(&write->lines)
                  ? ERR_FULL
                  : (write->is_new ? write_new : write_more)(file->io, path, write, words);
        free(path);
        if (err != 0)
            return err;
    }
    if (has_new && file->io->fsync(file->folder_fd) != 0)
        return state_disk_fail(words, "sync the state folder", file->folder);
    return 0;
}

static bool has_name(struct slice names, const char *name)
{
    struct slice one;

    while (slice_next(&names, '\n', &one))
        if (slice_is_equal(one, slice_from(name)))
            return true;
    return false;
}

static void set_names(struct text *to, struct slice names)
{
    text_clear(to);
    text_add_slice(to, names);
}

static void know(struct pins_files *files, const char *name)
{
    files->known = mem_grow(files->known, files->count + 1, sizeof *files->known);
    files->known[files->count++] = mem_text(name);
}

/* What cannot be removed now is tried again with the next state. */
static void sweep(struct state_file *file)
{
    struct pins_files *files = &file->pins;
    size_t kept = 0;

    files->is_clean = true;
    for (size_t i = 0; i < files->count; i++) {
        char *name = files->known[i];
        char *path = NULL;
        bool is_gone = false;

        files->known[kept++] = name;
        if (has_name(text_slice(&files->main), name) || has_name(text_slice(&files->prev), name))
            continue;
        path = path_of(file, name);
        is_gone = file->io->unlink(path) == 0 || errno == ENOENT;
        free(path);
        files->is_clean = files->is_clean && is_gone;
        if (!is_gone)
            continue;
        free(name);
        kept--;
    }
    files->count = kept;
}

static void settle_written(struct state_file *file, struct slice names)
{
    struct pins_files *files = &file->pins;
    bool is_same = slice_is_equal(text_slice(&files->main), names);

    switch (file->prev_fate) {
    case PREV_UNTOUCHED: break;
    case PREV_GONE: text_clear(&files->prev); break;
    case PREV_RENEWED:
        is_same = is_same && slice_is_equal(text_slice(&files->prev), text_slice(&files->main));
        set_names(&files->prev, text_slice(&files->main));
        break;
    }
    set_names(&files->main, names);
    if (!is_same || !files->is_clean)
        sweep(file);
}

void pins_disk_settle(struct state_file *file, struct pins_writes *writes, struct slice names,
                      int err, bool unsure)
{
    struct pins_write *write = NULL;

    STAILQ_FOREACH(write, writes, link)
    {
        if (!write->is_new)
            continue;
        know(&file->pins, write->file);
        file->pins.is_clean = false;
    }
    if (err == 0)
        settle_written(file, names);
    else if (unsure) /* whichever of the two is on disk, its files stay */
        text_add_slice(&file->pins.main, names);
    else if (!file->pins.is_clean)
        sweep(file);
}

/* All of the file; the caller frees *bytes. */
static int read_file(int fd, const char *path, char **bytes, size_t *size,
                     char words[STATE_FILE_WORDS])
{
    struct stat status;

    *bytes = NULL;
    if (fstat(fd, &status) != 0)
        return state_disk_fail(words, "look at", path);
    if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > PINS_LOG_BYTES_MAX) {
        snprintf(words, STATE_FILE_WORDS, "%.200s: it is no regular file, or too long", path);
        return ERR_CORRUPT;
    }
    *size = (size_t)status.st_size;
    *bytes = mem_zalloc(*size + 1);
    return state_disk_read_all(fd, *size, *bytes) == 0 ? 0 : state_disk_fail(words, "read", path);
}

/* Where that cannot be done, it is written over later. */
static void cut_off(int fd, uint64_t size)
{
    if (ftruncate(fd, (off_t)size) != 0)
        return;
}

static int open_to_read(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 && (errno == EROFS || errno == EACCES))
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd;
}

int pins_disk_read(struct state_file *file, const struct state_pins *pins,
                   struct tenant_table *table, struct pins_stretch *first,
                   char words[STATE_FILE_WORDS])
{
    char *path = path_of(file, pins->file);
    char *bytes = NULL;
    size_t size = 0;
    const char *why = NULL;
    int fd = open_to_read(path);
    int err =
        fd < 0 ? state_disk_fail(words, "open", path) : read_file(fd, path, &bytes, &size, words);

    if (err == 0) {
        err = pins_log_read(slice_of(bytes, size), &pins->added, table, first, &why);
        if (err != 0)
            snprintf(words, STATE_FILE_WORDS, "%.180s: %.100s", path, why);
        else
            cut_off(fd, PINS_LOG_HEAD + first->bytes + pins->added.bytes);
    }
    if (fd >= 0)
        close(fd);
    free(bytes);
    free(path);
    return err;
}

uint64_t pins_disk_scan(struct state_file *file, bool is_sweeping)
{
    DIR *folder = opendir(file->folder);
    const struct dirent *entry = NULL;
    uint64_t highest = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        uint64_t number = pins_log_number(entry->d_name);

        if (number > highest)
            highest = number;
        if (number > 0 && is_sweeping)
            know(&file->pins, entry->d_name);
    }
    if (folder != NULL)
        closedir(folder);
    file->pins.is_clean = file->pins.count == 0;
    return highest;
}

void pins_disk_names(const struct decisions *decisions, struct text *out)
{
    const char *last = "";

    for (size_t i = 0; i < decisions->service_count; i++) {
        const char *name = decisions->services[i]->pins.file;

        if (name[0] == '\0' || strcmp(name, last) == 0)
            continue;
        text_add(out, name);
        text_add(out, "\n");
        last = name;
    }
}
