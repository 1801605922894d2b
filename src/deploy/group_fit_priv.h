/* Groups among decisions that were fitted to a configuration service by service. Control thread. */
#ifndef DEPLOY_GROUP_FIT_PRIV_H
#define DEPLOY_GROUP_FIT_PRIV_H

#include "config/config.h"

struct decisions;
struct report;
struct state_service;

/* `out` has one service of its own per configured one, in that order; `was` has what each was made from, NULL: it is
 * new. */
void group_fit(const struct config *config, const struct state_service *const *was,
               struct decisions *out, struct report *report);

#endif
