/*
 * activate NAME=ADDRESS... -- PROGRAM WORDS...: opens the sockets as a service manager does and becomes the program, with
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES set. A socket whose name is "datagram" is none that listens.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/mem.h"
#include "base/text.h"

enum { FIRST_FD = 3, FAILED = 125, BACKLOG = 64 };

static void open_one(int at, const char *name, const char *text)
{
    bool is_datagram = strcmp(name, "datagram") == 0;
    struct address address;
    int fd = -1;

    if (address_parse(slice_from(text), &address) == 0)
        fd = socket(address.sa.any.sa_family, is_datagram ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, &address.sa.any, address.len) != 0 ||
        (!is_datagram && listen(fd, BACKLOG) != 0)) {
        perror(text);
        exit(FAILED);
    }
    if (fd != FIRST_FD + at && dup2(fd, FIRST_FD + at) >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    struct text names;
    char number[32];
    int at = 1;

    text_init(&names, 65536);
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
        char *value = strchr(argv[at], '=');

        if (value == NULL)
            return FAILED;
        *value++ = '\0';
        open_one(at - 1, argv[at], value);
        text_add_format(&names, "%s%s", at > 1 ? ":" : "", argv[at]);
    }
    if (at + 1 >= argc)
        return FAILED;
    snprintf(number, sizeof number, "%d", at - 1);
    setenv("LISTEN_FDS", number, 1);
    snprintf(number, sizeof number, "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    setenv("LISTEN_FDNAMES", names.bytes != NULL ? names.bytes : "", 1);
    execvp(argv[at + 1], argv + at + 1);
    return FAILED;
}
