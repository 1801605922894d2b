/* See post_place_priv.h. */
#include "control/post_place_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

static char *path_of(const char *folder, const char *ending)
{
    return mem_format("%s/told%s", folder, ending);
}

int post_place_read(const char *folder, uint64_t *sequence)
{
    char *path = path_of(folder, "");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char digits[32];
    ssize_t len = fd >= 0 ? read(fd, digits, sizeof digits) : -1;

    free(path);
    if (fd >= 0)
        close(fd);
    if (len < 2 || len == (ssize_t)sizeof digits || digits[len - 1] != '\n' ||
        num_parse_u64(slice_of(digits, (size_t)len - 1), UINT64_MAX - 1, sequence) != 0)
        return ERR_NOT_FOUND;
    return ERR_OK;
}

int post_place_write(const char *folder, uint64_t sequence)
{
    char *path = path_of(folder, "");
    char *next = path_of(folder, ".next");
    char digits[32];
    size_t len = num_format_u64(sequence, digits);
    int err = ERR_OK;
    int fd = -1;

    digits[len++] = '\n';
    (void)mkdir(folder, 0700); /* the next line says what is wrong */
    fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write(fd, digits, len) != (ssize_t)len || fdatasync(fd) != 0 ||
        rename(next, path) != 0)
        err = ERR_IO;
    if (fd >= 0)
        close(fd);
    free(path);
    free(next);
    return err;
}

void post_place_remove(const char *folder)
{
    char *path = path_of(folder, "");

    (void)unlink(path); /* it may not be there */
    free(path);
}
