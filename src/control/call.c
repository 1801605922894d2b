/* The life of one command: see call_priv.h. */
#include "control/call_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/mem.h"
#include "control/call_audit_priv.h"
#include "control/command_hint_priv.h"
#include "control/json_priv.h"
#include "control/permit_priv.h"
#include "control/verbs_priv.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "route/snapshot.h"
#include "store/word.h"

struct call *call_new(const struct control_room *room, const struct peer *peer, char *const *words,
                      unsigned count)
{
    struct call *call = mem_zalloc(sizeof *call);
    const unsigned max = sizeof call->words / sizeof call->words[0];

    call->room = room;
    call->audit = room->audit;
    call->peer = *peer;
    call->word_count = count < max ? count : max;
    for (unsigned i = 0; i < call->word_count; i++)
        call->words[i] = mem_text(words[i]);
    reply_init(&call->reply);
    if (count > max)
        reply_fail(&call->reply, OUTCOME_USAGE, FAULT_USAGE, "too many words");
    return call;
}

static void free_call(struct call *call)
{
    reply_fini(&call->reply);
    for (unsigned i = 0; i < call->word_count; i++)
        free(call->words[i]);
    if (call->drop_scratch != NULL)
        call->drop_scratch(call->scratch);
    else
        free(call->scratch);
    free(call);
}

/* Takes a change back that still waits for its turn; false: there is none, or it is under way. */
static bool withdraw(struct call *call)
{
    if (call->pending == 0 || !deploy_cancel(call->room->deploy, call))
        return false;
    call->pending--;
    return true;
}

static uint64_t epoch_now(void)
{
    const struct snapshot *snapshot = snapshot_current();

    return snapshot != NULL ? snapshot_epoch(snapshot) : 0;
}

/* Nobody would learn that it came to effect much later: what waits for its turn is taken back. */
static void abandon(struct call *call)
{
    call->reply.epoch = epoch_now();
    if (withdraw(call)) {
        call->reply.outcome = OUTCOME_TIMEOUT; /* it is not done */
        call->reply.fault = FAULT_WAIT_TIMEOUT;
        call_audit_abandon(call, NULL, "withdrawn: the client left before its turn came");
    } else if (call->pending == 0) {
        call_audit_abandon(call, NULL, "the client left before the answer");
    }
}

void call_release(struct call *call)
{
    if (!call->is_done && call->began_us != 0)
        abandon(call);
    call->is_released = true;
    call->is_done = true;
    if (call->pending == 0)
        free_call(call);
}

/* Every changing command, and every refused one, leaves a line: who, what, and what came of it. */
static void log_call(const struct call *call)
{
    bool is_denied = call->reply.outcome == OUTCOME_DENIED;
    char words[256];
    char actor[96];
    struct text line;

    if (!is_denied && (call->command == NULL || call->command->effect == COMMAND_READS))
        return;
    text_init(&line, 4096);
    mask_words(call->words, call->word_count, &line);
    log_event(
        is_denied ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "command",
        "actor=\"%s\" command=\"%s\" outcome=%s fault=%s epoch=%" PRIu64 " duration_us=%" PRIu64,
        log_text(slice_from(call->peer.actor), actor, sizeof actor),
        log_text(text_slice(&line), words, sizeof words), outcome_name(call->reply.outcome),
        fault_name(call->reply.fault), call->reply.epoch, clock_monotonic_us() - call->began_us);
    text_fini(&line);
}

/* The record is on disk, or nobody waits for it any more. */
static void end_audit(struct call *call, bool is_durable)
{
    call->is_auditing = false;
    call->deadline_us = 0;
    if (!is_durable)
        call_audit_spoil(call);
    call->done(call->owner); /* may release the call */
}

static void on_written(void *arg, bool is_durable)
{
    struct call *call = arg;
    bool is_waited_for = call->is_auditing && !call->is_released;

    call->pending--;
    if (is_waited_for)
        end_audit(call, is_durable);
    else if (call->is_released && call->pending == 0)
        free_call(call);
}

