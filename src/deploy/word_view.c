/* See deploy/word_view.h. Called by commands and metrics. */
#include "deploy/word_view.h"

#include <stdio.h>
#include <string.h>

#include "deploy/contracts_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/move_priv.h"
#include "deploy/schema_gate_priv.h"
#include "store/contract.h"
#include "store/look.h"

static bool find_slot(const struct config_service *service, const char *name, size_t *out)
{
    const struct config_slot *slot = config_find_slot(service, slice_from(name));

    if (slot != NULL)
        *out = (size_t)(slot - service->slots);
    return slot != NULL;
}

bool deploy_view_word(const struct deploy *deploy, unsigned service_index, const char *slot,
                      struct deploy_word_view *out)
{
    const struct config_service *service = &deploy->config->services[service_index];
    const struct state_service *decided = deploy->state->decisions.services[service_index];
    struct schema_question asked;
    size_t from = 0;
    size_t to = 0;
    bool has_from = find_slot(service, decided->active, &from);

    if (slot == NULL)
        slot = move_default(service, decided);
    if (!find_slot(service, slot != NULL ? slot : decided->active, &to))
        return false;
    snprintf(out->slot, sizeof out->slot, "%s", service->slots[to].name);
    out->is_lenient = service->schema.on_unknown == CONFIG_UNKNOWN_ALLOW;
    schema_gate_ask(deploy, service_index, to, has_from && from != to ? &from : NULL, &asked);
    word_judge(&asked.question, &out->word);
    return true;
}

/* Where a rollback goes: to the slot before; what was never switched would have to go to the other one. While a canary
 * runs traffic goes back to where most of it is. */
static const char *find_way_back(const struct config_service *service,
                                 const struct state_service *decided)
{
    const char *other = NULL;

    if (decided->canary.candidate[0] != '\0')
        return decided->active;
    if (decided->previous[0] != '\0' && !decided->is_rolled_back)
        return decided->previous;
    other = move_default(service, decided);
    return other != NULL ? other : "";
}

void deploy_view_light(const struct deploy *deploy, unsigned service_index,
                       struct deploy_light_view *out)
{
    const struct config_service *service = &deploy->config->services[service_index];
    const struct state_service *decided = deploy->state->decisions.services[service_index];
    const char *slot = find_way_back(service, decided);
    struct schema_question asked;
    size_t from = 0;
    size_t to = 0;

    *out = (struct deploy_light_view){ .light = { .age_us = UINT64_MAX } };
    if (!find_slot(service, slot, &to) || !find_slot(service, decided->active, &from))
        return;
    snprintf(out->slot, sizeof out->slot, "%s", slot);
    schema_gate_ask(deploy, service_index, to, from != to ? &from : NULL, &asked);
    word_shine(&asked.question, &out->light);
}

bool deploy_view_contract(const struct deploy *deploy, unsigned service_index, const char *slot,
                          struct word_finding *out, struct text *lines)
{
    const struct config_service *service = &deploy->config->services[service_index];
    struct schema_question asked;
    struct word word;
    size_t to = 0;

    if (!find_slot(service, slot, &to))
        return false;
    schema_gate_ask(deploy, service_index, to, NULL, &asked);
    word_judge(&asked.question, &word);
    *out = word.gates[WORD_GATE_CONTRACT];
    if (out->is_asked && out->answer == WORD_FAIL)
        contract_judge(asked.to.contract, asked.to.look, lines);
    return out->is_asked;
}

void deploy_view_schema(const struct deploy *deploy, unsigned service_index, const char *slot,
                        char *out)
{
    const struct config_service *service = &deploy->config->services[service_index];
    struct schema_question asked;
    struct look_versions found = { .version = "" };
    size_t at = 0;

    out[0] = '\0';
    if (!find_slot(service, slot, &at) || service->slots[at].database == NULL)
        return;
    schema_gate_ask(deploy, service_index, at, NULL, &asked);
    if (asked.to.look == NULL || asked.to.age_us > WORD_AGE_MAX_US)
        return;
    look_versions(asked.to.look, "", &found);
    if (found.note.is_known && found.is_found)
        snprintf(out, sizeof found.version, "%s", found.version);
}

static void fill_link(const struct deploy *deploy, const struct config_database *database,
                      struct deploy_link_view *out)
{
    const struct look_subscriber *subscriber = NULL;
    struct deploy_database found[2];
    struct word_link link;

    schema_gate_link(deploy, database, found, &link);
    *out = (struct deploy_link_view){
        .database = database->name,
        .publisher = database->publisher,
    };
    out->has_bytes = word_lag_bytes(&link, &out->lag_bytes);
    out->has_time = word_lag_us(&link, &out->lag_us);
    subscriber = link.follower_look != NULL ? look_subscriber(link.follower_look) : NULL;
    out->has_errors = subscriber != NULL && subscriber->note.is_known;
    if (out->has_errors)
        out->apply_errors = subscriber->apply_errors;
    word_judge_link(&link, &out->finding);
}

bool deploy_view_link(const struct deploy *deploy, unsigned *cursor, struct deploy_link_view *out)
{
    const struct config *config = deploy->config;

    while (*cursor < config->database_count && config->databases[*cursor].publisher == NULL)
        (*cursor)++;
    if (*cursor >= config->database_count)
        return false;
    fill_link(deploy, &config->databases[(*cursor)++], out);
    return true;
}
