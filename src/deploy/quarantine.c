/* See quarantine_priv.h; the rule is evidence/book.h. */
#include "deploy/quarantine_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/judgement.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/state_rollbacks_priv.h"

static uint64_t now_ms(void)
{
    return clock_wall_us() / 1000;
}

const char *quarantine_version(const struct deploy *deploy, size_t index, const char *slot_name)
{
    const struct config_slot *slot =
        config_find_slot(&deploy->config->services[index], slice_from(slot_name));

    return slot != NULL && slot->version != NULL ? slot->version : slot_name;
}

static enum judgement refuse(struct ticket *ticket, const char *service, const char *version,
                             const struct book_answer *answer)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(answer->until_ms * 1000, stamp);
    switch (answer->reason) {
    case BOOK_ALLOWED: break;
    case BOOK_BLOCKED_VERSION:
        return judge_gate(ticket, "quarantine", false,
                          "%s: %s was rolled back by itself and is in quarantine: deploy another "
                          "version, say switchctl release %s, or --force --reason",
                          service, version, ticket->change.name);
    case BOOK_LIMIT:
        return judge_gate(ticket, "limit", false,
                          "%s was rolled back by itself too often: nothing is started before %s; "
                          "say switchctl release %s, or --force --reason",
                          service, stamp, ticket->change.name);
    case BOOK_COOLDOWN:
        return judge_gate(ticket, "cooldown", false,
                          "%s was rolled back by itself lately: nothing is started before %s; say "
                          "switchctl release %s, or --force --reason",
                          service, stamp, ticket->change.name);
    }
    return JUDGED_DONE;
}

bool quarantine_has(const struct deploy *deploy, const struct state_service *service, size_t index,
                    const char *slot_name)
{
    struct settings settings;
    struct book_answer answer;

    judgement_settings(&deploy->config->services[index], &settings);
    book_may_start(&service->book, &settings,
                   (struct book_start){ .version = quarantine_version(deploy, index, slot_name),
                                        .now_ms = now_ms() },
                   &answer);
    return answer.reason == BOOK_BLOCKED_VERSION;
}

/* A switch to where a rollback would lead. */
static bool is_way_back(const struct state_service *service, const struct ticket *ticket,
                        const char *slot)
{
    return ticket->change.kind == CHANGE_SWITCH && !service->is_rolled_back &&
           strcmp(service->previous, slot) == 0;
}

/* Who goes back need not wait; but the slot may have got another release since, and failed as a candidate. */
static bool is_in_the_way(enum book_reason reason, bool is_back)
{
    return reason == BOOK_BLOCKED_VERSION || (reason != BOOK_ALLOWED && !is_back);
}

enum judgement quarantine_check(struct deploy *deploy, struct ticket *ticket,
                                const struct scope *scope, const char *slot)
{
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        const struct state_service *service = deploy->working.services[index];
        const char *version = quarantine_version(deploy, index, slot);
        struct settings settings;
        struct book_answer answer;

        if (gate_is_forced(ticket) || ticket->is_internal || strcmp(service->active, slot) == 0)
            continue;
        judgement_settings(&deploy->config->services[index], &settings);
        book_may_start(&service->book, &settings,
                       (struct book_start){ .version = quarantine_version(deploy, index, slot),
                                            .now_ms = now_ms() },
                       &answer);
        if (is_in_the_way(answer.reason, is_way_back(service, ticket, slot)))
            return refuse(ticket, service->name, version, &answer);
    }
    return judge_gate(ticket, "quarantine", true, "no automatic rollback is in the way");
}

/* What nobody confirmed in time says nothing about the version. */
static bool is_verdict(const struct ticket *ticket)
{
    return ticket->is_internal && ticket->change.trigger[0] != '\0' &&
           strcmp(ticket->change.trigger, "confirm") != 0;
}

void quarantine_note(struct deploy *deploy, const struct ticket *ticket, const struct scope *scope)
{
    for (size_t i = 0; is_verdict(ticket) && i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        const char *version = quarantine_version(deploy, index, ticket->result.from);
        struct settings settings;

        judgement_settings(&deploy->config->services[index], &settings);
        book_add(&decisions_own(&deploy->working, index)->book, &settings, version, now_ms());
    }
}

enum judgement quarantine_release(struct deploy *deploy, struct ticket *ticket)
{
    struct scope scope;
    unsigned released = 0;
    char versions[200] = "";

    if (!gate_find_scope(deploy, ticket, &scope))
        return JUDGED_REFUSED;
    for (size_t i = 0; i < scope.count; i++) {
        size_t index = gate_scope_at(&scope, i);
        const struct book *book = &deploy->working.services[index]->book;

        if (state_rollbacks_is_empty(book))
            continue;
        if (book->blocked_count > 0)
            snprintf(versions, sizeof versions, " (%s)", book->blocked[book->blocked_count - 1]);
        decisions_own(&deploy->working, index)->book = (struct book){ 0 };
        released++;
    }
    if (released == 0)
        return judge_same(ticket, "nothing of %s is in quarantine", ticket->change.name);
    return judge_done(ticket, "%s: what was rolled back may be started again%s",
                      ticket->change.name, versions);
}

void deploy_view_book(const struct deploy *deploy, unsigned service_index,
                      struct deploy_book_view *out)
{
    const struct state_service *service = NULL;
    struct settings settings;
    struct book_answer answer;
    uint64_t now = now_ms();

    CHECK(service_index < deploy->config->service_count);
    service = deploy->state->decisions.services[service_index];
    *out = (struct deploy_book_view){ .blocked = service->book.blocked_count };
    judgement_settings(&deploy->config->services[service_index], &settings);
    for (uint32_t i = 0; i < service->book.rollback_count; i++)
        out->rollbacks +=
            (double)(now - service->book.rollbacks_ms[i]) < settings.rollback_memory_ms;
    if (out->blocked > 0)
        memcpy(out->quarantined, service->book.blocked[out->blocked - 1], sizeof out->quarantined);
    book_may_start(&service->book, &settings, (struct book_start){ .version = "", .now_ms = now },
                   &answer);
    out->is_limited = answer.reason == BOOK_LIMIT;
    if (answer.reason == BOOK_COOLDOWN && answer.until_ms > now)
        out->cooldown_us = (answer.until_ms - now) * 1000;
}
