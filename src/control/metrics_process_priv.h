/* process_*: what every Prometheus client says about its own process. Thread: control. */
#ifndef CONTROL_METRICS_PROCESS_PRIV_H
#define CONTROL_METRICS_PROCESS_PRIV_H

#include <stdint.h>

struct text;

void metrics_process_write(uint64_t started_wall_us, struct text *out);

#endif
