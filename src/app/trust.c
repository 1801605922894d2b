/* Whom the switch believes over the life of the process: see trust.h. */
#include "app/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "app/crl_watch.h"
#include "app/vault.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "net/tls_crl.h"
#include "net/tls_dialer.h"

enum { WORDS_BYTES = 1024, SOON_DAYS = 30, DAY_S = 86400 };

/* One slot, once it has had TLS. Owner: the trust. */
struct trust_entry {
    LIST_ENTRY(trust_entry) entry;
    char *service;
    char *slot;
    struct tls_dialer *dialer;
    struct tls_terms *pending; /* prepared; NULL: nothing */
    struct crl_watch crls;
    char *label; /* for the log */
    uint64_t pending_stamp;
    uint64_t stamp;        /* of what is in force */
    uint64_t told_stamp;   /* of what was warned of */
    uint64_t failed_stamp; /* of what was refused */
    uint64_t watched_us;   /* monotonic */
    bool is_on; /* the configuration in force has it, and connections may be opened with it */
};

struct trust {
    LIST_HEAD(, trust_entry) entries;
    struct tls_dialer *front; /* to our own listeners; NULL: not yet asked for */
};

static void note_options(const struct config_slot_tls *tls, struct tls_dialer_options *out)
{
    *out = (struct tls_dialer_options){
        .verifies = tls->verify,
        .ca = tls->ca,
        .crl = tls->crl,
        .name = tls->name,
        .sni = tls->sni,
        .certificate = tls->certificate,
        .needs_13 = tls->min_version == CONFIG_TLS_13,
        .ciphers = tls->ciphers,
        .ciphersuites = tls->ciphersuites,
        .groups = tls->groups,
    };
}

static struct trust_entry *need_entry(struct trust *trust, const char *service, const char *slot)
{
    struct trust_entry *entry = NULL;

    LIST_FOREACH(entry, &trust->entries, entry)
    if (strcmp(entry->service, service) == 0 && strcmp(entry->slot, slot) == 0)
        return entry;
    entry = mem_zalloc(sizeof *entry);
    entry->service = mem_text(service);
    entry->slot = mem_text(slot);
    entry->dialer = tls_dialer_new();
    entry->label = mem_format("service=%s slot=%s", service, slot);
    LIST_INSERT_HEAD(&trust->entries, entry, entry);
    return entry;
}

static void drop_pending(struct trust_entry *entry)
{
    tls_terms_unpin(entry->pending);
    entry->pending = NULL;
}

static void warn_expiry(const struct trust_entry *entry)
{
    int64_t not_after_s = tls_terms_not_after_s(entry->pending);
    long long days = (long long)((not_after_s - (int64_t)time(NULL)) / DAY_S);

    if (not_after_s != 0 && days < SOON_DAYS)
        LOG_WARN("tls_expiry", "service=%s slot=%s days=%lld renew the certificate for its targets",
                 entry->service, entry->slot, days);
}

static void publish(struct trust_entry *entry)
{
    if (entry->pending == NULL)
        return;
    warn_expiry(entry);
    tls_dialer_publish(entry->dialer, entry->pending);
    entry->pending = NULL;
    entry->stamp = entry->pending_stamp;
    crl_watch_begin(&entry->crls, entry->label, tls_dialer_crls(entry->dialer));
}

/* The stamp comes first: what changes while it is read is read again. */
static int prepare_one(struct trust_entry *entry, const struct config_slot_tls *tls, char *words,
                       unsigned words_size)
{
    struct tls_dialer_options options;
    struct text why;
    int err = ERR_OK;

    note_options(tls, &options);
    drop_pending(entry);
    entry->pending_stamp = tls_dialer_stamp(&options);
    if (tls_dialer_is_ready(entry->dialer) && entry->pending_stamp == entry->stamp)
        return ERR_OK;
    text_init(&why, WORDS_BYTES);
    err = tls_dialer_build(&options, &why, &entry->pending);
    if (err != ERR_OK)
        snprintf(words, words_size, "service %s: slot %s: tls: %.*s", entry->service, entry->slot,
                 SLICE_ARG(text_slice(&why)));
    else if (!entry->is_on) /* the next picture may need it before its commit */
        publish(entry);
    text_fini(&why);
    return err;
}

