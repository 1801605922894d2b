/* See metrics_word_priv.h. What is unknown is never 1. The light is with the ways back, in metrics_control.c. */
#include "control/metrics_word_priv.h"

#include "config/config.h"
#include "control/exposition_priv.h"
#include "deploy/deploy.h"
#include "deploy/word_view.h"

enum { LABELS_MAX = 512 };

struct scrape {
    struct exposition x;
    const struct deploy *deploy;
    const struct config *config;
    struct text labels;
};

static const char *label(struct scrape *scrape, const char *first, const char *first_value,
                         const char *second, const char *second_value)
{
    text_clear(&scrape->labels);
    exposition_label(&scrape->labels, first, first_value);
    if (second != NULL)
        exposition_label(&scrape->labels, second, second_value);
    return scrape->labels.bytes;
}

static void write_gates(struct scrape *scrape)
{
    struct deploy_word_view view;

    exposition_open(&scrape->x, "switchyard_gate_pass", EXPOSITION_GAUGE,
                    "1 while a switch would pass the gate; 0: it fails, or it is unknown.");
    for (unsigned i = 0; i < scrape->config->service_count; i++) {
        const char *service = scrape->config->services[i].name;

        if (!deploy_view_word(scrape->deploy, i, NULL, &view))
            continue;
        for (int j = 0; j < WORD_GATE_COUNT; j++)
            if (view.word.gates[j].is_asked)
                exposition_u64(&scrape->x,
                               label(scrape, "service", service, "gate", word_gate_name(j)),
                               view.word.gates[j].answer == WORD_PASS);
    }
}

static void write_contracts(struct scrape *scrape)
{
    exposition_open(
        &scrape->x, "switchyard_db_contract_ok", EXPOSITION_GAUGE,
        "1 while the database has all that the contract of the slot asks for; 0: it has "
        "not, or it is unknown.");
    for (unsigned i = 0; i < scrape->config->service_count; i++) {
        const struct config_service *service = &scrape->config->services[i];

        for (size_t j = 0; j < service->slot_count; j++) {
            struct word_finding finding = { 0 };
            struct text lines;

            text_init(&lines, 1);
            if (deploy_view_contract(scrape->deploy, i, service->slots[j].name, &finding, &lines))
                exposition_u64(
                    &scrape->x,
                    label(scrape, "service", service->name, "slot", service->slots[j].name),
                    finding.answer == WORD_PASS);
            text_fini(&lines);
        }
    }
}

enum value { VALUE_BYTES, VALUE_TIME, VALUE_ERRORS, VALUE_COUNT };

static const struct {
    const char *name;
    enum exposition_type type;
    const char *help;
} values[VALUE_COUNT] = {
    [VALUE_BYTES] = { "switchyard_db_replication_lag_bytes", EXPOSITION_GAUGE,
                      "How much of the publisher's log the database has not applied; absent while "
                      "it is unknown." },
    [VALUE_TIME] = { "switchyard_db_replication_lag_seconds", EXPOSITION_GAUGE,
                     "The same in time, by the heartbeat or else as the publisher says; absent "
                     "while "
                     "it is unknown." },
    [VALUE_ERRORS] = { "switchyard_db_apply_errors_total", EXPOSITION_COUNTER,
                       "Errors of the subscription while it applied." },
};

static void write_link(struct scrape *scrape, enum value value, const struct deploy_link_view *view)
{
    const char *labels = label(scrape, "database", view->database, NULL, NULL);

    switch (value) {
    case VALUE_BYTES:
        if (view->has_bytes)
            exposition_u64(&scrape->x, labels, view->lag_bytes);
        return;
    case VALUE_TIME:
        if (view->has_time)
            exposition_seconds(&scrape->x, labels, view->lag_us);
        return;
    case VALUE_ERRORS:
        if (view->has_errors)
            exposition_u64(&scrape->x, labels, view->apply_errors);
        return;
    case VALUE_COUNT: return;
    }
}

static void write_links(struct scrape *scrape)
{
    struct deploy_link_view view;

    for (unsigned i = 0; i < VALUE_COUNT; i++) {
        unsigned cursor = 0;

        while (deploy_view_link(scrape->deploy, &cursor, &view)) {
            if (scrape->x.name != values[i].name)
                exposition_open(&scrape->x, values[i].name, values[i].type, values[i].help);
            write_link(scrape, (enum value)i, &view);
        }
    }
}

void metrics_word_write(const struct deploy *deploy, struct text *out)
{
    struct scrape scrape = {
        .x = { .out = out },
        .deploy = deploy,
        .config = deploy_config(deploy),
    };

    if (scrape.config->database_count == 0)
        return;
    text_init(&scrape.labels, LABELS_MAX);
    write_gates(&scrape);
    write_contracts(&scrape);
    write_links(&scrape);
    text_fini(&scrape.labels);
}
