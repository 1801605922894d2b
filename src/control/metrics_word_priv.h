/* What /metrics says about the gates of databases, contracts and replication. Thread: control. */
#ifndef CONTROL_METRICS_WORD_PRIV_H
#define CONTROL_METRICS_WORD_PRIV_H

struct deploy;
struct text;

void metrics_word_write(const struct deploy *deploy, struct text *out);

#endif
