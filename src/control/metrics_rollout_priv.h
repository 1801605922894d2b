/* What /metrics says about rollouts. Thread: control. */
#ifndef CONTROL_METRICS_ROLLOUT_PRIV_H
#define CONTROL_METRICS_ROLLOUT_PRIV_H

struct control_room;
struct text;

void metrics_rollout_write(const struct control_room *room, struct text *out);

#endif