/* The answer is complete. CALL_PARKED: it waits for its record, and call->done comes later. */
static enum call_step complete(struct call *call)
{
    call->is_done = true;
    call->deadline_us = 0;
    if (call->reply.epoch == 0)
        call->reply.epoch = epoch_now();
    if (call->room->verbs != NULL)
        verbs_count(call->room->verbs, call->command, call->peer.level, call->reply.outcome);
    log_call(call);
    if (!call_audit_write(call, on_written))
        return CALL_DONE;
    call->pending++;
    call->is_auditing = true;
    call->deadline_us = clock_monotonic_us() + call->room->audit_patience_us;
    return CALL_PARKED;
}

/* Finds the command, asks whether this peer may, reads its options. False: the answer says why not. */
static bool is_acceptable(struct call *call)
{
    const char *hint = command_hint(call->words, call->word_count);
    const char *nearest = NULL;
    unsigned taken = 0;

    call->command = command_lookup(call->words, call->word_count, &taken, &nearest);
    if (call->command == NULL) {
        bool is_pair = call->word_count > 1 && command_is_family(call->words[0]);

        reply_fail(&call->reply, OUTCOME_USAGE, FAULT_USAGE, "unknown command %.40s%s%.40s",
                   call->words[0], is_pair ? " " : "", is_pair ? call->words[1] : "");
        if (hint != NULL)
            reply_hint(&call->reply, "%s", hint);
        else if (nearest != NULL)
            reply_hint(&call->reply, "did you mean \"%s\"? \"help\" lists all commands", nearest);
        else
            reply_hint(&call->reply, "\"help\" lists all commands");
        return false;
    }
    if (!permit_level(call, call->command))
        return false;
    if (command_parse(call->command, call->words + taken, call->word_count - taken, &call->args) <
        0) {
        call_refuse_usage(call, "%s", call->args.problem);
        if (hint != NULL)
            reply_hint(&call->reply, "%s", hint);
        return false;
    }
    if (!permit_scope(call))
        return false;
    if (call->has_payload != (call->command->effect == COMMAND_LOADS)) {
        call_refuse_usage(call,
                          call->has_payload ? "\"%s\" takes no lines behind it"
                                            : "\"%s\" takes lines: end the command with <<, then "
                                              "send them, then an empty line",
                          call->command->name);
        return false;
    }
    return true;
}

enum call_step call_start(struct call *call, void (*done)(void *owner), void *owner)
{
    enum call_step step = CALL_DONE;

    call->began_us = clock_monotonic_us();
    call->audited.epoch_before = epoch_now();
    call->done = done;
    call->owner = owner;
    if (call->reply.outcome == OUTCOME_DONE && is_acceptable(call))
        step = call_audit_run(call);
    if (step == CALL_DONE)
        return complete(call);
    call->deadline_us = call->began_us + call->args.timeout_us;
    return step;
}

void call_finish(struct call *call)
{
    if (call->is_done)
        return;
    if (complete(call) == CALL_DONE)
        call->done(call->owner); /* may release the call */
}

/* The answer for a change that was withdrawn: most likely the lock of somebody else was in its way. */
static void fail_withdrawn(struct call *call, enum outcome outcome)
{
    struct deploy_lock_view lock;

    deploy_view_lock(call->room->deploy, &lock);
    if (lock.is_held) {
        reply_fail(&call->reply, outcome, FAULT_LOCKED,
                   "%s holds the deploy lock (%s); the change was withdrawn, nothing has changed",
                   lock.owner, lock.reason);
        reply_hint(&call->reply, "\"lock show\" tells for how long; its owner releases it, --force "
                                 "--reason TEXT goes past it");
    } else {
        reply_fail(
            &call->reply, outcome, FAULT_WAIT_TIMEOUT,
            "the change did not get its turn in time; it was withdrawn, nothing has changed");
        reply_hint(&call->reply, "\"lock show\" tells what is under way and how much waits");
    }
}

