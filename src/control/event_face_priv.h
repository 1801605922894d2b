/*
 * What an event is for people and for configurations: its word (as `events` of the blocks webhook and hook has them), how
 * bad it is, a title and a sentence. Made from the JSON of news_priv.h. Pure, any thread.
 */
#ifndef CONTROL_EVENT_FACE_PRIV_H
#define CONTROL_EVENT_FACE_PRIV_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "config/config_event.h"

struct config;

/* Owner: who made it; ends by event_face_free. Texts are "" where there is none. */
struct event_face {
    cJSON *json;
    char id[40];
    char time[32];
    char kind[16];    /* as published: "change" */
    const char *word; /* "rollback" */
    enum config_severity severity;
    char service[64];
    char title[256];
    char text[1536];
    char key[160]; /* equal for alerts that are told as one; "" : it is no alert */
    uint64_t count;
};

/* ERR_INVALID: it is no event, and there is nothing to free. id NULL: the event's own. */
MUST_CHECK int event_face_make(struct slice json, const char *id, uint64_t count,
                               struct event_face *out);
void event_face_free(struct event_face *face);

/* Whether it is among those that are meant. */
bool event_face_is_meant(const struct event_face *face, const struct config_event_choice *choice,
                         const struct config *config);

const char *event_face_severity(enum config_severity severity); /* "warn" */

#endif
