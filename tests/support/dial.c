/* Sockets by written address: see support/dial.h. */
#include "support/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool dial_parse(const char *text, struct dial_address *out)
{
    const char *colon = strrchr(text, ':');
    char host[64];

    *out = (struct dial_address){ 0 };
    if (strncmp(text, "unix:", 5) == 0) {
        out->sa.un.sun_family = AF_UNIX;
        snprintf(out->sa.un.sun_path, sizeof out->sa.un.sun_path, "%s", text + 5);
        out->len = sizeof out->sa.un;
        return true;
    }
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        return false;
    if (text[0] == '[') {
        snprintf(host, sizeof host, "%.*s", (int)(colon - text - 2), text + 1);
        out->sa.in6.sin6_family = AF_INET6;
        out->sa.in6.sin6_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
        out->len = sizeof out->sa.in6;
        return inet_pton(AF_INET6, host, &out->sa.in6.sin6_addr) == 1;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    out->sa.in.sin_family = AF_INET;
    out->sa.in.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    out->len = sizeof out->sa.in;
    return inet_pton(AF_INET, host, &out->sa.in.sin_addr) == 1;
}

void dial_format(const struct dial_address *address, char *out)
{
    char host[64] = "";

    switch (address->sa.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address->sa.in.sin_addr, host, sizeof host);
        snprintf(out, DIAL_TEXT, "%s:%u", host, ntohs(address->sa.in.sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &address->sa.in6.sin6_addr, host, sizeof host);
        snprintf(out, DIAL_TEXT, "[%s]:%u", host, ntohs(address->sa.in6.sin6_port));
        break;
    default: snprintf(out, DIAL_TEXT, "unix:%s", address->sa.un.sun_path); break;
    }
}

int dial_connect(const char *address)
{
    struct dial_address where;
    int fd = -1;

    if (!dial_parse(address, &where)) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(where.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, &where.sa.any, where.len) < 0) {
        int kept = errno;

        close(fd);
        errno = kept;
        return -1;
    }
    return fd;
}

int dial_listen(const char *address, int backlog, char *bound)
{
    struct dial_address where;
    int on = 1;
    int fd = -1;

    if (!dial_parse(address, &where))
        return -1;
    fd = socket(where.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where.sa.any.sa_family == AF_UNIX)
        unlink(where.sa.un.sun_path);
    if (bind(fd, &where.sa.any, where.len) < 0 || listen(fd, backlog) < 0) {
        close(fd);
        return -1;
    }
    where.len = sizeof where.sa;
    if (where.sa.any.sa_family != AF_UNIX && getsockname(fd, &where.sa.any, &where.len) < 0) {
        close(fd);
        return -1;
    }
    dial_format(&where, bound);
    return fd;
}
