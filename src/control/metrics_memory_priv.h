/* What /metrics says about decisions, signals and drills. Thread: control. */
#ifndef CONTROL_METRICS_MEMORY_PRIV_H
#define CONTROL_METRICS_MEMORY_PRIV_H

struct control_room;
struct text;

void metrics_memory_write(const struct control_room *room, struct text *out);

#endif
