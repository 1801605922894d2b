/*
 * Equal alerts: the first one goes on at once; further ones within a time are counted, and at its end the last of them goes
 * on with their number. A table of fixed size; when it is full, what does not fit goes on at once. Owner: a post_box or a
 * hook; its thread. Time is given.
 */
#ifndef CONTROL_POST_REPEAT_PRIV_H
#define CONTROL_POST_REPEAT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct post_repeat;

enum { POST_REPEAT_KEYS = 64 };

/* What is to be told now, as one. */
struct post_repeated {
    char id[40]; /* of the first of them */
    char *json;  /* of the last of them; the caller frees it */
    uint64_t count;
};

/* One that may be equal to others. Borrowed. */
struct post_offer {
    const char *key;
    const char *id;
    struct slice json;
};

struct post_repeat *post_repeat_new(void);
void post_repeat_free(struct post_repeat *repeat); /* NULL: nothing */

/* True: it is to be told at once. window_us 0, or key "": always. */
bool post_repeat_offer(struct post_repeat *repeat, const struct post_offer *offer, uint64_t now_us,
                       uint64_t window_us);

/* The next one whose time is over; false: none. After it the time begins anew. */
bool post_repeat_due(struct post_repeat *repeat, uint64_t now_us, struct post_repeated *out);

/* When the next one may be due; UINT64_MAX: never. */
uint64_t post_repeat_next_us(const struct post_repeat *repeat);

/* Those that were counted and not told, for the end; false: none. */
bool post_repeat_flush(struct post_repeat *repeat, struct post_repeated *out);

#endif
