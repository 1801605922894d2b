/* What control may ask of the daemon: see daemon_room.h. */
#include "app/daemon_room.h"

#include <string.h>

#include "app/crew.h"
#include "app/daemon_priv.h"
#include "app/doors.h"
#include "app/notary.h"
#include "app/trust.h"
#include "app/vault.h"
#include "base/clock.h"
#include "base/ring.h"
#include "base/scribe.h"
#include "config/config.h"
#include "control/stats.h"
#include "deploy/deploy.h"
#include "net/lag.h"
#include "net/wheel.h"
#include "pilot/pilot.h"

static void sum_stats(void *arg, struct control_stats *out)
{
    struct daemon *daemon = arg;

    memset(out, 0, sizeof *out);
    crew_sum(daemon->crew, out);
    for (unsigned i = 0; i < daemon->ring_count; i++)
        out->access_dropped += ring_dropped(daemon->rings[i]);
    out->is_stopping = daemon->drain_until_us != 0;
    if (daemon->scribe != NULL)
        out->log_errors = scribe_counts(daemon->scribe).write_errors;
}

static int reload_tls(void *arg, char *words, unsigned words_size)
{
    struct daemon *daemon = arg;

    return trust_reload(daemon->trust, daemon->vault, deploy_config(daemon->deploy), words,
                        words_size);
}

static void list_tls(void *arg, tls_list_fn *fn, void *fn_arg)
{
    struct daemon *daemon = arg;

    vault_each(daemon->vault, fn, fn_arg);
}

static void list_crls(void *arg, tls_crl_fn *fn, void *fn_arg)
{
    struct daemon *daemon = arg;

    vault_each_crl(daemon->vault, fn, fn_arg);
    trust_each_crl(daemon->trust, fn, fn_arg);
}

static void list_listeners(void *arg, listener_list_fn *fn, void *fn_arg)
{
    struct daemon *daemon = arg;

    doors_each(daemon->doors, deploy_config(daemon->deploy), fn, fn_arg);
}

static const char *read_lag(void *arg, unsigned index, struct lag_totals *out)
{
    struct daemon *daemon = arg;

    if (index > crew_size(daemon->crew))
        return NULL;
    lag_read(index == 0 ? wheel_lag(daemon->pulse) : crew_lag(daemon->crew, index - 1), out);
    return index == 0 ? "control" : crew_name(daemon->crew, index - 1);
}

static void list_work(void *arg, struct ledger *ledger, void (*done)(void *done_arg),
                      void *done_arg)
{
    struct daemon *daemon = arg;

    crew_list(daemon->crew, ledger, done, done_arg);
}

static void on_quit_command(void *arg, bool now)
{
    struct daemon *daemon = arg;

    daemon_begin_shutdown(daemon, now ? 0 : deploy_config(daemon->deploy)->shutdown.requests);
}

struct control_room daemon_room(struct daemon *daemon)
{
    return (struct control_room){
        .loop = daemon->loop,
        .deploy = daemon->deploy,
        .health = daemon->health,
        .pilot = daemon->pilot,
        .casebook = pilot_casebook(daemon->pilot),
        .signals = pilot_signals(daemon->pilot),
        .deployments = pilot_deployments(daemon->pilot),
        .backup = daemon->backup,
        .store = daemon->store,
        .audit = notary_trail(daemon->notary),
        .audit_patience_us = deploy_config(daemon->deploy)->audit.patience,
        .identity = daemon->identity,
        .outbox = daemon->outbox,
        .started_wall_us = clock_wall_us(),
        .quit = on_quit_command,
        .stats = sum_stats,
        .list = list_work,
        .tls_reload = reload_tls,
        .tls_list = list_tls,
        .tls_crls = list_crls,
        .verbs = daemon->verbs,
        .listeners = list_listeners,
        .lag = read_lag,
        .arg = daemon,
    };
}
