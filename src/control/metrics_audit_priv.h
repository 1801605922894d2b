/* The audit trail in /metrics. Thread: control. */
#ifndef CONTROL_METRICS_AUDIT_PRIV_H
#define CONTROL_METRICS_AUDIT_PRIV_H

struct control_room;
struct text;

void metrics_audit_write(const struct control_room *room, struct text *out);

#endif
