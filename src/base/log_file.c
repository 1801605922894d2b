/* Appending to a file that may fail at any time: see base/log_file_priv.h. */
#include "base/log_file_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

enum { FILE_MODE = 0640, FOLDER_MODE = 0755 };

/* One writing thread, so no read-modify-write is needed. */
static void add_count(_Atomic uint64_t *count, uint64_t more)
{
    uint64_t now = atomic_load_explicit(count, memory_order_relaxed);

    atomic_store_explicit(count, now + more, memory_order_relaxed);
}

static size_t count_lines(const char *bytes, size_t count)
{
    const char *end = bytes + count;
    size_t lines = 0;

    while (bytes < end) {
        const char *found = memchr(bytes, '\n', (size_t)(end - bytes));

        if (found == NULL)
            break;
        lines++;
        bytes = found + 1;
    }
    return lines;
}

/* O_NONBLOCK does nothing to a regular file; it keeps a pipe without a reader from holding us. */
static int open_path(const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = open(path, flags, FILE_MODE);
    const char *slash = strrchr(path, '/');
    char *folder = NULL;
    int made = 0;

    if (fd >= 0 || errno != ENOENT || slash == NULL || slash == path)
        return fd;
    folder = mem_text_of(path, (size_t)(slash - path));
    made = mkdir(folder, FOLDER_MODE);
    free(folder);
    return made == 0 || errno == EEXIST ? open(path, flags, FILE_MODE) : -1;
}

static void close_fd(struct log_file *file)
{
    if (file->fd >= 0 && file->fd != STDERR_FILENO)
        close(file->fd);
    file->fd = -1;
}

bool log_file_is_off(const struct log_file *file)
{
    return file->path != NULL && file->path[0] == '\0';
}

int log_file_init(struct log_file *file, const char *path)
{
    *file = (struct log_file){ .fd = path == NULL ? STDERR_FILENO : -1 };
    if (path != NULL && path[0] != '\0') {
        file->fd = open_path(path);
        if (file->fd < 0)
            return ERR_IO;
    }
    file->path = mem_text(path);
    text_init(&file->batch, 2 * (size_t)LOG_FILE_BATCH_BYTES);
    return ERR_OK;
}

void log_file_fini(struct log_file *file)
{
    close_fd(file);
    text_fini(&file->batch);
    free(file->path);
    file->path = NULL;
}

static void note_failure(struct log_file *file, int error, uint64_t now_us)
{
    file->error = error;
    file->is_stale = true;
    file->open_again_us = now_us + LOG_FILE_RETRY_US;
    add_count(&file->errors, 1);
}

static bool has_name(int fd)
{
    struct stat st;

    return fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink > 0;
}

static bool is_empty(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

/* The old file stays in use when the new one cannot be had, unless nobody could ever read it. */
static void open_again(struct log_file *file, uint64_t now_us)
{
    int fd = file->path == NULL ? STDERR_FILENO : -1;

    if (file->path != NULL && !log_file_is_off(file)) {
        fd = open_path(file->path);
        if (fd < 0) {
            note_failure(file, errno, now_us);
            if (file->fd >= 0 && !has_name(file->fd))
                close_fd(file);
            return;
        }
    }
    close_fd(file);
    file->fd = fd;
    file->error = 0;
    file->is_torn = file->is_torn && !is_empty(fd);
    file->is_stale = false;
    file->look_us = now_us + LOG_FILE_RETRY_US;
}

/* A file without a name takes lines for as long as we like, and they are lost all the same. */
static void look_for_name(struct log_file *file, uint64_t now_us)
{
    if (file->path == NULL || file->fd < 0 || file->batch.len == 0 || now_us < file->look_us)
        return;
    file->look_us = now_us + LOG_FILE_RETRY_US;
    if (!has_name(file->fd))
        file->is_stale = true;
}

/* Waits for a slow reader of a pipe, but not for a dead one. */
static bool wait_writable(int fd)
{
    struct pollfd fds = { .fd = fd, .events = POLLOUT };

    return poll(&fds, 1, LOG_FILE_PATIENCE_MS) == 1;
}

/* One write; 0 where nothing could be written (errno tells). Standard error may be a blocking pipe:
 * no more at once than what poll has promised. */
static size_t write_some(const struct log_file *file, const char *bytes, size_t count)
{
    size_t most = file->path == NULL && count > PIPE_BUF ? PIPE_BUF : count;

    for (;;) {
        ssize_t done = 0;

        if (file->path == NULL && !wait_writable(file->fd)) {
            errno = EAGAIN;
            return 0;
        }
        done = write(file->fd, bytes, most);
        if (done > 0)
            return (size_t)done;
        if (done == 0)
            errno = EIO;
        else if (errno == EINTR || (errno == EAGAIN && wait_writable(file->fd)))
            continue;
        return 0;
    }
}

/* How much of the bytes was written; less than all is a failure (errno tells). */
static size_t write_all(const struct log_file *file, const char *bytes, size_t count)
{
    size_t done = 0;

    while (done < count) {
        size_t some = write_some(file, bytes + done, count - done);

        if (some == 0)
            break;
        done += some;
    }
    return done;
}

/* Writes the batch; a half-written line is closed by a line feed before the next one. */
static void write_batch(struct log_file *file, uint64_t now_us)
{
    const char *bytes = file->batch.bytes;
    size_t count = file->batch.len;
    size_t done = 0;
    size_t lines = 0;

    if (file->is_torn && write_all(file, "\n", 1) == 1)
        file->is_torn = false;
    if (!file->is_torn)
        done = write_all(file, bytes, count);
    lines = count_lines(bytes, done);
    add_count(&file->lines, lines);
    if (done == count)
        return;
    note_failure(file, errno, now_us);
    file->write_again_us = file->open_again_us;
    file->is_torn = file->is_torn || (done > 0 && bytes[done - 1] != '\n');
    add_count(&file->dropped, count_lines(bytes, count) - lines);
}

void log_file_flush(struct log_file *file, uint64_t now_us)
{
    look_for_name(file, now_us);
    if (file->is_stale && now_us >= file->open_again_us)
        open_again(file, now_us);
    if (file->batch.len > 0 && file->fd >= 0 && now_us >= file->write_again_us)
        write_batch(file, now_us);
    else if (file->batch.len > 0 && !log_file_is_off(file))
        add_count(&file->dropped, count_lines(file->batch.bytes, file->batch.len));
    text_clear(&file->batch);
}

void log_file_end_line(struct log_file *file, size_t before, uint64_t now_us)
{
    if (text_is_cut(&file->batch)) {
        file->batch.len = before;
        file->batch.bytes[before] = '\0';
        file->batch.cut = false;
        add_count(&file->dropped, 1);
    }
    if (file->batch.len >= LOG_FILE_BATCH_BYTES)
        log_file_flush(file, now_us);
}

void log_file_reopen(struct log_file *file)
{
    file->is_stale = true;
    file->open_again_us = 0;
    file->write_again_us = 0;
}

void log_file_move(struct log_file *file, const char *path)
{
    free(file->path);
    file->path = mem_text(path);
    log_file_reopen(file);
}
