/*
 * The numbers that the judgement works with. One table (settings.def) makes the struct, the defaults, the names in
 * records and on command lines, and the checks. Values; pure.
 */
#ifndef EVIDENCE_SETTINGS_H
#define EVIDENCE_SETTINGS_H

#include <stddef.h>

#include "base/check.h"

enum { SETTINGS_STEPS_MAX = 32, SETTINGS_WORDS = 200 };

struct settings {
#define SETTING(name, fallback, least, most, sentence) double name;
#include "evidence/settings.def"
#undef SETTING
    double steps[SETTINGS_STEPS_MAX]; /* percent, rising */
    size_t step_count;
};

void settings_default(struct settings *out);

/* By its name in the table, or "steps" ("1,5,25,50,100"). ERR_NOT_FOUND, ERR_INVALID or ERR_RANGE with words. */
MUST_CHECK int settings_set(struct settings *settings, const char *name, const char *value,
                            char words[SETTINGS_WORDS]);

/* Rules that can never fire, or contradict each other: ERR_RANGE with words that name the setting and the remedy. */
MUST_CHECK int settings_check(const struct settings *settings, char words[SETTINGS_WORDS]);

#endif
