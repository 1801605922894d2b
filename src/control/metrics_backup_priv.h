/* Snapshots in /metrics. Called by metrics.c. Thread: control. */
#ifndef CONTROL_METRICS_BACKUP_PRIV_H
#define CONTROL_METRICS_BACKUP_PRIV_H

struct control_room;
struct text;

void metrics_backup_write(const struct control_room *room, struct text *out);

#endif
