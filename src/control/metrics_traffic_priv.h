/* The part of /metrics about what traffic is steered, held, limited and tunnelled by. Thread: control. */
#ifndef CONTROL_METRICS_TRAFFIC_PRIV_H
#define CONTROL_METRICS_TRAFFIC_PRIV_H

struct deploy;
struct text;

void metrics_traffic_write(const struct deploy *deploy, struct text *out);

#endif
