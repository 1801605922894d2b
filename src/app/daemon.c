/*
 * Start order: configuration, logs, state (deploy), workers, admin socket, API, listeners. Clients wait in
 * the accept queues until the first health verdicts are in, one second at most. The end goes the other way.
 */
#include "app/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/backups.h"
#include "app/bulletin.h"
#include "app/crew.h"
#include "app/daemon_priv.h"
#include "app/daemon_room.h"
#include "app/databases.h"
#include "app/doors.h"
#include "app/front.h"
#include "app/heirloom.h"
#include "app/logs.h"
#include "app/notary.h"
#include "app/notify.h"
#include "app/ports.h"
#include "app/privacy.h"
#include "app/trust.h"
#include "app/vault.h"
#include "backup/backup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "base/scribe.h"
#include "base/text.h"
#include "config/config.h"
#include "config/dump.h"
#include "config/loader.h"
#include "config/report.h"
#include "control/actions.h"
#include "control/admin.h"
#include "control/api.h"
#include "control/charts.h"
#include "control/identity.h"
#include "control/news.h"
#include "control/outbox.h"
#include "control/verbs.h"
#include "deploy/deploy.h"
#include "health/health.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/timer.h"
#include "net/wheel.h"
#include "pilot/pilot.h"
#include "route/target.h"
#include "store/store.h"

enum {
    EXIT_STATE = 78,
    POLL_MS = 20,
    LIMITS_MS = 1000,
    FIRST_VERDICTS_MS = 1000,
    IDLE_GRACE_US = 500000,
    INTERRUPT_DRAIN_US = 5000000,
    TUNNELS_END_US = 1500000,
    REPORT_BYTES = 65536
};

static void print_report(const struct report *report)
{
    struct text text;

    text_init(&text, REPORT_BYTES);
    report_print(report, &text);
    if (text.len > 0)
        fwrite(text.bytes, 1, text.len, stderr);
    text_fini(&text);
}

static void on_cancel(void *arg)
{
    struct daemon *daemon = arg;

    doors_cancel(daemon->doors);
    vault_cancel(daemon->vault);
    trust_cancel(daemon->trust);
    identity_cancel(daemon->identity);
    outbox_cancel(daemon->outbox);
}

static int on_prepare(void *arg, const struct config *config, char *words, unsigned words_size)
{
    struct daemon *daemon = arg;

    int err = doors_prepare(daemon->doors, config, words, words_size);

    if (err != ERR_OK)
        return err;
    err = vault_prepare(daemon->vault, config, words, words_size);
    if (err == ERR_OK)
        err = trust_prepare(daemon->trust, config, words, words_size);
    if (err == ERR_OK)
        err = identity_prepare(daemon->identity, &config->api, words, words_size);
    if (err == ERR_OK)
        err = outbox_prepare(daemon->outbox, config, words, words_size);
    if (err != ERR_OK)
        on_cancel(daemon);
    return err;
}

static void on_commit(void *arg, const struct config *config)
{
    struct daemon *daemon = arg;

    trust_commit(daemon->trust, config);
    identity_commit(daemon->identity);
    vault_commit(daemon->vault, config);
    doors_commit(daemon->doors, config);
    crew_tune(daemon->crew, config);
    pilot_reconfigure(daemon->pilot);
    backups_configure(daemon->backup, config);
    databases_apply(daemon->store, config);
    outbox_commit(daemon->outbox, config);
    log_set_level(config->log.level);
    ports_write(daemon->run_dir, daemon->doors, daemon->api);
}

static void evict(void *arg, struct target *target, bool busy, void (*done)(void *done_arg),
                  void *done_arg)
{
    struct daemon *daemon = arg;

    crew_evict(daemon->crew, target, busy, done, done_arg);
}

static struct tls_dialer *find_dialer(void *arg, const char *service, const char *slot)
{
    struct daemon *daemon = arg;

    return trust_dialer(daemon->trust, service, slot);
}

static void on_published(void *arg)
{
    struct daemon *daemon = arg;

    crew_kick(daemon->crew);
}

