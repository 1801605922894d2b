/*
 * The state of an engine, a tick and an event as bytes, for records. Reading refuses what no engine could have
 * written where it would lead out of bounds; numbers may otherwise be anything. Pure.
 */
#ifndef EVIDENCE_ENGINE_CODEC_PRIV_H
#define EVIDENCE_ENGINE_CODEC_PRIV_H

#include "evidence/codec_priv.h"
#include "evidence/engine_priv.h"

/* A tick with room for what its slots did. */
struct engine_codec_tick {
    struct engine_tick tick;
    struct counts candidate, baseline;
};

void engine_codec_state(struct walk *walk, struct engine_state *state);
void engine_codec_event(struct walk *walk, struct engine_event *event);
void engine_codec_write_tick(struct walk *walk, const struct engine_tick *tick);
void engine_codec_read_tick(struct walk *walk, struct engine_codec_tick *out);

#endif
