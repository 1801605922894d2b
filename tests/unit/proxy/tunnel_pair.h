/* Both ends of a tunnel, for tests of a front (front.h). */
#ifndef PROXY_TUNNEL_PAIR_H
#define PROXY_TUNNEL_PAIR_H

#include <stddef.h>

struct front;

struct pair {
    int client;
    int server;
};

/* A request that offers `protocol` to a new connection of the target, which agrees. */
struct pair pair_open(struct front *front, const char *protocol);

/* A frame with `code` as a Close comes next, masked or not. */
void pair_take_close(int fd, unsigned code, int is_masked);

/* The other side ends, after whatever it sends before; closes. */
void pair_drain(int fd);

#endif