static void time_out(struct call *call)
{
    call->is_late = true;
    if (withdraw(call)) {
        fail_withdrawn(call, OUTCOME_TIMEOUT);
    } else if (call->pending > 0 && call->asked != NULL) {
        reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT, "%s gave no answer in time",
                   call->asked);
    } else if (call->pending > 0) {
        reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT,
                   "no result in time: the change is still under way");
        reply_hint(&call->reply, "\"status\" and \"history\" tell what became of it");
    } else if (call->poll != NULL) {
        (void)call->poll(call); /* describes the state */
    } else if (call->feed != NULL) {
        reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT,
                   "the lines did not end in time; nothing has changed");
        reply_hint(&call->reply, "an empty line ends them; --timeout D gives them more time");
    }
    call_finish(call);
}

/* For commands that do not queue behind a lock: once they had time enough to pass an open one. */
static bool is_out_of_patience(struct call *call, uint64_t now_us)
{
    struct deploy_lock_view lock;

    if (!call->is_impatient || now_us < call->began_us + CALL_PATIENCE_US)
        return false;
    deploy_view_lock(call->room->deploy, &lock);
    return lock.is_held && withdraw(call);
}

void call_tick(struct call *call)
{
    uint64_t now_us = clock_monotonic_us();

    if (call->is_auditing && now_us >= call->deadline_us)
        end_audit(call, false);
    else if (call->is_done || call->write_more != NULL)
        return; /* how fast an answer is read is the client's business */
    else if (is_out_of_patience(call, now_us)) {
        fail_withdrawn(call, OUTCOME_CONFLICT);
        call_finish(call);
    } else if (now_us >= call->deadline_us) {
        time_out(call);
    } else if (call->pending == 0 && call->poll != NULL && call->poll(call) == CALL_DONE) {
        call_finish(call);
    }
}

enum call_step call_wait(struct call *call, enum call_step (*poll)(struct call *call))
{
    call->poll = poll;
    call->is_late = call->args.timeout_us == 0;
    return poll(call) == CALL_DONE || call->is_late ? CALL_DONE : CALL_PARKED;
}

/* A step that was not taken from inside call_start. */
static enum call_step end_step(struct call *call, enum call_step step)
{
    return step == CALL_DONE ? complete(call) : step;
}

enum call_step call_feed(struct call *call, struct slice line)
{
    if (call->is_auditing)
        return CALL_PARKED; /* it was refused; what follows is dropped */
    return end_step(call, call->feed(call, line));
}

enum call_step call_feed_end(struct call *call, bool is_whole)
{
    if (call->is_auditing)
        return CALL_PARKED;
    if (is_whole)
        return end_step(call, call->feed_end(call));
    reply_fail(
        &call->reply, OUTCOME_USAGE, FAULT_USAGE,
        "the connection ended before the empty line that ends the lines; nothing has changed");
    return end_step(call, CALL_DONE);
}

enum call_step call_write_more(struct call *call, struct text *out)
{
    return end_step(call, call->write_more(call, out));
}

void call_lend(struct call *call)
{
    call->pending++;
}

bool call_return(struct call *call)
{
    call->pending--;
    if (!call->is_done)
        return true;
    if (call->is_released && call->pending == 0)
        free_call(call);
    return false;
}

static void on_changed(void *arg, const struct change_result *result)
{
    struct call *call = arg;

    if (call->is_done)
        call_audit_abandon(call, result,
                           result->fault == FAULT_SHUTTING_DOWN
                               ? result->words
                               : "this came after the answer, or the client had left");
    else
        call_audit_take(call, result);
    if (call_return(call))
        call->on_change(call, result); /* may release the call */
}

enum call_step call_submit(struct call *call, const struct change *change,
                           call_change_fn *on_change)
{
    snprintf(call->audited.service, sizeof call->audited.service, "%s", change->name);
    call->on_change = call->on_plan != NULL ? call->on_plan : on_change;
    call_lend(call);
    deploy_submit(call->room->deploy, change, on_changed, call);
    return CALL_PARKED;
}

static void fill_actor(const struct call *call, char *out, size_t size)
{
    const char *as = call->args.as;

    snprintf(out, size, "%.52s%s%.38s", call->peer.actor, as != NULL ? " as=" : "",
             as != NULL ? as : "");
}