static int prepare_service(struct trust *trust, const struct config_service *service, char *words,
                           unsigned words_size)
{
    int err = ERR_OK;

    for (size_t i = 0; i < service->slot_count && err == ERR_OK; i++) {
        const struct config_slot *slot = &service->slots[i];

        if (slot->tls.ciphers != NULL)
            err = prepare_one(need_entry(trust, service->name, slot->name), &slot->tls, words,
                              words_size);
    }
    return err;
}

int trust_prepare(struct trust *trust, const struct config *config, char *words,
                  unsigned words_size)
{
    int err = ERR_OK;

    for (size_t i = 0; i < config->service_count && err == ERR_OK; i++)
        err = prepare_service(trust, &config->services[i], words, words_size);
    if (err != ERR_OK)
        trust_cancel(trust);
    return err;
}

void trust_cancel(struct trust *trust)
{
    struct trust_entry *entry = NULL;

    LIST_FOREACH(entry, &trust->entries, entry)
    drop_pending(entry);
}

static bool is_pending(const struct trust *trust)
{
    const struct trust_entry *entry = NULL;

    LIST_FOREACH(entry, &trust->entries, entry)
    if (entry->pending != NULL)
        return true;
    return false;
}

static void warn_unverified(struct trust_entry *entry, const struct config_slot_tls *tls)
{
    if (tls->verify || entry->told_stamp == entry->stamp)
        return;
    entry->told_stamp = entry->stamp;
    LOG_WARN("tls_unverified",
             "service=%s slot=%s any certificate of its targets is taken: remove verify = false",
             entry->service, entry->slot);
}

static void take_service(struct trust *trust, const struct config_service *service)
{
    for (size_t i = 0; i < service->slot_count; i++) {
        if (service->slots[i].tls.ciphers != NULL) {
            struct trust_entry *entry = need_entry(trust, service->name, service->slots[i].name);

            publish(entry);
            entry->is_on = true;
            warn_unverified(entry, &service->slots[i].tls);
        }
    }
}

void trust_commit(struct trust *trust, const struct config *config)
{
    struct trust_entry *entry = NULL;

    LIST_FOREACH(entry, &trust->entries, entry)
    entry->is_on = false;
    for (size_t i = 0; i < config->service_count; i++)
        take_service(trust, &config->services[i]);
}

static unsigned count_on(const struct trust *trust)
{
    const struct trust_entry *entry = NULL;
    unsigned count = 0;

    LIST_FOREACH(entry, &trust->entries, entry)
    count += entry->is_on;
    return count;
}

int trust_reload(struct trust *trust, struct vault *vault, const struct config *config, char *words,
                 unsigned words_size)
{
    int err = ERR_OK;
    size_t len = 0;

    if (is_pending(trust)) {
        snprintf(words, words_size, "a reload of the configuration is under way; try again");
        return ERR_AGAIN;
    }
    err = trust_prepare(trust, config, words, words_size);
    if (err == ERR_OK)
        err = vault_reload(vault, config, words, words_size);
    if (err != ERR_OK) {
        trust_cancel(trust);
        return err;
    }
    trust_commit(trust, config);
    len = strlen(words);
    snprintf(words + len, words_size - len, "; of targets, those of %u slots", count_on(trust));
    return ERR_OK;
}

