/*
 * The WebSocket echo of the demo app (RFC 6455), as bytes in and bytes out: data frames come back unmasked with the
 * same head, pings are answered, a Close is answered and ends it. Payloads stream, so a frame may have any size.
 * One thread.
 */
#ifndef DEMO_WEBSOCKET_H
#define DEMO_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct evbuffer;

enum demo_websocket_result { WEBSOCKET_MORE, WEBSOCKET_OVER };

/* Owner: struct demo_session; zeroed is the beginning. */
struct demo_websocket {
    uint64_t left; /* payload of the present frame still to come */
    uint8_t mask[4];
    uint8_t mask_at;
    uint8_t opcode;
    bool is_over; /* a Close was answered, or a frame was wrong */
};

enum { DEMO_WEBSOCKET_ACCEPT = 29 };

/* The value of Sec-WebSocket-Accept for a key; terminated. */
void demo_websocket_accept(struct slice key, char out[DEMO_WEBSOCKET_ACCEPT]);

/* Takes what is there, at most `limit` bytes of payload. OVER: close after the output. */
enum demo_websocket_result demo_websocket_step(struct demo_websocket *websocket,
                                               struct evbuffer *input, struct evbuffer *output,
                                               size_t limit);

#endif
