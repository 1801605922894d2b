/* What /metrics says about webhooks and hooks. Thread: control. */
#ifndef CONTROL_METRICS_WEBHOOK_PRIV_H
#define CONTROL_METRICS_WEBHOOK_PRIV_H

struct control_room;
struct text;

void metrics_webhook_write(const struct control_room *room, struct text *out);

#endif
