/* The signature of a webhook, and how long it waits after a failed attempt. Pure, any thread. */
#ifndef CONTROL_POST_SIGN_PRIV_H
#define CONTROL_POST_SIGN_PRIV_H

#include <stdint.h>

#include "base/slice.h"

enum { POST_SIGN_SIZE = 112 };

/* "t=SECONDS,v1=HEX": HMAC-SHA256 over "SECONDS.BODY"; out: POST_SIGN_SIZE bytes. */
void post_sign(struct slice secret, uint64_t seconds, struct slice body, char out[POST_SIGN_SIZE]);

/* After the attempt-th failed attempt (from 1 on): up to 1 s, 2 s, 4 s … 10 min, evenly drawn by `random` from
 * all of it so that many senders do not come back at once, and no less than what the receiver asked for (asked_s, 0:
 * nothing; no more than 10 min of it). */
#define POST_SIGN_LEAST_US (100 * 1000ull)
#define POST_SIGN_MOST_US  (600 * 1000000ull)
uint64_t post_sign_wait_us(unsigned attempt, uint64_t random, uint64_t asked_s);

#endif