static void warm(void *arg, struct target *target, unsigned count,
                 void (*done)(void *done_arg, unsigned open), void *done_arg)
{
    struct daemon *daemon = arg;

    crew_warm(daemon->crew, target, count, done, done_arg);
}

static void drain_tunnels(void *arg, const struct tunnel_drain *order)
{
    struct daemon *daemon = arg;

    crew_drain_tunnels(daemon->crew, order);
}

static void on_settled(void *arg, const struct change *change, const struct change_result *result)
{
    struct daemon *daemon = arg;

    notary_settled(daemon->notary, daemon->deploy, change, result);
}

static const struct deploy_ops deploy_hooks = {
    .settled = on_settled,
    .evict = evict,
    .dialer = find_dialer,
    .published = on_published,
    .warm = warm,
    .drain_tunnels = drain_tunnels,
    .prepare = on_prepare,
    .commit = on_commit,
    .cancel = on_cancel,
};

static void on_verdict(void *arg, struct target *target, enum verdict was, enum verdict is,
                       const char *words)
{
    struct daemon *daemon = arg;

    if (daemon->news != NULL)
        news_verdict(daemon->news, target, was, is, words);
    LOG_INFO("verdict", "service=%s slot=%s target=%s %s -> %s, because %s",
             target->slot->service->name, target->slot->name, target->name, verdict_name(was),
             verdict_name(is), words);
}

static const struct health_ops health_hooks = { .on_verdict = on_verdict };

/* Sessions end, then the loop; a session that does not end in time is cut. */
static void on_draining(void *arg)
{
    struct daemon *daemon = arg;
    uint64_t left = crew_sessions(daemon->crew);

    if (left > 0 && clock_monotonic_us() < daemon->drain_until_us) {
        timer_arm(daemon->draining, POLL_MS);
        return;
    }
    if (!daemon->is_ending_tunnels && crew_tunnels(daemon->crew) > 0) {
        LOG_INFO("shutdown", "tunnels=%llu are ended",
                 (unsigned long long)crew_tunnels(daemon->crew));
        daemon->is_ending_tunnels = true;
        daemon->drain_until_us = clock_monotonic_us() + TUNNELS_END_US;
        crew_end_tunnels(daemon->crew);
        timer_arm(daemon->draining, POLL_MS);
        return;
    }
    if (left > 0)
        LOG_WARN("shutdown", "deadline passed, %llu connections are cut", (unsigned long long)left);
    loop_stop(daemon->loop);
}

void daemon_begin_shutdown(struct daemon *daemon, uint64_t drain_us)
{
    if (daemon->drain_until_us != 0 || drain_us == 0) {
        LOG_INFO("shutdown", "now");
        notify_send(daemon->notify, "STOPPING=1\n");
        loop_stop(daemon->loop);
        return;
    }
    LOG_INFO("shutdown", "draining=%lluus", (unsigned long long)drain_us);
    daemon->drain_until_us = clock_monotonic_us() + drain_us;
    bulletin_tell(daemon);
    deploy_stop(daemon->deploy);
    timer_disarm(daemon->opening);
    crew_drain(daemon->crew, IDLE_GRACE_US);
    timer_arm(daemon->draining, POLL_MS);
}

static void on_reloaded(void *arg, const struct change_result *result)
{
    struct daemon *daemon = arg;

    notify_ready(daemon->notify); /* refused or not: it goes on */
    if (result->outcome == OUTCOME_DONE)
        LOG_INFO("reload", "epoch=%llu %s", (unsigned long long)result->epoch, result->words);
    else
        LOG_WARN("reload", "refused, nothing changed: %s", result->words);
}

