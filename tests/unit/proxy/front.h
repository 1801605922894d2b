/*
 * A real worker with one service, one slot and up to two targets, or two slots of one target each. Clients and app servers are plain sockets of
 * the test itself, which speaks for both in turn: what happens when is decided by the order of its calls.
 */
#ifndef PROXY_FRONT_H
#define PROXY_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "proxy/worker.h"
#include "route/service.h"

struct slot;
struct snapshot_service;

/* What most tests send. */
#define GET_LINE  "GET /a HTTP/1.1"
#define GET       GET_LINE "\r\nHost: a.test\r\n\r\n"
#define POST_LINE "POST /p HTTP/1.1"
#define PUT_LINE  "PUT /u HTTP/1.1"
#define FIELDS    "\r\nHost: a.test\r\n"
#define OK_2      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

enum { FRONT_TARGETS = 2 };

struct slot;
struct snapshot_service;

struct front_options {
    unsigned targets;                            /* 0: one */
    void (*tune)(struct policy *policy);         /* changes the policy first; may be NULL */
    void (*set)(struct worker_options *options); /* changes the worker's options; may be NULL */
    bool proxy_protocol;
    bool
        candidate; /* two slots: the second target is that of "green", the first that of "blue" (active) */
    uint32_t client_connections; /* 0: any number */
    void (*shape)(
        struct snapshot_service *service); /* changes the service of the picture; may be NULL */
    bool trusts;                           /* clients at 127.0.0.0/8 are trusted peers */
    int send_buffer;                       /* of sockets to clients; 0: as the kernel likes */
    int receive_buffer;                    /* of clients; likewise */
};

struct front;

struct front *front_start(const struct front_options *options);

/* Ends the worker and checks that nothing is left: cells, counts, sockets of its own. */
void front_stop(struct front *front);
struct worker *front_worker(struct front *front);
struct loop *front_control(struct front *front); /* where answers arrive */
struct target *front_target(struct front *front, unsigned index);
const struct worker_counts *front_counts(const struct front *front);

/* Evicts at the worker and waits for the answer. */
void front_evict(struct front *front, unsigned index, bool busy);

/* Warms the target and waits for the answer: how many connections wait in the pool. */
unsigned front_warm(struct front *front, unsigned index, unsigned count);

/* A picture without any target. */
void front_publish_empty(struct front *front);
void front_publish(struct front *front);

struct service *front_service(struct front *front);
struct slot *front_slot(struct front *front, unsigned index);

/* A client's connection; what the worker opens to a target. Both fail the test after five seconds. */
int front_dial(struct front *front);
int front_accept(struct front *front, unsigned index);
bool front_has_dialled(struct front *front, unsigned index); /* a connection waits to be accepted */

/* A client and its app server with one exchange behind them: the connection to the target is a kept one. */
void front_open_kept(struct front *front, int *client, int *server);

/* No further connection is finished: connecting to the target hangs, until front_stop. */
void front_hang(struct front *front, unsigned index);

/* No further connection is taken: closed, refused from now on. */
void front_refuse(struct front *front, unsigned index);

/* Waits until an atomic count is value. */
void front_await(const _Atomic uint64_t *count, uint64_t value);

/* One end of a connection. They fail the test when it does not come so in five seconds. */
void peer_send(int fd, const char *text);
void peer_send_bytes(int fd, const char *bytes, size_t size);
void peer_take(int fd, const char *text);       /* exactly these bytes come next */
void peer_head(int fd, char *out, size_t size); /* up to its empty line, terminated */
void peer_request(int fd, const char *line);    /* a head beginning with line and CRLF */
void peer_answer(int fd, int status,
                 const char *body);      /* a response with Content-Length, exactly */
void peer_end(int fd);                   /* the other side has ended; closes */
void peer_reset(int fd);                 /* closes with RST */
bool peer_is_quiet(int fd, unsigned ms); /* nothing comes for so long */

#endif
