/*
 * A request as the demo app reads it: the head as slices into one copied buffer, and the body's
 * framing with a reader that takes it piece by piece from an evbuffer. One thread.
 */
#ifndef DEMO_REQUEST_H
#define DEMO_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

struct evbuffer;

#define DEMO_HEAD_MAX 65536

enum body_state {
    BODY_NONE,         /* all of the body is read */
    BODY_LENGTH,       /* `left` bytes to come */
    BODY_CHUNK_SIZE,   /* a chunk's size line comes next */
    BODY_CHUNK_DATA,   /* `left` bytes of this chunk to come */
    BODY_CHUNK_END,    /* its line end comes next */
    BODY_CHUNK_TRAILER /* trailer lines up to an empty one */
};

/* Owner: struct demo_session. Ends by demo_request_fini; the slices live as long. */
struct demo_request {
    char *head; /* the bytes of the head as received */
    size_t head_bytes;
    struct slice method;
    struct slice path;
    struct slice query; /* without the '?' */
    struct slice accept;
    struct slice upgrade; /* the protocols asked for; empty unless Connection names Upgrade */
    struct slice websocket_key;
    uint64_t length; /* announced; 0 without Content-Length */
    bool is_head;
    bool is_old; /* HTTP/1.0 */
    bool has_length;
    bool is_chunked;
    bool is_last; /* the client closes after it */
    bool wants_continue;
    bool names_upgrade; /* Connection does */
    enum body_state body;
    uint64_t left;
};

/* Whether the client offers to switch to this protocol. */
bool demo_request_offers(const struct demo_request *request, struct slice protocol);

/*
 * Takes one head with its empty line from `input`. ERR_AGAIN when it is not complete yet, ERR_INVALID
 * when it is no head, ERR_RANGE when it is too long.
 */
MUST_CHECK int demo_request_read(struct demo_request *request, struct evbuffer *input);
void demo_request_fini(struct demo_request *request);

/*
 * Moves up to `limit` decoded body bytes from input to output (NULL: thrown away); *moved counts them.
 * The body is complete when request->body is BODY_NONE. ERR_INVALID on broken chunks.
 */
MUST_CHECK int demo_request_read_body(struct demo_request *request, struct evbuffer *input,
                                      struct evbuffer *output, size_t limit, size_t *moved);

/*
 * The next "name=value" of a query, percent-decoded where two hex digits follow ("5%" stays as it
 * is), into name and value of `size` bytes each; false at the end. A pair too long has an empty name.
 */
bool demo_request_next_pair(struct slice *query, char *name, char *value, size_t size);

#endif
