/*
 * What a command answered, over HTTP: its outcome and fault as a status, and the JSON of the admin socket with a
 * hint where to look next. Thread: control.
 */
#ifndef CONTROL_API_ANSWER_PRIV_H
#define CONTROL_API_ANSWER_PRIV_H

#include <stdbool.h>

#include "control/api_exchange_priv.h"
#include "control/reply_priv.h"

/* 200 done (or volatile), 400 usage, 401 and 403 not allowed, 404 unknown name, 409 conflict, 412 other epoch, 422 a
 * gate, 423 locked, 503 stopping or not durable, 504 too late, 500 the rest. */
int api_answer_status(const struct reply *reply, bool is_anonymous);

/* Answers the exchange. */
void api_answer(struct api_exchange *exchange, const struct reply *reply);

/* The body alone, one object and a line feed. */
void api_answer_write(const struct reply *reply, int status, struct text *out);

#endif