enum call_step call_apply(struct call *call, const char *token, call_change_fn *on_change)
{
    char actor[96];
    struct deploy_approval approval = { token, actor, call->args.reason };

    fill_actor(call, actor, sizeof actor);
    call->on_change = on_change;
    call_lend(call);
    deploy_apply(call->room->deploy, &approval, on_changed, call);
    return CALL_PARKED;
}

/* What looks like a secret in it goes neither into the state nor into the history. */
static void fill_reason(const struct call *call, char *out, size_t size)
{
    struct text masked;

    text_init(&masked, 4096);
    mask_text(slice_from(call->args.reason), &masked);
    snprintf(out, size, "%s", masked.bytes != NULL ? masked.bytes : "");
    text_fini(&masked);
}

void call_fill_change(const struct call *call, enum change_kind kind, struct change *out)
{
    const struct args *args = &call->args;

    *out = (struct change){
        .kind = kind,
        .force = (args->given & ARGS_FORCE) != 0,
        .emergency = (args->given & ARGS_EMERGENCY) != 0,
        .if_epoch = args->if_epoch,
        .ttl_us = args->ttl_us,
        .confirm_us = args->confirm_us,
        .plan_only = call->on_plan != NULL,
        .is_witnessed = true,
    };
    fill_reason(call, out->reason, sizeof out->reason);
    snprintf(out->key, sizeof out->key, "%s", args->key != NULL ? args->key : "");
    fill_actor(call, out->actor, sizeof out->actor);
}

int call_name_change(struct call *call, enum change_kind kind, struct change *out)
{
    const char *name = call->args.words[0];
    const char *to = call->args.to;

    if (!args_is_name(name)) {
        call_refuse_usage(call, "\"%.80s\" is no name of a service or group", name);
        return ERR_INVALID;
    }
    if (to != NULL && !args_is_name(to)) {
        call_refuse_usage(call, "\"%.80s\" is no name of a slot", to);
        return ERR_INVALID;
    }
    call_fill_change(call, kind, out);
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->slot, sizeof out->slot, "%s", to != NULL ? to : "");
    return 0;
}

#define FORCED_TOO "; --force --reason TEXT overrides the gate"

/* Gates where "show targets" would not help. */
static const struct {
    const char *gate;
    const char *remedy;
    const char
        *forced; /* behind it where the command takes --force; "" : force does not help either */
    const char *other; /* instead of both where it takes none; NULL: the remedy alone */
} gate_remedies[] = {
    { "approval", "\"rollout status NAME\" tells who agreed; \"approve NAME\" by somebody else",
      FORCED_TOO, "\"rollout status NAME\" tells what waits to be agreed to, and who did" },
    { "checklist", "\"check NAME ITEM\" ticks an item off", FORCED_TOO, NULL },
    { "quarantine", "deploy another version, or \"release NAME\" lets this one be tried again", "",
      NULL },
    { "cooldown", "wait, or \"release NAME\" ends the rest", "", NULL },
    { "limit", "\"release NAME\" when the cause is known", "", NULL },
    { "rollout", "\"rollout status NAME\" tells where it is", "; --force --reason TEXT ends it",
      NULL },
    { "canary", "\"canary status NAME\" tells where it is", "", NULL },
    { "role",
      "\"show slots\" has the roles; only the configuration lets a slot go live, no --force does",
      "", NULL },
    { "live", "\"show slots\" tells what is live; --to names another slot", "", NULL },
    { "previous", "\"history\" tells what was moved; \"switch NAME --to SLOT\" goes to one by name",
      "", NULL },
    { "confirm",
      "\"confirm NAME\" keeps what waits for it, \"rollback NAME\" takes it back; \"history\" "
      "tells "
      "whether anything waits",
      "", NULL },
    { "drill", "\"drill NAME\" tries out the way back", FORCED_TOO, NULL },
};

/* One of those that ask a database; the words of the refusal have the remedy of the finding itself. */
static bool is_of_database(const char *gate)
{
    for (int i = 0; i < WORD_GATE_COUNT; i++)
        if (strcmp(gate, word_gate_name((enum word_gate)i)) == 0)
            return true;
    return strcmp(gate, "rollback-safe") == 0;
}

