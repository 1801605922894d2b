/*
 * What `status` says of a slot that still holds the release from before the last switch. Control thread.
 */
#ifndef CONTROL_LAGGARDS_PRIV_H
#define CONTROL_LAGGARDS_PRIV_H

#include <cjson/cJSON.h>

#include "control/admin.h"
#include "control/args_priv.h"

struct text;

/* `behind` (service, slot, version, live, live_version, age_seconds, due) for each such service of the path, and a line
 * for each that is due. */
void laggards_add(const struct control_room *room, const struct args_path *path, struct text *out,
                  cJSON *result);

#endif
