/*
 * A world with an admin socket, and a client that asks it one line at a time: what tests of command families share.
 * One at a time (it is one per process). Suites name asker_start and asker_stop as their init and fini.
 */
#ifndef TESTS_ASKER_H
#define TESTS_ASKER_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/text.h"
#include "unit/control/world.h"

extern struct world asker_world;
extern struct text asker_out;    /* the last answer, with its empty line */
extern struct text asker_logged; /* log lines so far */

extern void (*asker_furnish)(
    void); /* NULL, or puts more into the world's room before the socket is opened */

void asker_start(void);
void asker_stop(void);

/* Sends bytes (lines) on a connection of its own; the whole answer with its empty line, also in asker_out. */
const char *ask(const char *lines);
bool ask_has(const char *part); /* in the last answer */

/* The answer to a json line, parsed; the caller deletes it. */
cJSON *ask_json(const char *lines);
int json_code(const cJSON *json);
const cJSON *json_result(const cJSON *json, const char *key); /* member of "result" */
const char *json_text(const cJSON *json, const char *key);    /* "" : not there, or no text */
double json_number(const cJSON *json, const char *key);       /* -1: not there */

/* The last change that was submitted; CHECKs that there is one more than before. */
const struct change *ask_change(const char *lines);

/* The line is refused as a usage error (or with another outcome) whose first line holds `words`; nothing is
 * submitted. */
void ask_refused(const char *lines, enum outcome outcome, const char *words);

#endif
