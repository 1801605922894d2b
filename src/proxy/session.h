/*
 * One client connection: it reads request heads, hands each to an exchange, and takes the next one when that is
 * finished. It holds no buffer while it waits. HTTP/1: one exchange at a time, so pipelined requests are
 * answered in order.
 */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include <netinet/in.h>
#include <sys/queue.h>

#include "base/fault.h"
#include "base/slice.h"
#include "net/stream.h"
#include "net/wheel.h"

struct buffer;
struct exchange;
struct gate;
struct tunnel;
struct worker;

enum session_phase {
    SESSION_PROXY,    /* waits for a PROXY header */
    SESSION_TLS,      /* in the handshake */
    SESSION_HEAD,     /* waits for, or reads, a request head */
    SESSION_EXCHANGE, /* the exchange has the stream */
    SESSION_TUNNEL,   /* the tunnel has it */
    SESSION_LINGER,   /* our last answer is out: reads on until the client has seen it */
    SESSION_CLOSED,
};

/* Owner: worker. Thread: the worker's. Ends by session_close; the memory goes at the end of the turn. */
struct session {
    uint32_t magic;
    uint8_t phase;    /* enum session_phase */
    bool is_trusted;  /* its X-Forwarded-* are believed */
    bool head_timed;  /* the deadline of the present head is armed */
    bool needs_bytes; /* what `in` holds is no whole head */
    bool is_rated;    /* counted among the connections of its client */
    uint8_t host_len;
    uint8_t client_bin; /* of the evidence: hash of the peer's address, an IPv6 one's /64 */
    struct worker *worker;
    struct exchange *exchange;
    struct tunnel *tunnel;
    struct buffer *in; /* bytes read and not yet taken by an exchange; NULL while idle */
    size_t searched;   /* of the present head */
    const struct gate *gate;
    struct stream stream;
    struct deadline deadline;
    LIST_ENTRY(session) entry;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer;            /* AF_UNIX: no more is known */
    uint64_t first_us; /* when a head began that did not come in one read; 0 otherwise */
    uint32_t requests;
    uint32_t lingered_bytes;
    char host[46]; /* text of the peer's address */
};

/* Takes the descriptor. */
void session_start(struct worker *worker, int fd, const struct address *peer,
                   const struct gate *gate);

/* May be called twice. */
void session_close(struct session *session);

/* Reads, parses and answers as far as it goes now; after an exchange ended outside of the session's own step. */
void session_step(struct session *session);

/* What comes after an exchange. */
enum session_next {
    SESSION_KEEP,  /* the next request may follow, `in` may hold it */
    SESSION_END,   /* all of the request was read: a plain close */
    SESSION_UNREAD /* bytes of the client are or may be unread: linger */
};

/* The exchange or the tunnel is over. */
void session_exchange_done(struct session *session, enum session_next next);

/* No further request: closes when idle, else after the present one. */
void session_drain(struct session *session, uint64_t grace_us);
void session_peer(const struct session *session, struct address *out);

#endif
