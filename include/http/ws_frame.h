/*
 * Follows WebSocket frames (RFC 6455 5.2) by their heads alone, to know where one ends and the next may begin: for
 * putting in a Close only between frames. Payloads are skipped, never looked at. Pure, any thread.
 */
#ifndef HTTP_WS_FRAME_H
#define HTTP_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_frame {
    uint64_t left; /* payload bytes of the present frame still to come */
    uint8_t head[14];
    uint8_t have; /* bytes of head so far; 0: between frames when left is 0 */
    uint8_t need;
    bool is_closing; /* a Close frame has been seen */
    bool
        is_broken; /* not WebSocket (reserved bits of the length, a control frame too long): no injection */
};

void ws_frame_init(struct ws_frame *frame);

/* Goes over bytes that pass in one direction. */
void ws_frame_pass(struct ws_frame *frame, const void *bytes, size_t count);

/* Exactly between two frames. */
bool ws_frame_is_between(const struct ws_frame *frame);

/* How many payload bytes may be moved unseen (spliced) before the next head. */
uint64_t ws_frame_skippable(const struct ws_frame *frame);
void ws_frame_skip(struct ws_frame *frame, uint64_t count);

/* A Close frame with this code (RFC 6455 7.4.1) and reason at out (at least 131 bytes); masked as a client's when
 * mask is not 0. The size. */
size_t ws_frame_close(unsigned code, const char *reason, uint32_t mask, void *out);

#endif
