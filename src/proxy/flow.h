/*
 * One direction of bodies: reads from a stream in one framing, writes to another stream in another. Reads and
 * writes at once, keeps at most one buffer of unread input and one of unwritten output, and stops reading while
 * output is left. Bodies of known length move through a kernel pipe where that is cheaper. One thread; never
 * calls back.
 */
#ifndef PROXY_FLOW_H
#define PROXY_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "http/chunk.h"
#include "http/head.h"
#include "proxy/buffer.h"

struct stream;
struct worker;
struct pipe;

/* The longest lead: what the sink does not take of it is kept in one buffer. */
enum { FLOW_LEAD_MAX = BUFFER_BODY + BUFFER_SLACK };

enum flow_result {
    FLOW_DONE,         /* the whole body, and its end, were written */
    FLOW_WAIT_READ,    /* more input must come */
    FLOW_WAIT_WRITE,   /* the sink must take more first */
    FLOW_ENDED,        /* the source ended before the body did */
    FLOW_READ_FAILED,  /* the source broke */
    FLOW_WRITE_FAILED, /* the sink broke */
    FLOW_BAD,          /* malformed chunks */
    FLOW_TOO_LARGE,    /* more than `limit` bytes of body */
    FLOW_TURN_OVER,    /* enough for this turn: go on after a wake */
};

struct flow {
    struct stream *from;
    struct stream *to;
    struct slice
        first; /* input that came with the head, in a buffer that stays; used up before `in` */
    struct buffer *in;  /* input not yet understood: [in_at, in->end) */
    struct buffer *out; /* output not yet taken: [out_at, out->end) */
    struct pipe *pipe;
    uint32_t
        burst; /* bytes of the next splice: grows while the sink takes all, small after it did not */
    uint32_t in_at;
    uint32_t out_at;
    uint64_t left;    /* FRAMING_LENGTH: bytes still to be read */
    uint64_t limit;   /* of the body, 0: none */
    uint64_t moved;   /* body bytes read so far */
    uint64_t written; /* bytes the sink took, framing included */
    struct chunk_reader reader;
    uint8_t in_framing; /* enum framing */
    uint8_t out_framing;
    bool in_done;       /* the body was read to its end */
    bool has_more;      /* the source surely holds more than was read with the head */
    bool was_short;     /* the last read left nothing in the kernel */
    bool is_stuck;      /* what is there cannot be understood without more */
    bool lost_input;    /* bytes were read beyond `first`: the body cannot be sent again */
    bool keeps_trailer; /* trailer fields go on */
};

void flow_init(struct flow *flow, struct stream *from, struct stream *to);

/* Gives the buffers and the pipe back. */
void flow_fini(struct flow *flow, struct worker *worker);

/*
 * Goes on as far as it can. lead: bytes that must go out before anything else of this flow, taken over
 * entirely by this call (written or kept); NULL after the first.
 */
enum flow_result flow_step(struct flow *flow, struct worker *worker, const struct iovec *lead);

/* Bytes ahead of the body and its lead (at most FLOW_LEAD_MAX), while no output is left: what the sink does not take
 * is output then. FLOW_DONE, FLOW_WAIT_WRITE: some was kept; FLOW_WRITE_FAILED. */
enum flow_result flow_send(struct flow *flow, struct worker *worker, const struct iovec *bytes);

/* Writes output that was kept: FLOW_DONE: none is left, FLOW_WAIT_WRITE or FLOW_WRITE_FAILED. */
enum flow_result flow_drain(struct flow *flow, struct worker *worker);
bool flow_has_output(const struct flow *flow);

#endif
