/* Vectors of kind "engine", and a setting of them. */
#ifndef UNIT_EVIDENCE_VECTORS_ENGINE_H
#define UNIT_EVIDENCE_VECTORS_ENGINE_H

#include <cjson/cJSON.h>

#include "evidence/settings.h"

void vectors_run_engine(const cJSON *test);

/* A number, a text or a list of numbers, as `"name": value`. */
int vectors_set(struct settings *settings, const cJSON *option, char words[SETTINGS_WORDS]);

#endif
