/*
 * What was decided at run time, on disk: state.json in the state folder. Written to a new file, synced,
 * the old one kept as state.json.prev, renamed, folder synced; a reserve file with real blocks takes a rollback
 * when the disk is full. Every file carries format, generation, length and SHA-256; the highest whole generation
 * counts. Loading is pure and may be fuzzed; writing blocks and belongs to the writer thread.
 */
#ifndef DEPLOY_STATE_H
#define DEPLOY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

struct state; /* the decoded content; deploy/state_priv.h has the body */

MUST_CHECK int state_decode(struct slice bytes, struct state **out, char *words,
                            unsigned words_size);
void state_free(struct state *state);

#endif
