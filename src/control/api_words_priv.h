/*
 * From a request to the words of a command: what the path names, what the body (or the query) says, and the header
 * fields that stand for options. Members that are no words of the route become options: "confirm_within": "5m" is
 * --confirm-within=5m. Control bytes are refused, as on the admin socket. Pure, any thread.
 */
#ifndef CONTROL_API_WORDS_PRIV_H
#define CONTROL_API_WORDS_PRIV_H

#include <cjson/cJSON.h>

#include "base/check.h"
#include "control/api_exchange_priv.h"

enum { API_WORDS_MAX = 64 };

struct command;

struct api_words_input {
    const struct api_exchange *exchange; /* path and header fields */
    const struct command *command;
    const char *words;        /* of the route */
    const cJSON *members;     /* an object, or NULL */
    const char *only_service; /* what {service} is when nobody says; NULL: it must be said */
};

struct api_words {
    char *words[API_WORDS_MAX]; /* the command's name in front; owned */
    unsigned count;
    const char *lines; /* of a command that takes lines; borrowed from the members; NULL: none */
    char problem[240];
};

/* ERR_INVALID: out->problem says why. Ends by api_words_fini in any case. */
MUST_CHECK int api_words_build(const struct api_words_input *input, struct api_words *out);
void api_words_fini(struct api_words *words);

/* {"command": "switch", "args": {"words": ["shop"], "to": "green"}}: the command and its members. */
MUST_CHECK int api_words_build_any(const struct api_exchange *exchange, const cJSON *body,
                                   struct api_words *out);

/* The same as what `plan` tries. */
MUST_CHECK int api_words_build_plan(const struct api_exchange *exchange, const cJSON *body,
                                    struct api_words *out);

/* A query as an object of texts, and lists of texts for what is there several times; NULL: it is none. */
cJSON *api_words_query(struct slice query);

/* If-Match as a number; *has: it is there and no "*". False: it is no epoch in quotes. */
bool api_words_if_match(const struct head *head, bool *has, uint64_t *epoch);

#endif
