/* Vectors of kind "engine", and a setting of them. Also linked to the tests of other rooms, which give the counts a way
 * of their own. */
#ifndef UNIT_EVIDENCE_VECTORS_ENGINE_H
#define UNIT_EVIDENCE_VECTORS_ENGINE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "evidence/counts.h"
#include "evidence/settings.h"

void vectors_run_engine(const cJSON *test);

/* The way of what a slot did in a tick to the engine: called for the candidate, then for the baseline, in every tick.
 * counts: of the vector, NULL: nothing; what it returns is good until it is called for the same slot again. */
struct vectors_way {
    const struct counts *(*take)(void *arg, bool is_candidate, const struct counts *counts);
    void *arg;
};
void vectors_run_engine_through(const cJSON *test, const struct vectors_way *way);

/* A number, a text or a list of numbers, as `"name": value`. */
int vectors_set(struct settings *settings, const cJSON *option, char words[SETTINGS_WORDS]);

#endif
