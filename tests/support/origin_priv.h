/* The inside of an origin, for its ways of serving: origin.c, origin_serve.c, origin_auto.c. */
#ifndef SUPPORT_ORIGIN_PRIV_H
#define SUPPORT_ORIGIN_PRIV_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/text.h"
#include "support/dial.h"
#include "support/origin.h"
#include "support/origin_tls.h"

enum { ORIGIN_NAMES = 32, ORIGIN_SCRIPTS = 256, ORIGIN_ANSWERS = 64, ORIGIN_RECORDS = 4096 };

struct origin_answer {
    char *bytes;
    size_t size;
    enum origin_after after;
};

struct origin_record {
    struct text bytes;
    unsigned connection;
};

/* Owner: its origin. Its thread writes it; `received` under the origin's lock. */
struct origin_line {
    LIST_ENTRY(origin_line) link;
    struct origin *origin;
    pthread_t thread;
    int fd;
    unsigned index;
    struct text in;       /* received and not yet taken */
    struct text received; /* everything, when the origin records */
    bool is_done;
    bool ended;
    bool cuts; /* ends without close_notify */
    SSL *ssl;  /* NULL: plain */
};

struct origin {
    char address[DIAL_TEXT];
    origin_serve_fn *serve;
    void *arg;
    int listen_fd;
    pthread_t acceptor;
    bool is_listening;
    bool records; /* keeps bytes; off for load */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    LIST_HEAD(, origin_line) lines;
    const char *names[ORIGIN_NAMES];
    unsigned name_count;
    const struct origin_act *scripts[ORIGIN_SCRIPTS];
    unsigned script_count;
    unsigned script_next;
    struct origin_answer answers[ORIGIN_ANSWERS];
    unsigned answer_count;
    unsigned answer_next;
    struct origin_record *requests[ORIGIN_RECORDS];
    unsigned request_count;
    unsigned connection_count;
    unsigned open_count;
    SSL_CTX *ctx; /* NULL: plain */
    bool cuts;
    struct origin_tls_view seen;
    bool is_stopping; /* down or stop: threads are to leave */
    _Atomic uint64_t received_bytes;
};

/* One read of more bytes into line->in; false at the end of the connection. */
bool origin_line_pull(struct origin_line *line);

/* false when the peer is gone. */
bool origin_line_send(struct origin_line *line, const void *bytes, size_t size);

/* A whole request at the start of line->in, head and body by its framing: its size, 0 at the end of the
 * connection before that. body_at: where the body begins. */
size_t origin_line_request(struct origin_line *line, size_t *body_at);

/* Drops size bytes at the start of line->in. */
void origin_line_take(struct origin_line *line, size_t size);
void origin_line_reset(struct origin_line *line);
void origin_record(struct origin_line *line, struct slice bytes);

/* Waits on the connection's thread for a name; false when the origin stops first. */
bool origin_line_await(struct origin_line *line, const char *name);

/* The way of serving of origin_start: scripts, else queued answers. */
void origin_serve_scripts(struct origin_line *line, void *arg);

#endif