static void on_signal(void *arg, int number)
{
    struct daemon *daemon = arg;
    uint64_t drain_us = deploy_config(daemon->deploy)->shutdown.requests;
    struct change change = { .kind = CHANGE_RELOAD };

    if (number == SIGTERM || number == SIGINT || number == SIGQUIT)
        notary_stopping(daemon->notary, number);
    switch (number) {
    case SIGTERM: daemon_begin_shutdown(daemon, drain_us > 0 ? drain_us : 1); break;
    case SIGINT:
        daemon_begin_shutdown(daemon,
                              drain_us < INTERRUPT_DRAIN_US ? drain_us : INTERRUPT_DRAIN_US);
        break;
    case SIGQUIT: daemon_begin_shutdown(daemon, 0); break;
    case SIGUSR1:
        scribe_reopen(daemon->scribe);
        LOG_INFO("reopen", "logs=reopened");
        break;
    case SIGHUP:
        snprintf(change.actor, sizeof change.actor, "signal=HUP");
        notify_reloading(daemon->notify);
        deploy_submit(daemon->deploy, &change, on_reloaded, daemon);
        break;
    default: break;
    }
}

static void open_doors(struct daemon *daemon)
{
    vault_commit(daemon->vault, deploy_config(daemon->deploy));
    doors_commit(daemon->doors, deploy_config(daemon->deploy));
    daemon->are_doors_open = true;
    heirloom_free(daemon->heirloom); /* no listener of the configuration wanted what is left */
    daemon->heirloom = NULL;
    ports_write(daemon->run_dir, daemon->doors, daemon->api);
    LOG_INFO("ready", "epoch=%llu workers=%u",
             (unsigned long long)snapshot_epoch(snapshot_current()), crew_size(daemon->crew));
}

/* The doors open when the first verdicts are in, or a second has gone by; ready is who has both. */
static void on_opening(void *arg)
{
    struct daemon *daemon = arg;
    uint64_t waited_us = clock_monotonic_us() - daemon->started_us;
    bool is_known = health_all_known(daemon->health);

    if (!daemon->are_doors_open && (is_known || waited_us > FIRST_VERDICTS_MS * 1000u))
        open_doors(daemon);
    if (!daemon->are_doors_open || !is_known) {
        timer_arm(daemon->opening, daemon->are_doors_open ? POLL_MS : POLL_MS / 4);
        return;
    }
    daemon->is_ready = true;
    bulletin_tell(daemon);
    notify_ready(daemon->notify);
}

static void on_limits(void *arg)
{
    struct daemon *daemon = arg;

    crew_check_limits(daemon->crew, deploy_config(daemon->deploy));
    bulletin_tell(daemon);
    trust_watch(daemon->trust, deploy_config(daemon->deploy));
    timer_arm(daemon->limits, LIMITS_MS);
}

static int make_run_dir(struct daemon *daemon)
{
    daemon->run_dir = mem_text(daemon->config->run_dir);
    if (mkdir(daemon->run_dir, 0750) == 0 || errno == EEXIST)
        return ERR_OK;
    fprintf(stderr, "switchyard: cannot make run_dir %s: %s\n", daemon->run_dir, strerror(errno));
    return ERR_IO;
}

static int start_deploy(struct daemon *daemon)
{
    struct deploy_options options = {
        .loop = daemon->loop,
        .health = daemon->health,
        .resolver = daemon->resolver,
        .ops = &deploy_hooks,
        .ops_arg = daemon,
        .databases = &databases_for_deploy,
        .databases_arg = daemon->store,
        .config_path = daemon->options->config_path,
        .worker_count = crew_size(daemon->crew),
        .accept_empty_state = daemon->options->accept_empty_state,
    };
    struct report report;
    struct config *config = daemon->config;
    int err = ERR_OK;

    report_init(&report);
    daemon->config = NULL; /* taken, also when it fails */
    err = deploy_new(&options, config, &report, &daemon->deploy);
    print_report(&report);
    report_fini(&report);
    return err;
}

static bool find_front(void *arg, unsigned service_index, struct pilot_front *out)
{
    struct daemon *daemon = arg;
    struct front_rooms rooms = {
        .config = deploy_config(daemon->deploy),
        .crew = daemon->crew,
        .doors = daemon->doors,
        .trust = daemon->trust,
        .vault = daemon->vault,
    };

    return front_find(&rooms, service_index, out);
}

