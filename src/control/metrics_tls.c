/* See metrics_tls_priv.h. */
#include "control/metrics_tls_priv.h"

#include <stdio.h>

#include "base/fault.h"
#include "control/admin.h"
#include "control/exposition_priv.h"
#include "control/stats.h"
#include "net/tls_crl.h"
#include "net/tls_keeper.h"

enum { LABELS_MAX = 4096 };

static void write_name(struct exposition *x, const char *listener, const char *name,
                       const struct tls_cert_view *cert)
{
    struct text labels;

    text_init(&labels, LABELS_MAX);
    exposition_label(&labels, "sni", name);
    exposition_label(&labels, "listener", listener);
    exposition_label(&labels, "file", cert->file);
    exposition_u64(x, labels.bytes, (uint64_t)cert->not_after_s);
    text_fini(&labels);
}

static void write_certificate(void *arg, const char *listener, const struct tls_cert_view *cert)
{
    for (size_t i = 0; i < cert->name_count; i++)
        write_name(arg, listener, cert->names[i], cert);
    if (cert->name_count == 0)
        write_name(arg, listener, "", cert);
}

static void write_crl(void *arg, const char *used_by, const struct tls_crl_view *crl)
{
    struct text labels;

    if (crl->not_after_s == 0)
        return;
    text_init(&labels, LABELS_MAX);
    exposition_label(&labels, "used_by", used_by);
    exposition_label(&labels, "issuer", crl->issuer);
    exposition_label(&labels, "file", crl->file);
    exposition_u64(arg, labels.bytes, (uint64_t)crl->not_after_s);
    text_fini(&labels);
}

void metrics_tls_write(const struct control_room *room, const struct control_stats *stats,
                       struct text *out)
{
    struct exposition x = { .out = out };

    exposition_open(&x, "switchyard_tls_cert_not_after_timestamp_seconds", EXPOSITION_GAUGE,
                    "When the certificate for a name ends, in seconds since 1970.");
    if (room->tls_list != NULL)
        room->tls_list(room->arg, write_certificate, &x);
    exposition_open(&x, "switchyard_tls_crl_next_update_timestamp_seconds", EXPOSITION_GAUGE,
                    "When a list of revoked certificates ends, in seconds since 1970; until there "
                    "is a newer one all of its authority are refused then.");
    if (room->tls_crls != NULL)
        room->tls_crls(room->arg, write_crl, &x);
    exposition_open(&x, "switchyard_tls_handshakes_total", EXPOSITION_COUNTER,
                    "Handshakes with clients that succeeded: full ones and resumed sessions.");
    exposition_u64(&x, "session=\"full\"", stats->tls_handshakes - stats->tls_resumed);
    exposition_u64(&x, "session=\"resumed\"", stats->tls_resumed);
    exposition_open(&x, "switchyard_target_tls_handshakes_total", EXPOSITION_COUNTER,
                    "Handshakes with targets that succeeded: full ones and resumed sessions.");
    exposition_u64(&x, "session=\"full\"", stats->dials - stats->dials_resumed);
    exposition_u64(&x, "session=\"resumed\"", stats->dials_resumed);
    exposition_open(&x, "switchyard_tls_handshakes_failed_total", EXPOSITION_COUNTER,
                    "Handshakes with clients that failed, by fault.");
    for (unsigned i = FAULT_TLS_HANDSHAKE; i <= FAULT_TLS_PLAIN; i++) {
        char label[64];

        snprintf(label, sizeof label, "fault=\"%s\"", fault_name((enum fault)i));
        exposition_u64(&x, label, stats->tls_failed[i]);
    }
}
