/* See metrics_api_priv.h. api_serve.c calls it, behind metrics_write. */
#include "control/metrics_api_priv.h"

#include <stdio.h>

#include "control/api_priv.h"
#include "control/exposition_priv.h"

void metrics_api_write(const struct api_tls_counts *counts, struct text *out)
{
    struct exposition x = { .out = out };

    exposition_open(&x, "switchyard_api_tls_handshakes_total", EXPOSITION_COUNTER,
                    "Handshakes with clients of the API that succeeded.");
    exposition_u64(&x, "", counts->done);
    exposition_open(&x, "switchyard_api_tls_handshakes_failed_total", EXPOSITION_COUNTER,
                    "Handshakes with clients of the API that failed, by fault.");
    for (unsigned i = FAULT_TLS_HANDSHAKE; i <= FAULT_TLS_PLAIN; i++) {
        char label[64];

        snprintf(label, sizeof label, "fault=\"%s\"", fault_name((enum fault)i));
        exposition_u64(&x, label, counts->failed[i - FAULT_TLS_HANDSHAKE]);
    }
}
