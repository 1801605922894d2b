/* See tunnel_pair.h. */
#include "tunnel_pair.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front.h"

struct pair pair_open(struct front *front, const char *protocol)
{
    struct pair pair = { front_dial(front), -1 };
    char head[4096];

    snprintf(head, sizeof head,
             "GET /t HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: %s\r\n\r\n",
             protocol);
    peer_send(pair.client, head);
    pair.server = front_accept(front, 0);
    peer_request(pair.server, "GET /t HTTP/1.1");
    snprintf(head, sizeof head,
             "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: %s\r\n\r\n",
             protocol);
    peer_send(pair.server, head);
    peer_head(pair.client, head, sizeof head);
    cr_assert(strncmp(head, "HTTP/1.1 101 ", 13) == 0, "%s", head);
    return pair;
}

static void take(int fd, unsigned char *out, size_t size)
{
    while (size > 0) {
        ssize_t count = recv(fd, out, size, 0);

        cr_assert(count > 0, "ended before a Close");
        out += count;
        size -= (size_t)count;
    }
}

void pair_take_close(int fd, unsigned code, int is_masked)
{
    unsigned char head[2];
    unsigned char mask[4] = { 0, 0, 0, 0 };
    unsigned char payload[125];
    size_t size = 0;

    take(fd, head, sizeof head);
    size = head[1] & 0x7fu;
    cr_assert_eq(head[0], 0x88);
    cr_assert_eq((head[1] & 0x80) != 0, is_masked);
    cr_assert(size >= 2 && size <= sizeof payload);
    if (is_masked)
        take(fd, mask, sizeof mask);
    take(fd, payload, size);
    cr_assert_eq((unsigned)((payload[0] ^ mask[0]) << 8 | (payload[1] ^ mask[1])), code);
}

void pair_drain(int fd)
{
    char bytes[4096];
    ssize_t count = 1;

    while (count > 0)
        count = recv(fd, bytes, sizeof bytes, 0);
    cr_assert_eq(count, 0, "no end");
    close(fd);
}
