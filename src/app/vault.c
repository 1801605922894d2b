/* Certificates over the life of the process: see vault.h. */
#include "app/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "app/crl_watch.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "net/timer.h"
#include "net/tls_crl.h"
#include "net/tls_keeper.h"

enum { TICK_MS = 100, WORDS_BYTES = 1024, SOON_DAYS = 30, DAY_S = 86400, NAMES_SHOWN = 8 };
enum { RETRY_US = 60 * 1000 * 1000 }; /* of files that were refused */

#define DAY_US (DAY_S * 1000000ull)

/* One listener, once it has had TLS. Owner: the vault. Its settings are copied from the configuration in force. */
struct vault_entry {
    LIST_ENTRY(vault_entry) entry;
    struct tls_keeper *keeper;
    struct tls_context *pending; /* prepared; NULL: nothing */
    struct crl_watch crls;
    char *label; /* for the log */
    uint64_t pending_stamp;
    uint64_t stamp; /* of the files in force */
    uint64_t
        failed_stamp; /* of files that were refused: tried again when they change, or in a minute */
    uint64_t failed_us;
    bool is_on;
    uint64_t watch_us;
    uint64_t rotation_us;
    uint64_t watched_us;
    uint64_t rotated_us;
    uint64_t warned_us;
};

struct vault {
    LIST_HEAD(, vault_entry) entries;
    struct timer *timer;
    const struct config *config; /* in force; lives until the next commit */
};

static void note_options(const struct config_tls *tls, struct tls_options *out)
{
    *out = (struct tls_options){
        .certificates = tls->certificates.items,
        .certificate_count = tls->certificates.count,
        .needs_13 = tls->min_version == CONFIG_TLS_13,
        .ciphers = tls->ciphers,
        .ciphersuites = tls->ciphersuites,
        .groups = tls->groups,
        .alpn = tls->alpn.items,
        .alpn_count = tls->alpn.count,
        .has_tickets = tls->tickets,
        .client_ca = tls->client_ca,
        .client_crl = tls->client_crl,
        .client_verify = (enum tls_verify)tls->client_verify,
        .refuses_unknown = tls->unknown_sni == CONFIG_SNI_REFUSE,
    };
}

_Static_assert((int)TLS_VERIFY_OPTIONAL == (int)CONFIG_VERIFY_OPTIONAL &&
                   (int)TLS_VERIFY_REQUIRED == (int)CONFIG_VERIFY_REQUIRED,
               "both rooms count alike");

static struct vault_entry *find_entry(const struct vault *vault, const char *name)
{
    struct vault_entry *entry = NULL;

    LIST_FOREACH(entry, &vault->entries, entry)
    if (strcmp(tls_keeper_name(entry->keeper), name) == 0)
        return entry;
    return NULL;
}

static struct vault_entry *make_entry(struct vault *vault, const char *name)
{
    struct vault_entry *entry = find_entry(vault, name);

    if (entry != NULL)
        return entry;
    entry = mem_zalloc(sizeof *entry);
    entry->keeper = tls_keeper_new(name);
    entry->label = mem_format("listener=%s", name);
    LIST_INSERT_HEAD(&vault->entries, entry, entry);
    return entry;
}

static void drop_pending(struct vault_entry *entry)
{
    tls_context_unpin(entry->pending);
    entry->pending = NULL;
}

/* The stamp comes first: what changes while it is read is read again. */
static int prepare_one(struct vault *vault, const struct config_listener *listener, char *words,
                       unsigned words_size)
{
    struct vault_entry *entry = make_entry(vault, listener->name);
    struct tls_options options;
    struct text why;
    int err = ERR_OK;

    note_options(&listener->tls, &options);
    drop_pending(entry);
    text_init(&why, WORDS_BYTES);
    entry->pending_stamp = tls_keeper_stamp(&options);
    err = tls_keeper_build(entry->keeper, &options, &why, &entry->pending);
    if (err != ERR_OK)
        snprintf(words, words_size, "listener %s: tls: %.*s", listener->name,
                 SLICE_ARG(text_slice(&why)));
    text_fini(&why);
    return err;
}

int vault_prepare(struct vault *vault, const struct config *config, char *words,
                  unsigned words_size)
{
    int err = ERR_OK;

    for (size_t i = 0; i < config->listener_count && err == ERR_OK; i++)
        if (config->listeners[i].tls.certificates.count > 0)
            err = prepare_one(vault, &config->listeners[i], words, words_size);
    if (err != ERR_OK)
        vault_cancel(vault);
    return err;
}