static int start_pilot(struct daemon *daemon)
{
    struct pilot_options options = {
        .loop = daemon->loop,
        .deploy = daemon->deploy,
        .health = daemon->health,
        .worker_count = crew_size(daemon->crew),
        .state_dir = deploy_config(daemon->deploy)->state_dir,
        .front = find_front,
        .arg = daemon,
    };
    char words[512] = "";
    int err = pilot_new(&options, words, sizeof words, &daemon->pilot);

    if (err != ERR_OK)
        fprintf(stderr, "switchyard: %s\n", words);
    return err;
}

/* The admin socket that was opened for us, by its name or its path; -1: none. */
static int take_admin(struct daemon *daemon, const char *path)
{
    struct address address;
    char *text = mem_format("unix:%s", path);
    bool is_address = address_parse(slice_from(text), &address) == ERR_OK;

    free(text);
    return heirloom_take(daemon->heirloom, "admin", is_address ? &address : NULL);
}

static int start_control(struct daemon *daemon)
{
    const struct config *config = deploy_config(daemon->deploy);
    struct control_room room = daemon_room(daemon);
    char *path = mem_format("%s/admin.sock", daemon->run_dir);
    struct address address;
    int fd = -1;
    int err = ERR_OK;

    room.news = daemon->news = news_new(&room);
    room.actions = daemon->actions = actions_new(&room);
    room.charts = daemon->charts = charts_new(daemon->loop);
    outbox_listen(daemon->outbox, daemon->news);
    fd = take_admin(daemon, path);
    if (fd >= 0)
        err = admin_new_open(&room, fd, &config->admin, &daemon->admin);
    else
        err = admin_new(&room, path, &config->admin, &daemon->admin);
    if (err != ERR_OK)
        fprintf(stderr, "switchyard: admin socket %s: %s (%s)\n", path, err_name(err),
                strerror(errno));
    free(path);
    if (err != ERR_OK || config->api.bind.text == NULL)
        return err;
    err = address_from_endpoint(&config->api.bind.endpoint, &address);
    if (err == ERR_OK)
        err = api_new(&room, &address, &daemon->api);
    if (err != ERR_OK)
        fprintf(stderr, "switchyard: api.bind %s: %s (%s)\n", config->api.bind.text, err_name(err),
                strerror(errno));
    return err;
}

/* After deploy, which makes the folder; before anybody can command. */
static int start_notary(struct daemon *daemon)
{
    char words[512] = "";
    int err = notary_new(daemon->loop, deploy_config(daemon->deploy), words, sizeof words,
                         &daemon->notary);

    if (err != ERR_OK)
        fprintf(stderr, "switchyard: %s\n", words);
    return err;
}

static void watch_signals(struct daemon *daemon)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        loop_on_signal(daemon->loop, numbers[i], on_signal, daemon);
}

