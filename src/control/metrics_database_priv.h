/* What /metrics says about databases. Thread: control. */
#ifndef CONTROL_METRICS_DATABASE_PRIV_H
#define CONTROL_METRICS_DATABASE_PRIV_H

struct control_room;
struct text;

void metrics_database_write(const struct control_room *room, struct text *out);

#endif