void vault_cancel(struct vault *vault)
{
    struct vault_entry *entry = NULL;

    LIST_FOREACH(entry, &vault->entries, entry)
    drop_pending(entry);
}

static void list_names(const struct tls_cert_view *cert, struct text *out)
{
    for (size_t i = 0; i < cert->name_count && i < NAMES_SHOWN; i++)
        text_add_format(out, "%s%s", i > 0 ? "," : "", cert->names[i]);
    if (cert->name_count > NAMES_SHOWN)
        text_add(out, ",…");
}

static long long days_left(const struct tls_cert_view *cert)
{
    return (long long)((cert->not_after_s - (int64_t)time(NULL)) / DAY_S);
}

/* What ends soon is said once a day. */
static void warn_expiry(struct vault_entry *entry)
{
    const struct tls_context *context = tls_keeper_context(entry->keeper);

    entry->warned_us = clock_monotonic_us();
    for (size_t i = 0; i < tls_context_count(context); i++) {
        struct tls_cert_view cert;

        tls_context_view(context, i, &cert);
        if (days_left(&cert) < SOON_DAYS)
            LOG_WARN("tls_expiry", "listener=%s file=%s days=%lld renew it",
                     tls_keeper_name(entry->keeper), cert.file, days_left(&cert));
    }
}

static void log_certificates(const struct vault_entry *entry)
{
    const struct tls_context *context = tls_keeper_context(entry->keeper);

    for (size_t i = 0; i < tls_context_count(context); i++) {
        struct tls_cert_view cert;
        struct text names;

        tls_context_view(context, i, &cert);
        text_init(&names, WORDS_BYTES);
        list_names(&cert, &names);
        LOG_INFO("tls_certificate", "listener=%s file=%s names=%s key=\"%s\" days=%lld sha256=%s",
                 tls_keeper_name(entry->keeper), cert.file, names.len > 0 ? names.bytes : "",
                 cert.kind, days_left(&cert), cert.fingerprint);
        text_fini(&names);
    }
}

static void publish(struct vault_entry *entry)
{
    if (entry->pending == NULL)
        return;
    tls_keeper_publish(entry->keeper, entry->pending);
    entry->pending = NULL;
    entry->stamp = entry->pending_stamp;
    entry->failed_stamp = 0;
    log_certificates(entry);
    warn_expiry(entry);
    crl_watch_begin(&entry->crls, entry->label,
                    tls_context_crls(tls_keeper_context(entry->keeper)));
}

void vault_commit(struct vault *vault, const struct config *config)
{
    struct vault_entry *entry = NULL;
    uint64_t now_us = clock_monotonic_us();
    bool is_any = false;

    vault->config = config;
    LIST_FOREACH(entry, &vault->entries, entry)
    entry->is_on = false;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_tls *tls = &config->listeners[i].tls;

        entry = find_entry(vault, config->listeners[i].name);
        if (tls->certificates.count == 0 || entry == NULL)
            continue;
        publish(entry);
        entry->is_on = is_any = true;
        entry->watch_us = tls->watch;
        entry->rotation_us = tls->ticket_rotation;
        entry->watched_us = now_us;
        if (entry->rotated_us == 0)
            entry->rotated_us = now_us;
    }
    if (is_any)
        timer_arm(vault->timer, TICK_MS);
}

int vault_reload(struct vault *vault, const struct config *config, char *words, unsigned words_size)
{
    struct vault_entry *entry = NULL;
    size_t certs = 0;
    unsigned listeners = 0;
    int err = ERR_OK;

    LIST_FOREACH(entry, &vault->entries, entry)
    if (entry->pending != NULL) {
        snprintf(words, words_size, "a reload of the configuration is under way; try again");
        return ERR_AGAIN;
    }
    err = vault_prepare(vault, config, words, words_size);
    if (err != ERR_OK)
        return err;
    LIST_FOREACH(entry, &vault->entries, entry)
    {
        if (entry->pending == NULL)
            continue;
        publish(entry);
        listeners++;
        certs += tls_context_count(tls_keeper_context(entry->keeper));
    }
    snprintf(words, words_size, "%zu certificates of %u listeners were read", certs, listeners);
    return ERR_OK;
}

