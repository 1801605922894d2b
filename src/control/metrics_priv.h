/* Everything /metrics says, family by family. Reads atomics of the workers, changes nothing. Thread: control. */
#ifndef CONTROL_METRICS_PRIV_H
#define CONTROL_METRICS_PRIV_H

#include "control/admin.h"

struct tally;
struct text;

void metrics_write(const struct control_room *room, const struct tally *tally, struct text *out);

#endif
