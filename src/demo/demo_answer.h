/*
 * An answer of the demo app: what is to be sent, with the faults decided for it, and how far it got.
 * It is produced piece by piece, so that a body of any size needs a bounded buffer. One thread.
 */
#ifndef DEMO_ANSWER_H
#define DEMO_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;

/* Owner: struct demo_session. Ends by demo_answer_fini. */
struct demo_answer {
    unsigned status;
    const char *type;      /* media type, a literal */
    struct evbuffer *text; /* the body; NULL: `length` bytes of a pattern */
    uint64_t length;
    uint64_t end; /* stop after so many body bytes: below length when the answer is cut */
    uint64_t sent;
    uint64_t chunk_bytes; /* 0: Content-Length framing */
    uint64_t chunk_left;
    uint64_t drip_bytes; /* 0: no pauses */
    uint64_t drip_us;
    uint64_t delay_us; /* before the first byte */
    bool has_body;     /* false for HEAD, 204 and 304 */
    bool is_unframed;  /* HTTP/1.0 client and no known length: the close ends it */
    bool is_drop;      /* close without a byte */
    bool is_last;      /* close after it */
    bool is_reset;     /* and do so with a reset */
};

/* An answer with a text body; the bytes are copied. */
void demo_answer_set_text(struct demo_answer *answer, unsigned status, const char *type,
                          const char *text);
/* An answer of `length` bytes of the pattern: byte i is byte i % 64 of "0-9a-zA-Z-" and a line feed. */
void demo_answer_set_pattern(struct demo_answer *answer, const char *type, uint64_t length);
void demo_answer_fini(struct demo_answer *answer);

/* Adds the next piece of the body, at most `limit` bytes of it; true when more is to come. */
bool demo_answer_add_body(struct demo_answer *answer, struct evbuffer *output, size_t limit);

/* True when less than the announced body is sent. */
bool demo_answer_is_cut(const struct demo_answer *answer);

const char *demo_answer_reason(unsigned status);

#endif
