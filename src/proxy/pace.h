/*
 * Whether a client keeps up with the least rate: bytes that it has moved over the time that it was waited for, in
 * windows of PACE_WINDOW_US of such time. What the other side takes does not count. A value; pure.
 */
#ifndef PROXY_PACE_H
#define PROXY_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { PACE_WINDOW_US = 10000000 };

struct pace {
    uint64_t since_us;    /* the last note */
    uint64_t waited_us;   /* of the present window */
    uint64_t bytes;       /* moved when the window began */
    bool is_waiting;      /* since the last note */
    uint64_t idle_end_us; /* the owner's: when nobody has moved anything for too long */
};

void pace_init(struct pace *pace);

/* From now on the client is waited for, or not; true: the window is over and pace_judge is due. Time in which
 * nothing was noted although the window was over, by more than a second, was a stop of the process: not counted. */
bool pace_note(struct pace *pace, uint64_t now_us, bool is_waiting);

/* Waiting time left in the window. */
uint64_t pace_left_us(const struct pace *pace);

/* Ends the window: whether `bytes`, all that was moved so far, are enough for it at bytes per second. */
bool pace_judge(struct pace *pace, uint64_t bytes, uint32_t rate);

#endif
