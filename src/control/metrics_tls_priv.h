/* What /metrics says about TLS: ends of certificates, handshakes. Thread: control. */
#ifndef CONTROL_METRICS_TLS_PRIV_H
#define CONTROL_METRICS_TLS_PRIV_H

struct control_room;
struct control_stats;
struct text;

void metrics_tls_write(const struct control_room *room, const struct control_stats *stats,
                       struct text *out);

#endif
