/*
 * The commands that run for clients of the API: so many at a time, each waited for or not. What is not waited for (any
 * more) goes on under a number, and its answer is kept for a while. Owner: the api. Thread: control.
 */
#ifndef CONTROL_API_CALL_PRIV_H
#define CONTROL_API_CALL_PRIV_H

#include <stdint.h>

#include "control/api_exchange_priv.h"
#include "control/api_words_priv.h"

/* Whoever only reads does not get the last places: a rollback has to get through a crowd that waits. */
enum {
    API_CALLS_MAX = 22,
    API_READS_MAX = 18,
    API_OPERATIONS = 64,
    API_OPERATION_BYTES = 64 * 1024
};

struct api_calls;
struct control_room;

struct api_calls *api_calls_new(const struct control_room *room);
void api_calls_free(struct api_calls *calls); /* after its clients */

/* Runs the command and answers the exchange: when it is done, or after wait_us with the number of the operation. Words
 * are copied. */
enum { API_WAIT_FOREVER = -1 };
void api_calls_run(struct api_calls *calls, struct api_exchange *exchange,
                   const struct api_words *words, int64_t wait_us);

/* Answers with what became of the operation of that number. */
void api_calls_tell(struct api_calls *calls, struct api_exchange *exchange, const char *id);

/* How many run now. */
unsigned api_calls_count(const struct api_calls *calls);

#endif
