/*
 * See cmd_replay_priv.h. The work is done by the casebook's reading thread; the call is parked meanwhile. A record is
 * bounded, so the work is, too. Without other settings everything must come out as it was, to the last bit.
 */
#include "control/cmd_replay_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/cmd_decision_priv.h"
#include "control/json_priv.h"
#include "evidence/explanation.h"
#include "evidence/record.h"
#include "pilot/casebook.h"

/* Lent to the thread. Owner: on_replayed. */
struct replay {
    struct call *call;
    struct decision decision;
    struct record_override overrides[ARGS_NAMED_MAX]; /* into texts */
    char *texts[ARGS_NAMED_MAX];
    size_t count;
    struct record_replay found;
    char words[RECORD_WORDS];
    int err;
};

static void free_replay(struct replay *replay)
{
    for (size_t i = 0; i < replay->count; i++)
        free(replay->texts[i]);
    free(replay);
}

/* "error_ratio=3" */
static bool add_override(struct replay *replay, const char *pair)
{
    const char *equals = strchr(pair, '=');
    char *text = NULL;

    if (equals == NULL || equals == pair || equals[1] == '\0')
        return false;
    text = mem_text(pair);
    text[equals - pair] = '\0';
    replay->texts[replay->count] = text;
    replay->overrides[replay->count++] =
        (struct record_override){ .name = text, .value = text + (equals - pair) + 1 };
    return true;
}

static void run_replay(void *arg, struct slice record, const _Atomic bool *is_cut)
{
    struct replay *replay = arg;

    (void)is_cut; /* a record is too short to be worth it */
    replay->err =
        record_replay(record, replay->overrides, replay->count, &replay->found, replay->words);
}

/* To the last bit, a NaN too. */
static bool is_same_number(double a, double b)
{
    uint64_t left = 0;
    uint64_t right = 0;

    memcpy(&left, &a, sizeof left);
    memcpy(&right, &b, sizeof right);
    return left == right;
}

static bool is_same_event(const struct engine_event *a, const struct engine_event *b)
{
    return a->action == b->action && strcmp(a->trigger, b->trigger) == 0 && a->at_ms == b->at_ms &&
           a->candidate_n == b->candidate_n && a->candidate_x == b->candidate_x &&
           a->baseline_n == b->baseline_n && a->baseline_x == b->baseline_x &&
           is_same_number(a->evidence, b->evidence) && is_same_number(a->threshold, b->threshold);
}

static bool has_event(const struct record_events *events, const struct engine_event *wanted)
{
    for (size_t i = 0; i < events->count && i < RECORD_EVENTS; i++)
        if (is_same_event(&events->events[i], wanted))
            return true;
    return false;
}

static void add_events(struct call *call, const struct replay *replay, const char *title,
                       const struct record_events *events)
{
    struct explanation_names names = { .candidate = replay->decision.candidate,
                                       .version = replay->decision.version,
                                       .baseline = replay->decision.baseline };
    struct text *out = &call->reply.text;

    text_add_format(out, "%s: %zu event%s\n", title, events->count, events->count == 1 ? "" : "s");
    for (size_t i = 0; i < events->count && i < RECORD_EVENTS; i++) {
        text_add_format(out, "  %.1fs ", (double)events->events[i].at_ms / 1000);
        explanation_add_event(out, &events->events[i], &names);
        text_add(out, "\n");
    }
}

static cJSON *make_events(const struct record_events *events)
{
    cJSON *list = json_array();

    for (size_t i = 0; i < events->count && i < RECORD_EVENTS; i++) {
        const struct engine_event *event = &events->events[i];
        cJSON *object = json_object();

        json_add_text(object, "action", engine_action_name(event->action));
        json_add_text(object, "trigger", event->trigger);
        json_add_u64(object, "at_ms", event->at_ms);
        json_add_u64(object, "candidate_n", event->candidate_n);
        json_add_u64(object, "candidate_x", event->candidate_x);
        json_add_u64(object, "baseline_n", event->baseline_n);
        json_add_u64(object, "baseline_x", event->baseline_x);
        json_add_real(object, "evidence", event->evidence);
        json_add_real(object, "threshold", event->threshold);
        json_add(list, NULL, object);
    }
    return list;
}

/* A step of a rollout rests on an advice instead of an event; one that was taken because its time was over must have
 * had neither a yes nor a no. */
