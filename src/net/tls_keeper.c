/* What a listener keeps of TLS: see net/tls_keeper.h. A context is pinned by its keeper and by each connection. */
#include "net/tls_keeper.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rcu.h"
#include "net/tls_files_priv.h"
#include "net/tls_priv.h"

struct tls_keeper *tls_keeper_new(const char *name)
{
    struct tls_keeper *keeper = mem_zalloc(sizeof *keeper);

    keeper->name = mem_text(name);
    keeper->tickets = tls_tickets_new();
    return keeper;
}

void tls_keeper_free(struct tls_keeper *keeper)
{
    if (keeper == NULL)
        return;
    tls_context_unpin(atomic_load(&keeper->context));
    tls_tickets_free(keeper->tickets);
    free(keeper->name);
    free(keeper);
}

const char *tls_keeper_name(const struct tls_keeper *keeper)
{
    return keeper->name;
}

int tls_keeper_build(struct tls_keeper *keeper, const struct tls_options *options,
                     struct text *words, struct tls_context **out)
{
    return tls_context_make(keeper, options, words, out);
}

void tls_keeper_publish(struct tls_keeper *keeper, struct tls_context *context)
{
    struct tls_context *was = atomic_exchange(&keeper->context, context);

    if (was == NULL)
        return;
    rcu_grace_period(); /* nobody is between reading the pointer and pinning any more */
    tls_context_unpin(was);
}

const struct tls_context *tls_keeper_context(const struct tls_keeper *keeper)
{
    return atomic_load(&keeper->context);
}

struct tls_context *tls_keeper_pin(struct tls_keeper *keeper)
{
    struct tls_context *context = NULL;

    rcu_read_begin();
    context = atomic_load(&keeper->context);
    atomic_fetch_add_explicit(&context->pins, 1, memory_order_relaxed);
    rcu_read_end();
    return context;
}

void tls_keeper_rotate(struct tls_keeper *keeper)
{
    tls_tickets_rotate(keeper->tickets);
}

uint64_t tls_keeper_stamp(const struct tls_options *options)
{
    uint64_t stamp =
        tls_files_stamp(options->certificates, options->certificate_count, options->client_ca);

    return options->client_crl != NULL ? tls_files_add_stamp(stamp, options->client_crl) : stamp;
}
