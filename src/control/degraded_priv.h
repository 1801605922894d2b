/*
 * What `status` says first: services that are not served as they should be and that no move by itself will help,
 * because the live slot is unfit, all of them are, or a rollback is blocked. Control thread.
 */
#ifndef CONTROL_DEGRADED_PRIV_H
#define CONTROL_DEGRADED_PRIV_H

#include <cjson/cJSON.h>

#include "control/admin.h"
#include "control/args_priv.h"

struct text;

/* A line for each such service of the path; `degraded` (is there any) and `degradations` (service, words). */
void degraded_add(const struct control_room *room, const struct args_path *path, struct text *out,
                  cJSON *result);

#endif