static bool is_advised_so(const struct replay *replay)
{
    enum engine_advice advice = replay->found.advice;

    if (strcmp(replay->decision.trigger, "proven") == 0)
        return advice == ENGINE_ADVANCE;
    return advice == ENGINE_STAY || advice == ENGINE_INCONCLUSIVE;
}

static bool is_reached(const struct replay *replay)
{
    return replay->decision.has_event ? has_event(&replay->found.replayed, &replay->decision.event)
                                      : is_advised_so(replay);
}

static void add_advice(struct call *call, const struct replay *replay)
{
    if (replay->decision.has_event)
        return;
    text_add_format(&call->reply.text, "the evidence at its end: %s\n", replay->found.advice_words);
    json_add_text(reply_result(&call->reply), "advice", replay->found.advice_words);
}

static void say_agreement(struct call *call, const struct replay *replay)
{
    bool is_same = replay->found.is_same && is_reached(replay);

    json_add_bool(reply_result(&call->reply), "same", is_same);
    if (is_same)
        text_add_format(&call->reply.text,
                        "decision %" PRIu64 " agrees bit for bit: %" PRIu64
                        " ticks from %.1fs to %.1fs of the trial\n",
                        replay->decision.id, replay->found.tick_count,
                        (double)replay->found.from_ms / 1000, (double)replay->found.to_ms / 1000);
    else
        reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE,
                   "decision %" PRIu64 " does not come out as it was; this is a defect of the "
                   "daemon, or the record is another decision's",
                   replay->decision.id);
}

static void say_difference(struct call *call, const struct replay *replay)
{
    bool is_same = is_reached(replay);

    json_add_bool(reply_result(&call->reply), "same", is_same);
    text_add_format(&call->reply.text, "decision %" PRIu64 " with", replay->decision.id);
    for (size_t i = 0; i < replay->count; i++)
        text_add_format(&call->reply.text, " %s=%s", replay->overrides[i].name,
                        replay->overrides[i].value);
    text_add_format(&call->reply.text, ": it would %s\n",
                    is_same ? "have been the same" : "not have been taken like this");
}

static void describe(struct call *call, const struct replay *replay)
{
    cJSON *result = reply_result(&call->reply);

    if (replay->count == 0)
        say_agreement(call, replay);
    else
        say_difference(call, replay);
    add_events(call, replay, "as it was", &replay->found.recorded);
    if (replay->count > 0 || !replay->found.is_same)
        add_events(call, replay, "worked out now", &replay->found.replayed);
    add_advice(call, replay);
    json_add_u64(result, "id", replay->decision.id);
    json_add_u64(result, "ticks", replay->found.tick_count);
    json_add_u64(result, "from_ms", replay->found.from_ms);
    json_add_u64(result, "to_ms", replay->found.to_ms);
    json_add(result, "recorded", make_events(&replay->found.recorded));
    json_add(result, "replayed", make_events(&replay->found.replayed));
}

static void on_replayed(void *arg, const char *failure)
{
    struct replay *replay = arg;
    struct call *call = replay->call;

    if (call_return(call)) {
        if (failure != NULL || replay->err != 0)
            reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE,
                       "decision %" PRIu64 " cannot be worked out again: %s", replay->decision.id,
                       failure != NULL ? failure : replay->words);
        else
            describe(call, replay);
        call_finish(call);
    }
    free_replay(replay);
}

enum call_step cmd_replay_run(struct call *call)
{
    const struct args *args = &call->args;
    const struct decision *decision = cmd_decision_find(call);
    struct replay *replay = NULL;

    if (decision == NULL)
        return CALL_DONE;
    if (decision->record_bytes == 0) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_NONE,
                   "decision %" PRIu64 " has no record: it rests on no counters", decision->id);
        return CALL_DONE;
    }
    replay = mem_zalloc(sizeof *replay);
    replay->call = call;
    replay->decision = *decision;
    for (unsigned i = 0; i < args->named_count; i++)
        if (!add_override(replay, args->named[i].value)) {
            free_replay(replay);
            return call_refuse_usage(call, "--with takes KEY=VALUE, not \"%.40s\"",
                                     args->named[i].value);
        }
    call->asked = "the reader of decisions";
    call_lend(call);
    casebook_study(
        call->room->casebook, decision->id,
        &(struct casebook_study){ .run = run_replay, .done = on_replayed, .arg = replay });
    return CALL_PARKED;
}
