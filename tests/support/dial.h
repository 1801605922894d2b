/* Sockets by their written address, "127.0.0.1:80", "[::1]:80", "unix:/path", for tests. Any thread. */
#ifndef SUPPORT_DIAL_H
#define SUPPORT_DIAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct dial_address {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } sa;
};

enum { DIAL_TEXT = 160 };

bool dial_parse(const char *text, struct dial_address *out);
void dial_format(const struct dial_address *address, char *out); /* DIAL_TEXT bytes */

/* A connected blocking descriptor, or -1. */
int dial_connect(const char *address);

/* A listening descriptor and where it listens (port 0 was replaced; DIAL_TEXT bytes), or -1. */
int dial_listen(const char *address, int backlog, char *bound);

#endif
