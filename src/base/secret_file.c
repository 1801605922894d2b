/* See base/secret_file.h. Called by whoever reads keys of tokens. */
#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

static void reserve(size_t len, struct secret *out)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    out->len = len;
    out->size = (len / page + 1) * page;
    out->bytes = mmap(NULL, out->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(out->bytes != MAP_FAILED);
    (void)madvise(out->bytes, out->size, MADV_DONTDUMP); /* without it they are no less good */
    (void)madvise(out->bytes, out->size, MADV_DONTFORK);
}

void secret_copy(const void *bytes, size_t len, struct secret *out)
{
    reserve(len, out);
    memcpy(out->bytes, bytes, len);
}

void secret_wipe(struct secret *secret)
{
    if (secret->bytes == NULL)
        return;
    explicit_bzero(secret->bytes, secret->size);
    munmap(secret->bytes, secret->size);
    *secret = (struct secret){ .bytes = NULL };
}

static int fail_errno(const char *path, char *words, size_t size)
{
    int err = err_from_errno(errno);

    snprintf(words, size, "%s cannot be read: %s", path, strerror(errno));
    return err;
}

static int check_file(const char *path, int fd, bool is_private, char *words, size_t size)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail_errno(path, words, size);
    if (!S_ISREG(st.st_mode) || st.st_size > SECRET_BYTES_MAX) {
        snprintf(words, size, "%s is no regular file of at most 64 KiB", path);
        return ERR_INVALID;
    }
    if (is_private && (st.st_mode & 027) != 0) {
        snprintf(words, size,
                 "%s holds a key and has mode %04o, so that others may %s it; chmod 600 it", path,
                 (unsigned)st.st_mode & 07777u, (st.st_mode & 022) != 0 ? "change" : "read");
        return ERR_DENIED;
    }
    return 0;
}

/* Until the end, or one byte more than may be there. */
static int read_all(int fd, struct secret *out)
{
    size_t have = 0;

    while (have <= SECRET_BYTES_MAX) {
        ssize_t got = read(fd, out->bytes + have, SECRET_BYTES_MAX + 1 - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    out->len = have;
    return 0;
}

int secret_file_read(const char *path, bool is_private, struct secret *out, char *words,
                     size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int err = 0;

    *out = (struct secret){ .bytes = NULL };
    if (fd < 0)
        return fail_errno(path, words, size);
    err = check_file(path, fd, is_private, words, size);
    if (err == 0) {
        reserve(SECRET_BYTES_MAX + 1, out);
        err = read_all(fd, out);
        if (err < 0)
            err = fail_errno(path, words, size);
    }
    close(fd);
    if (err == 0 && (out->len == 0 || out->len > SECRET_BYTES_MAX)) {
        snprintf(words, size, "%s %s", path,
                 out->len == 0 ? "is empty; put the key into it" : "has more than 64 KiB");
        err = ERR_INVALID;
    }
    if (err < 0)
        secret_wipe(out);
    else
        out->bytes[out->len] = '\0';
    return err;
}
