/* The metrics of the API's own TLS; the rest of what it does is counted with the commands. Thread: control. */
#ifndef CONTROL_METRICS_API_PRIV_H
#define CONTROL_METRICS_API_PRIV_H

struct api_tls_counts;
struct text;

void metrics_api_write(const struct api_tls_counts *counts, struct text *out);

#endif
