/*
 * The databases' word about a service, for those who show it: see store/word.h. Thread: control.
 */
#ifndef DEPLOY_WORD_VIEW_H
#define DEPLOY_WORD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "store/word.h"

struct deploy;

/* The gates of a move to the slot as they are now; of the live slot, what it has. slot NULL: where a switch would go, or
 * the live one where that is not clear. False: no slot of that name. */
struct deploy_word_view {
    char slot[64];
    bool is_lenient; /* what is unknown would be let pass */
    struct word word;
};
bool deploy_view_word(const struct deploy *deploy, unsigned service_index, const char *slot,
                      struct deploy_word_view *out);

/* Whether a rollback would be safe now, and where it goes ("": to nobody; then the light is not asked). */
struct deploy_light_view {
    struct word_light light;
    char slot[64];
};
void deploy_view_light(const struct deploy *deploy, unsigned service_index,
                       struct deploy_light_view *out);

/* The contract of a slot alone, with a line for each object that is missing. False: no slot of that name, or none that
 * has a contract. */
bool deploy_view_contract(const struct deploy *deploy, unsigned service_index, const char *slot,
                          struct word_finding *out, struct text *lines);

/* The newest version that was applied to the database of a slot, as the last look says; "" : the slot has none, it records
 * none, or the look is too old. out: at least 96 bytes. */
void deploy_view_schema(const struct deploy *deploy, unsigned service_index, const char *slot,
                        char *out);

/* A database that follows another one. */
struct deploy_link_view {
    const char *database;
    const char *publisher;
    bool has_bytes;
    bool has_time;
    bool has_errors;
    uint64_t lag_bytes;
    uint64_t lag_us;
    uint64_t apply_errors;
    struct word_finding finding;
};

/* The next one at or behind *cursor (0: the first) of the configuration's databases; false: there is none. */
bool deploy_view_link(const struct deploy *deploy, unsigned *cursor, struct deploy_link_view *out);

#endif
