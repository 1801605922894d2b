/*
 * One request to the control plane over HTTP and its answer. The client fills in the request; whoever serves it answers
 * at once (api_exchange_answer), or later (park, then answer and api_client_resume), or in pieces that are asked for as
 * the client takes them (api_exchange_stream). Owner: the client it is part of. Thread: control.
 */
#ifndef CONTROL_API_EXCHANGE_PRIV_H
#define CONTROL_API_EXCHANGE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/text.h"
#include "control/peer_priv.h"
#include "http/head.h"

enum {
    API_FIELDS_MAX = 100,
    API_BODY_MAX = 64 << 20, /* of an answer */
    API_PARAMS_MAX = 4,
    API_PARAM_SIZE = 256,
};

struct api_client;
struct api_route;

/* What a path has in place of {name}; decoded, terminated, without control bytes. */
struct api_param {
    struct slice name; /* of the route's pattern */
    char value[API_PARAM_SIZE];
};

enum api_progress { API_OPEN, API_ANSWERED, API_PARKED, API_STREAMED };

/* MORE: out has got a piece; WAIT: nothing to say now (api_client_resume when there is); END: out has the last one. */
enum api_pull { API_PULL_MORE, API_PULL_WAIT, API_PULL_END };
typedef enum api_pull api_pull_fn(void *arg, struct text *out);

struct api_exchange {
    struct api_client *client;
    struct head head;
    struct field fields[API_FIELDS_MAX];
    struct slice body;      /* once the request is whole */
    struct address address; /* of the client */
    struct peer peer;       /* who asks; of level user when nobody knows */
    bool has_kernel_peer;   /* on a unix socket: peer is what the kernel says */
    bool is_anonymous;      /* no credentials at all */
    bool is_stranger;       /* a good certificate that no subject of the configuration has */
    bool is_secure;         /* over TLS */
    bool is_introduced;     /* its certificate stands in the log, once per connection */
    const struct api_route *route;
    struct api_param params[API_PARAMS_MAX];
    unsigned param_count;

    enum api_progress progress;
    int status;
    const char *type;   /* media type; a literal */
    const char *cache;  /* Cache-Control; a literal, "no-store" unless set */
    struct text extra;  /* further lines of the head, each with its CRLF */
    struct text answer; /* the body */
    api_pull_fn *pull;  /* API_STREAMED */
    void (*drop)(
        void *
            arg); /* parked or streamed: the client is gone, or the stream has ended; may be NULL */
    void *arg;    /* of both */
    bool is_long; /* a stream of events or a waiting call: not to be hurried, and counted apart */
    bool wants_quit; /* `shutdown`: when the answer is sent */
    bool is_quit_now;
};

/* The answer, whose body is in exchange->answer (type: a literal). May be called again before it is sent: the last
 * one counts. */
void api_exchange_answer(struct api_exchange *exchange, int status, const char *type);

/* An error as one JSON object; hint and next ("GET /v1/services": what to ask then) may be NULL. */
struct api_error {
    int status;
    const char *code; /* a fault's name, or our own word */
    const char *hint;
    const char *next;
};
void api_exchange_refuse(struct api_exchange *exchange, const struct api_error *error,
                         const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The answer will come later; drop(arg) when nobody waits for it any more. */
void api_exchange_park(struct api_exchange *exchange, void (*drop)(void *arg), void *arg);

/* The answer is what pull yields; drop(arg) in any case at the end. */
void api_exchange_stream(struct api_exchange *exchange, const char *type, api_pull_fn *pull,
                         void (*drop)(void *arg), void *arg);

/* The head of the answer. close: the connection ends behind it. */
void api_exchange_write_head(const struct api_exchange *exchange, bool close, struct text *out);

/* For the client. */
void api_exchange_begin(struct api_exchange *exchange); /* empties it, but for client and peer */
void api_exchange_fini(struct api_exchange *exchange);

bool api_exchange_is_head(const struct api_exchange *exchange); /* HEAD: no body is sent */

/* Whether an answer in pieces can be sent in chunks; else the connection ends it. */
bool api_exchange_is_chunked(const struct api_exchange *exchange);

#endif
