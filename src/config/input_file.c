/* Reading bounded regular files: see input_file_priv.h. */
#include "config/input_file_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

int input_file_open(const char *path, uint64_t bytes_max, struct stat *st, struct text *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, st) != 0)
        text_add_format(why, "cannot read '%s': %s", path, strerror(errno));
    else if (S_ISDIR(st->st_mode))
        text_add_format(why, "'%s' is a folder; name a file in it", path);
    else if (!S_ISREG(st->st_mode))
        text_add_format(why, "'%s' is not a regular file", path);
    else if ((uint64_t)st->st_size > bytes_max)
        text_add_format(why, "'%s' is too large; %llu bytes are allowed here", path,
                        (unsigned long long)bytes_max);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

char *input_file_read(int fd, size_t size, size_t *len)
{
    char *bytes = mem_alloc(size + 1);
    size_t have = 0;

    while (have < size) {
        ssize_t got = read(fd, bytes + have, size - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    bytes[have] = '\0';
    *len = have;
    return bytes;
}
