/*
 * What a command answers: an outcome (the exit code), a fault, words for people and a result for programs,
 * given out either as lines or as one JSON object. Values; thread: control.
 */
#ifndef CONTROL_REPLY_PRIV_H
#define CONTROL_REPLY_PRIV_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"
#include "deploy/change.h"

enum { REPLY_BYTES_MAX = 8 << 20 };

struct reply {
    enum outcome outcome;
    enum fault fault;
    uint64_t epoch;
    char gate[32];    /* which gate refused; "" : none */
    char words[1024]; /* of a failure */
    char hint[512];   /* what to do about it; "" : nothing is known */
    struct text text; /* of a success, or the state that goes with a failure */
    cJSON *result;    /* NULL: none */
};

void reply_init(struct reply *reply);
void reply_fini(struct reply *reply);

/* Makes it a failure (or an OUTCOME_VOLATILE success with a warning). */
void reply_fail(struct reply *reply, enum outcome outcome, enum fault fault, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
void reply_hint(struct reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The result object, made at its first use. */
cJSON *reply_result(struct reply *reply);

/* True for what the command was asked to do: OUTCOME_DONE and OUTCOME_VOLATILE. */
bool reply_is_ok(const struct reply *reply);

/* Lines without an empty one among them, then the empty line that ends an answer. */
void reply_write_text(const struct reply *reply, struct text *out);

/* The same as an object, which the caller deletes; with_text: with the lines for people as "text". */
cJSON *reply_json(const struct reply *reply, bool with_text);

/* One JSON object on one line, then the empty line. with_text: with the lines for people as "text". */
void reply_write_json(const struct reply *reply, bool with_text, struct text *out);

#endif
