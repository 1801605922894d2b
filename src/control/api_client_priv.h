/*
 * One connection to the control plane's HTTP listener: requests one at a time, in order, each with its body; an answer
 * at once, later, or in pieces. A head has at most 24 KiB, a body 1 MiB; times are the owner's. A client that is slow
 * keeps nobody else waiting: nothing more of it is read while its answer is not sent. Owner: the api. Thread: control.
 */
#ifndef CONTROL_API_CLIENT_PRIV_H
#define CONTROL_API_CLIENT_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/check.h"
#include "base/fault.h"
#include "control/api_exchange_priv.h"

enum { API_HEAD_BYTES = 24 * 1024, API_TARGET_BYTES = 4 * 1024 };

struct loop;
struct tls_identity;
struct tls_keeper;
struct api_client;
TAILQ_HEAD(api_client_list, api_client);

struct api_client_owner {
    unsigned
        head_ms; /* for a whole head, from its first byte; also for the first request, and a handshake */
    unsigned request_ms; /* for the body behind it */
    unsigned send_ms;    /* without any progress of the answer */
    unsigned answer_ms;  /* for the whole answer, pieces aside */
    unsigned idle_ms;    /* between two requests */
    unsigned linger_ms;  /* for what a refused client still sends */
    struct loop *loop;

    /* A head is there, its body not yet: what is answered now is answered without the body. */
    void (*on_head)(void *arg, struct api_exchange *exchange);

    /* The request is whole: it is answered, parked or streamed when this returns. */
    void (*on_request)(void *arg, struct api_exchange *exchange);

    /* The answer of a `shutdown` is sent. May be NULL. */
    void (*on_quit)(void *arg, bool now);
    void (*on_close)(void *arg, struct api_client *client);

    /* A handshake is over: FAULT_NONE, or why it failed, and OpenSSL's words. */
    void (*on_handshake)(void *arg, const struct address *address, enum fault fault,
                         const char *words);
    void *arg;
};

/* Who has connected. */
struct api_newcomer {
    int fd;
    struct address address;
    const struct peer *kernel; /* who the kernel says it is; NULL: it does not */
    struct tls_keeper *tls;    /* NULL: plain */
    bool hides_plain;          /* plain HTTP in place of TLS gets no answer */
};

/* Takes the descriptor. */
MUST_CHECK int api_client_open(const struct api_client_owner *owner,
                               const struct api_newcomer *newcomer, struct api_client_list *list);
void api_client_close(struct api_client *client); /* may be called twice */
struct api_client *api_client_next(const struct api_client *client);

/* A parked exchange has been answered, or a stream has something to say. From the loop. */
void api_client_resume(struct api_client *client);

/* Closes a client that waits for its answer and is gone. Now and then. */
void api_client_check(struct api_client *client);

/* How long it has been waited for; 0: it is being served. */
uint64_t api_client_idle_us(const struct api_client *client, uint64_t now_us);

/* Who it is by its certificate, which must be good now, too; false: it has shown none. */
bool api_client_identity(const struct api_client *client, struct tls_identity *out,
                         bool *is_believed);

/* Whether its request is a long one: a stream of events, or a call that waits. */
bool api_client_is_long(const struct api_client *client);

#endif
