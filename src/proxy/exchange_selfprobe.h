/*
 * Requests that the daemon sends to itself to see who answers (health/selfprobe.h): they carry the nonce of this run
 * in X-Switchyard-Probe, count nowhere, and their answers name slot and version. The field itself never goes on to an
 * app, and with another value it means nothing. On the worker's thread.
 */
#ifndef PROXY_EXCHANGE_SELFPROBE_H
#define PROXY_EXCHANGE_SELFPROBE_H

#include <stdbool.h>

#include "base/slice.h"

struct exchange;
struct head;
struct route_answer;

/* The version while the snapshot may go; a value on the stack of do_route. */
struct selfprobe_note {
    char version[64];
};

/* Is it one? In the same time for every value. */
void exchange_selfprobe_know(struct exchange *exchange);

/* Inside the read-side section, and behind it; false: the arena is full. Of other requests nothing is noted. */
void selfprobe_note_take(struct selfprobe_note *note, const struct exchange *exchange,
                         const struct route_answer *answer);
bool selfprobe_note_keep(const struct selfprobe_note *note, struct exchange *exchange);

/* Puts slot and version behind the exchange's line of the answer; the app's own fields of these names stay here.
 * False: the arena is full. */
bool exchange_selfprobe_sign(struct exchange *exchange, struct head *head, struct slice *line);

#endif
