/*
 * One direction of a tunnel: bytes go from one stream to the other as they are. Nothing is held while nothing is on its
 * way; what the sink does not take at once waits in one buffer or a kernel pipe, and reading stops meanwhile. Of a
 * WebSocket the frames are followed, so that a Close of ours can be put between two. One thread; never calls back.
 */
#ifndef PROXY_LANE_H
#define PROXY_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/ws_frame.h"

struct buffer;
struct pipe;
struct slice;
struct stream;
struct worker;

enum lane_result {
    LANE_MOVED,        /* inside: go on */
    LANE_WAITS,        /* for bytes, or for the sink */
    LANE_OVER,         /* the source has ended and all of it was written, our FIN too */
    LANE_TURN_OVER,    /* enough for this turn: go on after a wake */
    LANE_READ_FAILED,  /* the source broke */
    LANE_WRITE_FAILED, /* the sink broke: from now on what comes is thrown away */
};

/* Owner: its tunnel. Thread: the worker's. Ends by lane_fini. */
struct lane {
    struct stream *from;
    struct stream *to;
    struct buffer *out; /* not yet taken: [out_at, out->end) */
    struct pipe *pipe;
    uint64_t bytes; /* read from `from` */
    struct ws_frame frame;
    uint32_t out_at;
    uint32_t burst;
    uint16_t close_code; /* a Close is to be put in; 0: none */
    bool is_followed;    /* the frames of a WebSocket */
    bool masks;          /* frames of ours to `to` are masked, as a client's are */
    bool is_closed;      /* our Close went out: what comes after it is thrown away */
    bool is_deaf;        /* the sink broke: all is thrown away */
    bool is_bulk;        /* the source gives as much as we take: splice */
    bool ended;          /* by the source's FIN */
    bool wants_end;      /* our FIN goes out behind what waits, whatever still comes */
    bool is_finished;    /* our FIN went out */
};

void lane_init(struct lane *lane, struct stream *from, struct stream *to);

/* Gives back what it holds. */
void lane_fini(struct lane *lane, struct worker *worker);

/* Goes on as far as it can. */
enum lane_result lane_step(struct lane *lane, struct worker *worker);

/* Bytes that were read before the tunnel began, or `bytes` of our own with is_ours: sent or kept. */
enum lane_result lane_put(struct lane *lane, struct worker *worker, struct slice bytes,
                          bool is_ours);

/* Whether a Close can still be put in, between frames now or later. */
bool lane_can_close(const struct lane *lane);

/* A Close with this code before the next frame; the step does it. */
void lane_ask_close(struct lane *lane, unsigned code);

/* The same at once or never; then our FIN. For the end. */
void lane_ask_end(struct lane *lane, struct worker *worker, unsigned code);
bool lane_has_output(const struct lane *lane);

#endif
