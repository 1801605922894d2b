/*
 * A state as bytes and back; include/deploy/state.h has state_decode. Pure.
 */
#ifndef DEPLOY_STATE_CODE_PRIV_H
#define DEPLOY_STATE_CODE_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"
#include "deploy/history_entry.h"

struct cJSON;
struct decisions;
struct state;

/*
 * The bytes of a state file: envelope, content, checksum. `decisions` may be a working copy; at most so many
 * of the newest keys and tail entries are written.
 */
struct state_picture {
    const struct state *state;
    const struct decisions *decisions;
    uint64_t generation;
    uint64_t saved_wall_us;
    size_t keys_max;
    size_t tail_max;
};
void state_encode(const struct state_picture *picture, struct text *out);

/* One history entry as a JSON object without line feed, and back. */
void state_encode_entry(const struct history_entry *entry, struct text *out);
MUST_CHECK int state_decode_entry(const struct cJSON *item, struct history_entry *out);

#endif