int vault_check(const struct config *config, char *words, unsigned words_size)
{
    struct vault *vault = vault_new(NULL);
    const struct vault_entry *entry = NULL;
    int err = vault_prepare(vault, config, words, words_size);

    if (err == ERR_OK)
        words[0] = '\0';
    LIST_FOREACH(entry, &vault->entries, entry)
    if (err == ERR_OK && words[0] == '\0' && entry->pending != NULL)
        crl_watch_words(entry->label, tls_context_crls(entry->pending), words, words_size);
    vault_free(vault);
    return err;
}

/* Files that have changed are read again; what is refused stays as it was until it changes once more. */
static void watch(struct vault *vault, struct vault_entry *entry,
                  const struct config_listener *listener)
{
    char words[WORDS_BYTES] = "";
    struct tls_options options;
    uint64_t stamp = 0;

    note_options(&listener->tls, &options);
    stamp = tls_keeper_stamp(&options);
    if (stamp == entry->stamp ||
        (stamp == entry->failed_stamp && clock_monotonic_us() - entry->failed_us < RETRY_US))
        return;
    if (prepare_one(vault, listener, words, sizeof words) == ERR_OK) {
        publish(entry);
        return;
    }
    if (stamp != entry->failed_stamp) /* said once; some refusals need only time */
        LOG_WARN("tls_reload", "refused, nothing changed: %s", words);
    entry->failed_stamp = stamp;
    entry->failed_us = clock_monotonic_us();
}

static const struct config_listener *find_listener(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (strcmp(config->listeners[i].name, name) == 0)
            return &config->listeners[i];
    return NULL;
}

static void on_tick(void *arg)
{
    struct vault *vault = arg;
    struct vault_entry *entry = NULL;
    uint64_t now_us = clock_monotonic_us();
    bool is_any = false;

    LIST_FOREACH(entry, &vault->entries, entry)
    {
        if (!entry->is_on)
            continue;
        is_any = true;
        if (now_us - entry->rotated_us >= entry->rotation_us) {
            tls_keeper_rotate(entry->keeper);
            entry->rotated_us = now_us;
        }
        if (now_us - entry->warned_us >= DAY_US)
            warn_expiry(entry);
        crl_watch_tick(&entry->crls, entry->label,
                       tls_context_crls(tls_keeper_context(entry->keeper)));
        if (entry->watch_us == 0 || entry->pending != NULL ||
            now_us - entry->watched_us < entry->watch_us)
            continue;
        entry->watched_us = now_us;
        watch(vault, entry, find_listener(vault->config, tls_keeper_name(entry->keeper)));
    }
    if (is_any)
        timer_arm(vault->timer, TICK_MS);
}

struct vault *vault_new(struct loop *loop)
{
    struct vault *vault = mem_zalloc(sizeof *vault);

    LIST_INIT(&vault->entries);
    vault->timer = loop != NULL ? timer_new(loop, on_tick, vault) : NULL;
    return vault;
}

void vault_free(struct vault *vault)
{
    if (vault == NULL)
        return;
    while (!LIST_EMPTY(&vault->entries)) {
        struct vault_entry *entry = LIST_FIRST(&vault->entries);

        LIST_REMOVE(entry, entry);
        drop_pending(entry);
        tls_keeper_free(entry->keeper);
        free(entry->label);
        free(entry);
    }
    timer_free(vault->timer);
    free(vault);
}

struct tls_keeper *vault_keeper(struct vault *vault, const char *listener)
{
    return make_entry(vault, listener)->keeper;
}

void vault_each(const struct vault *vault, tls_list_fn *fn, void *arg)
{
    const struct vault_entry *entry = NULL;

    LIST_FOREACH(entry, &vault->entries, entry)
    {
        const struct tls_context *context = tls_keeper_context(entry->keeper);

        for (size_t i = 0; entry->is_on && i < tls_context_count(context); i++) {
            struct tls_cert_view cert;

            tls_context_view(context, i, &cert);
            fn(arg, tls_keeper_name(entry->keeper), &cert);
        }
    }
}

void vault_each_crl(const struct vault *vault, tls_crl_fn *fn, void *arg)
{
    const struct vault_entry *entry = NULL;

    LIST_FOREACH(entry, &vault->entries, entry)
    {
        const struct tls_crls *crls =
            entry->is_on ? tls_context_crls(tls_keeper_context(entry->keeper)) : NULL;

        for (size_t i = 0; i < tls_crls_count(crls); i++) {
            struct tls_crl_view crl;
            char used_by[128];

            snprintf(used_by, sizeof used_by, "listener %s", tls_keeper_name(entry->keeper));
            tls_crls_view(crls, i, &crl);
            fn(arg, used_by, &crl);
        }
    }
}
