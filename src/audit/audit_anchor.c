/* See audit_anchor_priv.h. */
#include "audit/audit_anchor_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

enum { ANCHOR_BYTES = 1024 * 1024 };

static int fail(char words[AUDIT_FILES_WORDS], const char *what, const char *path)
{
    int error_number = errno;

    snprintf(words, AUDIT_FILES_WORDS, "cannot %s the anchor file %.200s: %s", what, path,
             strerror(error_number));
    return err_from_errno(error_number);
}

static void put_aside(const char *path)
{
    struct stat status;
    char *old = NULL;

    if (stat(path, &status) != 0 || status.st_size < ANCHOR_BYTES)
        return;
    old = mem_format("%s.1", path);
    (void)rename(path, old); /* else it goes on growing */
    free(old);
}

/* What a crash left of a line is cut off. */
static int trim(int fd, uint64_t *size)
{
    char last[256];
    struct stat status;
    ssize_t got = 0;
    off_t from = 0;

    if (fstat(fd, &status) != 0)
        return -1;
    *size = (uint64_t)status.st_size;
    from = status.st_size > (off_t)sizeof last ? status.st_size - (off_t)sizeof last : 0;
    got = pread(fd, last, sizeof last, from);
    if (got < 0)
        return -1;
    while (got > 0 && last[got - 1] != '\n')
        got--;
    if ((uint64_t)from + (uint64_t)got == *size)
        return 0;
    *size = (uint64_t)from + (uint64_t)got;
    return ftruncate(fd, (off_t)*size);
}

static int append(int fd, const char *line, size_t len)
{
    uint64_t size = 0;

    if (trim(fd, &size) != 0)
        return -1;
    if (write(fd, line, len) == (ssize_t)len && fdatasync(fd) == 0)
        return 0;
    if (ftruncate(fd, (off_t)size) != 0)
        errno = EIO; /* the next one trims it */
    return -1;
}

int audit_anchor_put(const char *path, const struct audit_mark *mark, char words[AUDIT_FILES_WORDS])
{
    char stamp[CLOCK_STAMP_SIZE];
    char hex[65];
    char *line = NULL;
    int fd = -1;
    int err = 0;

    put_aside(path);
    fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return fail(words, "open", path);
    audit_record_hex(mark->hash, hex);
    clock_stamp(clock_wall_us(), stamp);
    line = mem_format("%" PRIu64 " %s %s\n", mark->seq, hex, stamp);
    if (append(fd, line, strlen(line)) != 0)
        err = fail(words, "write", path);
    free(line);
    close(fd);
    return err;
}
