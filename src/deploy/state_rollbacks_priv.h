/*
 * The book of automatic rollbacks (evidence/book.h) as a part of a service in the state: {"rollbacks":[ms, …],
 * "blocked":["v2", …]}, absent while it is empty. Pure.
 */
#ifndef DEPLOY_STATE_ROLLBACKS_PRIV_H
#define DEPLOY_STATE_ROLLBACKS_PRIV_H

#include <stdbool.h>

#include "base/check.h"
#include "base/text.h"
#include "evidence/book.h"

struct cJSON;

bool state_rollbacks_is_empty(const struct book *book);

/* As a further member of an object that has one already. */
void state_rollbacks_encode(const struct book *book, struct text *out);

/* Of the service; without a book it is empty. */
MUST_CHECK int state_rollbacks_decode(const struct cJSON *service, struct book *out);

#endif