/* Everything up to the running loop; an exit status. */
static int start(struct daemon *daemon)
{
    char words[512] = "";
    int err = make_run_dir(daemon);

    if (err != ERR_OK || logs_start(daemon) != ERR_OK)
        return EXIT_FAILURE;
    privacy_apply(daemon->config);
    daemon->loop = loop_new();
    daemon->notify = notify_new(daemon->loop);
    daemon->heirloom = heirloom_new();
    daemon->pulse = wheel_new(daemon->loop);
    daemon->verbs = verbs_new();
    daemon->resolver = resolver_new(daemon->loop);
    daemon->health = health_new(daemon->loop, &health_hooks, daemon);
    daemon->crew = crew_new(daemon->loop, daemon->config, daemon->rings);
    daemon->store = store_new(daemon->loop);
    daemon->outbox = outbox_new(daemon->loop, daemon->config->state_dir);
    daemon->vault = vault_new(daemon->loop);
    daemon->trust = trust_new();
    daemon->doors = doors_new(daemon->crew, daemon->vault, daemon->heirloom);
    daemon->opening = timer_new(daemon->loop, on_opening, daemon);
    daemon->limits = timer_new(daemon->loop, on_limits, daemon);
    daemon->draining = timer_new(daemon->loop, on_draining, daemon);
    err = trust_prepare(daemon->trust, daemon->config, words, sizeof words); /* probes come first */
    if (err == ERR_OK)
        err = identity_new(&daemon->config->api, words, sizeof words, &daemon->identity);
    if (err != ERR_OK) {
        fprintf(stderr, "switchyard: %s\n", words);
        return EXIT_FAILURE;
    }
    trust_commit(daemon->trust, daemon->config);
    err = start_deploy(daemon);
    if (err != ERR_OK)
        return err == ERR_CORRUPT || err == ERR_VERSION ? EXIT_STATE : EXIT_FAILURE;
    if (on_prepare(daemon, deploy_config(daemon->deploy), words, sizeof words) != 0) {
        fprintf(stderr, "switchyard: %s\n", words);
        return EXIT_FAILURE;
    }
    databases_apply(daemon->store, deploy_config(daemon->deploy));
    outbox_commit(daemon->outbox, deploy_config(daemon->deploy));
    if (start_notary(daemon) != ERR_OK)
        return EXIT_FAILURE;
    if (start_pilot(daemon) != ERR_OK ||
        backups_new(daemon->loop, deploy_config(daemon->deploy), &daemon->backup) != ERR_OK ||
        start_control(daemon) != ERR_OK)
        return EXIT_FAILURE;
    deploy_use_backup(daemon->deploy, daemon->backup);
    watch_signals(daemon);
    notary_started(daemon->notary, daemon->deploy);
    crew_start(daemon->crew);
    daemon->started_us = clock_monotonic_us();
    timer_arm(daemon->opening, 1);
    timer_arm(daemon->limits, LIMITS_MS);
    return EXIT_SUCCESS;
}

static void stop(struct daemon *daemon)
{
    api_free(daemon->api);
    admin_free(daemon->admin);
    if (daemon->deploy != NULL)
        deploy_use_backup(daemon->deploy, NULL);
    backup_free(daemon->backup);
    actions_free(daemon->actions);
    charts_free(daemon->charts);
    identity_free(daemon->identity);
    crew_free(daemon->crew);
    resolver_free(daemon->resolver);
    pilot_free(daemon->pilot);
    if (daemon->deploy != NULL)
        deploy_free(daemon->deploy);
    notary_free(daemon->notary);
    store_free(daemon->store);
    health_free(daemon->health);
    outbox_free(daemon->outbox);
    news_free(daemon->news);
    if (daemon->run_dir != NULL)
        ports_remove(daemon->run_dir);
    doors_free(daemon->doors);
    vault_free(daemon->vault);
    trust_free(daemon->trust);
    timer_free(daemon->opening);
    timer_free(daemon->limits);
    timer_free(daemon->draining);
    wheel_free(daemon->pulse);
    verbs_free(daemon->verbs);
    notify_free(daemon->notify);
    heirloom_free(daemon->heirloom);
    loop_free(daemon->loop);
    if (daemon->scribe != NULL)
        logs_stop(daemon);
    config_free(daemon->config);
    free(daemon->run_dir);
}

static void raise_limits(void)
{
    struct rlimit limit = { 0, 0 };

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int daemon_run(const struct daemon_options *options)
{
    struct daemon daemon = { .options = options };
    struct report report;
    int status = EXIT_FAILURE;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* whoever started us may ignore it: then no end of a hook is known */
    raise_limits();
    report_init(&report);
    if (loader_load_file(options->config_path, &report, &daemon.config) == ERR_OK)
        status = EXIT_SUCCESS;
    print_report(&report);
    report_fini(&report);
    if (status != EXIT_SUCCESS)
        return status;
    rcu_thread_begin();
    status = start(&daemon);
    if (status == EXIT_SUCCESS)
        loop_run(daemon.loop);
    LOG_INFO("stopped", "status=%d", status);
    stop(&daemon);
    rcu_thread_end();
    return status;
}
