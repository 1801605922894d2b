/* Calls and the audit trail: see call_audit_priv.h. */
#include "control/call_audit_priv.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit_trail.h"
#include "base/clock.h"
#include "base/mask.h"
#include "base/mem.h"
#include "control/args_priv.h"
#include "deploy/deploy.h"

enum { WORDS_LIMIT = 4096 };

/* What brings traffic back to where it was good, or ends the daemon: done whether or not it can be written down. */
static const char *const rescues[] = { "rollback",     "canary abort",  "rollout abort",
                                       "reject",       "resume",        "maint off",
                                       "canary pause", "rollout pause", "lock release",
                                       "shutdown" };

static bool is_rescue(const struct call *call)
{
    for (size_t i = 0; i < sizeof rescues / sizeof rescues[0]; i++)
        if (strcmp(call->command->name, rescues[i]) == 0)
            return true;
    return strcmp(call->command->name, "apply") == 0 && call->args.count > 0 &&
           deploy_plan_is_rescue(call->room->deploy, call->args.words[0]);
}

static enum call_step refuse(struct call *call, const char *words)
{
    reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NOT_DURABLE,
               "nothing was changed, because it could not be written to the audit trail: %s",
               words);
    reply_hint(&call->reply,
               "make room on the disk of state_dir; a rollback is carried out all the "
               "same, and audit { on_failure = \"continue\" } lets changes begin");
    snprintf(call->reply.gate, sizeof call->reply.gate, "audit");
    return CALL_DONE;
}

/* The disk was asked again: it takes records by now, or not. */
static enum call_step poll_disk(struct call *call)
{
    char words[AUDIT_FILES_WORDS];

    if (!audit_trail_has_looked(call->audit, call->audited.asked) && !call->is_late)
        return CALL_PARKED;
    if (!audit_trail_is_ready(call->audit, words))
        return refuse(call, words);
    call->poll = NULL;
    return call->command->run(call);
}

enum call_step call_audit_run(struct call *call)
{
    char words[AUDIT_FILES_WORDS];

    if (call->audit == NULL || call->command->effect == COMMAND_READS || is_rescue(call) ||
        audit_trail_is_ready(call->audit, words))
        return call->command->run(call);
    if (call->command->effect == COMMAND_LOADS)
        return refuse(call, words); /* its lines do not wait */
    call->audited.asked = audit_trail_ask(call->audit);
    return call_wait(call, poll_disk);
}

void call_audit_take(struct call *call, const struct change_result *result)
{
    call->audited.epoch_before = result->epoch_before;
    audit_record_set(call->audited.bypassed, sizeof call->audited.bypassed, result->bypassed);
}

/* What is only planned has none. */
static bool has_effect(const struct call *call)
{
    return call->command != NULL && call->command->effect != COMMAND_READS && call->on_plan == NULL;
}

/* Commands that change something, and whatever was denied. */
static bool is_audited(const struct call *call)
{
    if (call->audit == NULL || call->is_written)
        return false;
    return call->reply.outcome == OUTCOME_DENIED || has_effect(call);
}

/* A word such as "shop" or "shop/blue" is about shop; what was submitted is sure to be. */
static void set_service(const struct call *call, struct audit_record *record)
{
    const char *word = call->args.count > 0 ? call->args.words[0] : "";
    char name[64];

    if (call->audited.service[0] != '\0') {
        audit_record_set(record->service, sizeof record->service, call->audited.service);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "/"), word);
    if (call->command != NULL && strcmp(call->command->name, "apply") != 0 && args_is_name(name))
        audit_record_set(record->service, sizeof record->service, name);
}

static void set_masked(char *field, size_t size, struct text *masked)
{
    audit_record_set(field, size, masked->bytes != NULL ? masked->bytes : "");
    text_clear(masked);
}

static void fill_words(const struct call *call, struct audit_record *record)
{
    const struct args *args = &call->args;
    struct text masked;

    text_init(&masked, WORDS_LIMIT);
    mask_words(call->words, call->word_count, &masked);
    set_masked(record->words, sizeof record->words, &masked);
    mask_text(slice_from(args->reason), &masked);
    set_masked(record->reason, sizeof record->reason, &masked);
    mask_text(slice_from(args->as), &masked);
    set_masked(record->as, sizeof record->as, &masked);
    if (!reply_is_ok(&call->reply))
        mask_text(slice_from(call->reply.words), &masked);
    set_masked(record->note, sizeof record->note, &masked);
    text_fini(&masked);
}

static void fill(const struct call *call, struct audit_record *record)
{
    const struct reply *reply = &call->reply;

    record->time_us = clock_wall_us();
    record->epoch_before = call->audited.epoch_before;
    record->epoch = reply->epoch;
    record->duration_us = clock_monotonic_us() - call->began_us;
    audit_record_set(record->actor, sizeof record->actor, call->peer.actor);
    audit_record_set(record->role, sizeof record->role, level_name(call->peer.level));
    audit_record_set(record->from, sizeof record->from, call->peer.from);
    audit_record_set(record->verb, sizeof record->verb,
                     call->command != NULL ? call->command->name : "");
    set_service(call, record);
    audit_record_set(record->bypassed, sizeof record->bypassed, call->audited.bypassed);
    audit_record_set(record->outcome, sizeof record->outcome, outcome_name(reply->outcome));
    audit_record_set(record->fault, sizeof record->fault, fault_name(reply->fault));
    audit_record_set(record->gate, sizeof record->gate, reply->gate);
    fill_words(call, record);
}

bool call_audit_write(struct call *call, void (*on_written)(void *arg, bool is_durable))
{
    struct audit_record record = { 0 };

    if (!is_audited(call))
        return false;
    call->is_written = true;
    fill(call, &record);
    if (call->reply.outcome == OUTCOME_DENIED) /* anybody can cause these */
        return audit_trail_add_bounded(call->audit, &record, on_written, call);
    audit_trail_add(call->audit, &record, on_written, call);
    return true;
}

void call_audit_spoil(struct call *call)
{
    struct reply *reply = &call->reply;

    if (reply->outcome != OUTCOME_DONE) {
        text_add(&reply->text, "warning: the record of this command is not on disk yet\n");
        return;
    }
    reply_fail(reply, OUTCOME_VOLATILE, FAULT_NOT_DURABLE,
               "it was carried out, but its record in the audit trail is not on disk yet");
    reply_hint(reply, "\"audit verify\" and \"show errors\" tell more; the record is tried again");
}

void call_audit_abandon(struct call *call, const struct change_result *result, const char *note)
{
    struct audit_record record = { 0 };

    if (call->audit == NULL || !has_effect(call) || (call->is_written && result == NULL))
        return;
    fill(call, &record);
    if (result != NULL) {
        record.epoch_before = result->epoch_before;
        record.epoch = result->epoch;
        audit_record_set(record.outcome, sizeof record.outcome, outcome_name(result->outcome));
        audit_record_set(record.fault, sizeof record.fault, fault_name(result->fault));
        audit_record_set(record.gate, sizeof record.gate, result->gate);
        audit_record_set(record.bypassed, sizeof record.bypassed, result->bypassed);
    }
    audit_record_set(record.note, sizeof record.note, note);
    call->is_written = true;
    audit_trail_add(call->audit, &record, NULL, NULL);
}
