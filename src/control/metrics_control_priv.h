/* The program, its threads, its doors and commands, and what is left of a way back, in /metrics. Thread: control. */
#ifndef CONTROL_METRICS_CONTROL_PRIV_H
#define CONTROL_METRICS_CONTROL_PRIV_H

struct control_room;
struct control_stats;
struct text;

void metrics_control_write(const struct control_room *room, struct text *out);
void metrics_control_write_connections(const struct control_room *room,
                                       const struct control_stats *stats, struct text *out);

#endif
