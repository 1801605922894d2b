/* What is on trial and how it is judged, as metrics. Thread: control. */
#ifndef CONTROL_METRICS_JUDGEMENT_PRIV_H
#define CONTROL_METRICS_JUDGEMENT_PRIV_H

struct control_room;
struct text;

void metrics_judgement_write(const struct control_room *room, struct text *out);

#endif
