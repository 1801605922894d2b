/*
 * A connection that has switched protocols: two lanes between a client and its target, from the 101 to the end. The
 * exchange that led to it is gone; slot and target stay pinned, so that what is drained is drained. Sources: tunnel.c,
 * tunnel_order.c (drains), lane.c (one direction).
 */
#ifndef PROXY_TUNNEL_H
#define PROXY_TUNNEL_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/fault.h"
#include "net/wheel.h"
#include "proxy/lane.h"

struct access_record;
struct exchange;
struct session;
struct slot;
struct stream;
struct target;
struct upstream;
struct worker;

enum tunnel_phase {
    TUNNEL_OPEN,
    TUNNEL_CLOSING, /* a Close of ours is asked for: waits for the borders of frames */
    TUNNEL_ECHO,    /* both are out: waits for the peers' own, not long */
    TUNNEL_ENDING,  /* our FINs are asked for: waits for the peers', not long */
};

/* Owner: worker. Thread: the worker's. Ends by itself, tunnel_evict or tunnel_abort. */
struct tunnel {
    uint32_t magic;
    uint16_t ending; /* enum fault: what it ends with when nothing else happens */
    uint8_t phase;   /* enum tunnel_phase */
    uint8_t method;  /* enum method, of the request */
    bool is_websocket;
    struct worker *worker;
    struct session *session;
    struct upstream *upstream;
    struct slot *slot;
    struct target *target;
    struct access_record *record; /* its line, whole but for the end */
    struct lane up;               /* from the client */
    struct lane down;
    uint64_t epoch;      /* that it was routed by */
    uint64_t begin_us;   /* of the exchange */
    uint64_t last_us;    /* the last byte, either way */
    uint64_t idle_us;    /* the longest silence */
    uint64_t counted_up; /* bytes that are in the slot's counters */
    uint64_t counted_down;
    struct deadline deadline;
    TAILQ_ENTRY(tunnel) entry; /* in order of age */
};

/* Takes session, upstream and pins of the exchange, whose 101 waits in response.out; its own memory stays the
 * caller's, who calls tunnel_on_ready next. */
struct tunnel *tunnel_begin(struct exchange *exchange);

/* The client or the target has something to say. */
void tunnel_on_ready(struct tunnel *tunnel, const struct stream *stream);

/* A Close can be put in: WebSocket, and so far it looks like it. */
bool tunnel_is_closable(const struct tunnel *tunnel);

/* A Close to both sides, each between two frames of its direction, then the end. WebSockets. */
void tunnel_close(struct tunnel *tunnel, unsigned code, enum fault fault);

/* Takes a tunnel_close back where no Close is out yet. */
void tunnel_stay(struct tunnel *tunnel);

/* Ends within a second: with a Close where a frame has just ended, and FIN to both. */
void tunnel_end(struct tunnel *tunnel, unsigned code, enum fault fault);

/* The target goes away: over when this returns. */
void tunnel_evict(struct tunnel *tunnel);

/* The session is being closed. */
void tunnel_abort(struct tunnel *tunnel);

#endif