static void watch(struct trust_entry *entry, const struct config_slot_tls *tls)
{
    struct tls_dialer_options options;
    char words[WORDS_BYTES] = "";
    uint64_t stamp = 0;

    note_options(tls, &options);
    stamp = tls_dialer_stamp(&options);
    if (stamp == entry->stamp || stamp == entry->failed_stamp)
        return;
    if (prepare_one(entry, tls, words, sizeof words) == ERR_OK) {
        publish(entry);
        LOG_INFO("tls_reload", "service=%s slot=%s the files for its targets were read again",
                 entry->service, entry->slot);
        return;
    }
    entry->failed_stamp = stamp;
    LOG_WARN("tls_reload", "refused, nothing changed: %s", words);
}

void trust_watch(struct trust *trust, const struct config *config)
{
    uint64_t now_us = clock_monotonic_us();
    struct trust_entry *entry = NULL;

    LIST_FOREACH(entry, &trust->entries, entry)
    {
        const struct config_service *service =
            config_find_service(config, slice_from(entry->service));
        const struct config_slot *slot =
            service != NULL ? config_find_slot(service, slice_from(entry->slot)) : NULL;

        if (entry->is_on)
            crl_watch_tick(&entry->crls, entry->label, tls_dialer_crls(entry->dialer));
        if (!entry->is_on || entry->pending != NULL || slot == NULL || slot->tls.watch == 0 ||
            now_us - entry->watched_us < slot->tls.watch)
            continue;
        entry->watched_us = now_us;
        watch(entry, &slot->tls);
    }
}

int trust_check(const struct config *config, char *words, unsigned words_size)
{
    struct trust *trust = trust_new();
    const struct trust_entry *entry = NULL;
    int err = trust_prepare(trust, config, words, words_size);

    if (err == ERR_OK)
        words[0] = '\0';
    LIST_FOREACH(entry, &trust->entries, entry)
    if (err == ERR_OK && words[0] == '\0')
        crl_watch_words(entry->label, tls_dialer_crls(entry->dialer), words, words_size);
    trust_free(trust);
    return err;
}

struct tls_dialer *trust_dialer(struct trust *trust, const char *service, const char *slot)
{
    return need_entry(trust, service, slot)->dialer;
}

struct tls_dialer *trust_front(struct trust *trust)
{
    static const struct tls_dialer_options options = {
        .ciphers = "DEFAULT",
        .ciphersuites =
            "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
        .groups = "X25519:prime256v1:secp384r1:secp521r1",
    };
    struct tls_terms *terms = NULL;
    struct text why;

    if (trust->front != NULL)
        return trust->front;
    text_init(&why, WORDS_BYTES);
    CHECK(tls_dialer_build(&options, &why, &terms) == ERR_OK);
    text_fini(&why);
    trust->front = tls_dialer_new();
    tls_dialer_publish(trust->front, terms);
    return trust->front;
}

struct trust *trust_new(void)
{
    struct trust *trust = mem_zalloc(sizeof *trust);

    LIST_INIT(&trust->entries);
    return trust;
}

void trust_free(struct trust *trust)
{
    if (trust == NULL)
        return;
    tls_dialer_free(trust->front);
    while (!LIST_EMPTY(&trust->entries)) {
        struct trust_entry *entry = LIST_FIRST(&trust->entries);

        LIST_REMOVE(entry, entry);
        drop_pending(entry);
        tls_dialer_free(entry->dialer);
        free(entry->label);
        free(entry->service);
        free(entry->slot);
        free(entry);
    }
    free(trust);
}

void trust_each_crl(const struct trust *trust, tls_crl_fn *fn, void *arg)
{
    const struct trust_entry *entry = NULL;

    LIST_FOREACH(entry, &trust->entries, entry)
    {
        const struct tls_crls *crls = entry->is_on ? tls_dialer_crls(entry->dialer) : NULL;

        for (size_t i = 0; i < tls_crls_count(crls); i++) {
            struct tls_crl_view crl;
            char used_by[160];

            snprintf(used_by, sizeof used_by, "slot %s/%s", entry->service, entry->slot);
            tls_crls_view(crls, i, &crl);
            fn(arg, used_by, &crl);
        }
    }
}
