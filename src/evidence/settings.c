/* See evidence/settings.h. Called when a configuration is read, and by replays with other numbers. */
#include "evidence/settings.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct entry {
    const char *name;
    size_t offset;
    double fallback, least, most;
};

static const struct entry entries[] = {
#define SETTING(name, fallback, least, most, sentence)                                             \
    { #name, offsetof(struct settings, name), fallback, least, most },
#include "evidence/settings.def"
#undef SETTING
};

enum { ENTRIES = sizeof entries / sizeof *entries, NUMBER_SIZE = 64 };

/* Words that stand for numbers. */
struct word {
    const char *name; /* of the setting; NULL: every one that is 0 or 1 */
    const char *word;
    double value;
};

static const struct word words_of_numbers[] = {
    { "on_inconclusive", "hold", 0 },  { "on_inconclusive", "advance", 1 },
    { "on_inconclusive", "abort", 2 }, { "concentration", "hold", 1 },
    { "concentration", "off", 0 },     { "concentration", "on", 1 },
    { "auto_rollback", "on", 1 },      { "auto_rollback", "off", 0 },
    { "guard_shared_veto", "on", 1 },  { "guard_shared_veto", "off", 0 },
};

static double *field_of(struct settings *settings, const struct entry *entry)
{
    return (double *)(void *)((char *)settings + entry->offset);
}

void settings_default(struct settings *out)
{
    static const double steps[] = { 1, 5, 25, 50, 100 };

    *out = (struct settings){ 0 };
    for (size_t i = 0; i < ENTRIES; i++)
        *field_of(out, &entries[i]) = entries[i].fallback;
    memcpy(out->steps, steps, sizeof steps);
    out->step_count = sizeof steps / sizeof *steps;
}

/* A whole text that is one finite number in digits; hexadecimal floating point as in records is one. */
static bool read_number(const char *text, double *out)
{
    char *end = NULL;

    if (*text == '\0' || strspn(text, "+-.0123456789abcdefxpABCDEFXP") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

static bool read_value(const struct entry *entry, const char *text, double *out)
{
    for (size_t i = 0; i < sizeof words_of_numbers / sizeof *words_of_numbers; i++) {
        const struct word *word = &words_of_numbers[i];

        if (strcmp(word->name, entry->name) == 0 && strcmp(word->word, text) == 0) {
            *out = word->value;
            return true;
        }
    }
    return read_number(text, out);
}

static int set_steps(struct settings *settings, const char *value, char words[SETTINGS_WORDS])
{
    double steps[SETTINGS_STEPS_MAX] = { 0 };
    size_t count = 0;

    for (const char *at = value; at != NULL;) {
        size_t len = strcspn(at, ",");
        char text[NUMBER_SIZE];

        if (count == SETTINGS_STEPS_MAX || len >= sizeof text) {
            snprintf(words, SETTINGS_WORDS, "steps: at most %d numbers", SETTINGS_STEPS_MAX);
            return ERR_RANGE;
        }
        memcpy(text, at, len);
        text[len] = '\0';
        if (!read_number(text, &steps[count])) {
            snprintf(words, SETTINGS_WORDS, "steps: '%.40s' is no number; use e.g. 1,5,25,50,100",
                     text);
            return ERR_INVALID;
        }
        count++;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    memcpy(settings->steps, steps, sizeof steps);
    settings->step_count = count;
    return 0;
}

int settings_set(struct settings *settings, const char *name, const char *value,
                 char words[SETTINGS_WORDS])
{
    double number = 0;
    size_t i = 0;

    if (strcmp(name, "steps") == 0)
        return set_steps(settings, value, words);
    while (i < ENTRIES && strcmp(entries[i].name, name) != 0)
        i++;
    if (i == ENTRIES) {
        snprintf(words, SETTINGS_WORDS, "there is no setting '%.60s'", name);
        return ERR_NOT_FOUND;
    }
    if (!read_value(&entries[i], value, &number)) {
        snprintf(words, SETTINGS_WORDS, "%s: '%.40s' is no number", name, value);
        return ERR_INVALID;
    }
    if (number < entries[i].least || number > entries[i].most) {
        snprintf(words, SETTINGS_WORDS, "%s: %g is not from %g to %g", name, number,
                 entries[i].least, entries[i].most);
        return ERR_RANGE;
    }
    *field_of(settings, &entries[i]) = number;
    return 0;
}