/* False: the gate is none of those. */
static bool hint_gate(struct call *call, const char *gate)
{
    bool takes_force = (call->command->options & ARGS_FORCE) != 0;

    for (size_t i = 0; i < sizeof gate_remedies / sizeof gate_remedies[0]; i++) {
        if (strcmp(gate, gate_remedies[i].gate) != 0)
            continue;
        if (!takes_force && gate_remedies[i].other != NULL)
            reply_hint(&call->reply, "%s", gate_remedies[i].other);
        else
            reply_hint(&call->reply, "%s%s", gate_remedies[i].remedy,
                       takes_force ? gate_remedies[i].forced : "");
        return true;
    }
    return false;
}

static const char *remedy_for(enum fault fault)
{
    if (fault == FAULT_LOCKED)
        return "\"lock show\" tells who holds it; wait for it or ask the owner to release it";
    if (fault == FAULT_CONFLICT)
        return "look at \"status\" and \"history\", then decide again with the present epoch";
    if (fault == FAULT_NOT_DURABLE)
        return "make room on the disk of state_dir; \"show errors\" has the system's words";
    if (fault == FAULT_UNKNOWN_NAME)
        return "\"show slots\" and \"show targets\" list the names";
    if (fault == FAULT_ROLLED_BACK)
        return "\"history\" and \"decisions\" tell why";
    return "";
}

static void hint_refusal(struct call *call, enum fault fault, const char *gate)
{
    const char *forced = (call->command->options & ARGS_FORCE) != 0 ? FORCED_TOO : "";

    if (fault == FAULT_GATE_REFUSED && hint_gate(call, gate))
        return;
    if (fault == FAULT_GATE_REFUSED && is_of_database(gate))
        reply_hint(&call->reply, "\"db check NAME\" has every gate of its databases%s", forced);
    else if (fault == FAULT_GATE_REFUSED || fault == FAULT_NO_TARGET)
        reply_hint(&call->reply, "\"show targets\" has the details%s", forced);
    else
        reply_hint(&call->reply, "%s", remedy_for(fault));
}

void call_take_result(struct call *call, const struct change_result *result)
{
    struct reply *reply = &call->reply;
    cJSON *json = reply_result(reply);

    reply->epoch = result->epoch;
    if (result->outcome != OUTCOME_DONE) {
        reply_fail(reply, result->outcome, result->fault, "%s", result->words);
        hint_refusal(call, result->fault, result->gate);
        snprintf(reply->gate, sizeof reply->gate, "%s", result->gate);
    }
    json_add_bool(json, "changed", result->changed);
    json_add_bool(json, "durable", result->is_durable);
    json_add_u64(json, "epoch_before", result->epoch_before);
    json_add_u64(json, "epoch", result->epoch);
    json_add_u64(json, "duration_us", result->duration_us);
    json_add_text(json, "words", result->words);
}

void call_describe_change(struct call *call, const struct change_result *result)
{
    const struct args *args = &call->args;
    struct text *text = &call->reply.text;

    call_take_result(call, result);
    if (!reply_is_ok(&call->reply))
        return;
    text_add_format(text, "%s", call->command->name);
    for (unsigned i = 0; i < args->count; i++)
        text_add_format(text, " %s", args->words[i]);
    text_add_format(text, ": %s, epoch %" PRIu64 ", %s\n",
                    result->changed ? "done" : "it was so already", result->epoch,
                    result->is_durable ? "durable" : "volatile");
    if (result->outcome == OUTCOME_DONE && result->words[0] != '\0')
        text_add_format(text, "%s\n", result->words);
}

enum call_step call_refuse_usage(struct call *call, const char *format, ...)
{
    char words[256];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    reply_fail(&call->reply, OUTCOME_USAGE, FAULT_USAGE, "%s", words);
    reply_hint(&call->reply, "usage: %s%s%s", call->command->name,
               call->command->usage[0] != '\0' ? " " : "", call->command->usage);
    return CALL_DONE;
}
