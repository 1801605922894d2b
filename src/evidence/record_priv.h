/*
 * The form of a record: "SYREC" and a version; stamp; the state at its beginning; ticks, each followed by its events
 * as count and bytes; a zero instead of a tick; the sum of the state at its end; the sum of all before it. Pure.
 */
#ifndef EVIDENCE_RECORD_PRIV_H
#define EVIDENCE_RECORD_PRIV_H

#include "evidence/engine_codec_priv.h"
#include "evidence/record.h"

#define RECORD_MAGIC "SYREC"

enum {
    RECORD_VERSION = 3,
    RECORD_HEAD = sizeof RECORD_MAGIC, /* magic and one byte of version */
    RECORD_SUM = 8,
    RECORD_STATE_MAX = 192 * 1024, /* bytes that a state takes at most */
};

uint64_t record_sum(struct slice bytes);
uint64_t record_state_sum(const struct engine_state *state);
void record_put_sum(uint64_t sum, char out[RECORD_SUM]);
void record_walk_stamp(struct walk *walk, struct record_stamp *stamp);

#endif
