/* Results of changes in words, and the gates of a plan. Pure. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "deploy/deploy_priv.h"

/* What does not fit any more takes the last place when it did not pass. */
static void note_gate(struct ticket *ticket, const char *gate, bool is_passed, const char *words)
{
    struct change_result *result = &ticket->result;
    unsigned most = sizeof result->gates / sizeof result->gates[0];
    unsigned place = result->gate_count;

    if (!ticket->change.plan_only || gate[0] == '\0' || (place == most && is_passed))
        return;
    if (place == most)
        place--;
    result->gate_count = place + 1;
    result->gates[place].is_passed = is_passed;
    snprintf(result->gates[place].name, sizeof result->gates[place].name, "%s", gate);
    snprintf(result->gates[place].words, sizeof result->gates[place].words, "%.159s", words);
}

static enum judgement refuse(struct ticket *ticket, enum outcome outcome, enum fault fault,
                             const char *gate, const char *words)
{
    struct change_result *result = &ticket->result;

    result->outcome = outcome;
    result->fault = fault;
    snprintf(result->gate, sizeof result->gate, "%s", gate);
    snprintf(result->words, sizeof result->words, "%s", words);
    note_gate(ticket, gate, false, words);
    return JUDGED_REFUSED;
}

enum judgement judge_refuse(struct ticket *ticket, enum outcome outcome, enum fault fault,
                            const char *gate, const char *format, ...)
{
    char words[sizeof ticket->result.words];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    return refuse(ticket, outcome, fault, gate, words);
}

/* What an emergency is not carried past: a slot that cannot serve is no way out, and a group stays together. */
static bool is_kept(const char *gate)
{
    static const char *const kept[] = { "target", "role", "group" };

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (strcmp(gate, kept[i]) == 0)
            return true;
    return false;
}

/* True: it is an emergency, and the gate is remembered instead of asked. */
static bool is_skipped(struct ticket *ticket, const char *gate)
{
    char *skipped = ticket->result.skipped;
    size_t len = strlen(skipped);

    if (!ticket->change.emergency || is_kept(gate))
        return false;
    if (strstr(skipped, gate) == NULL)
        snprintf(skipped + len, sizeof ticket->result.skipped - len, "%s%s", len > 0 ? "," : "",
                 gate);
    return true;
}

enum judgement judge_gate(struct ticket *ticket, const char *gate, bool is_passed,
                          const char *format, ...)
{
    char words[sizeof ticket->result.words];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (is_passed || is_skipped(ticket, gate)) {
        note_gate(ticket, gate, is_passed, words);
        return JUDGED_DONE;
    }
    refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, gate, words);
    if (!ticket->change.plan_only)
        return JUDGED_REFUSED;
    if (ticket->refusal == NULL) {
        ticket->refusal = mem_alloc(sizeof *ticket->refusal);
        *ticket->refusal = ticket->result;
    }
    return JUDGED_DONE;
}

static void take(struct ticket *ticket, bool is_changed)
{
    ticket->result.outcome = OUTCOME_DONE;
    ticket->result.fault = FAULT_NONE;
    ticket->result.gate[0] = '\0';
    ticket->result.changed = is_changed;
}

enum judgement judge_done(struct ticket *ticket, const char *format, ...)
{
    char *words = ticket->result.words;
    size_t len = 0;
    va_list args;

    take(ticket, true);
    va_start(args, format);
    vsnprintf(words, sizeof ticket->result.words, format, args);
    va_end(args);
    len = strlen(words);
    snprintf(words + len, sizeof ticket->result.words - len, "%s%s",
             ticket->result.note[0] != '\0' ? "; " : "", ticket->result.note);
    return JUDGED_DONE;
}

enum judgement judge_same(struct ticket *ticket, const char *format, ...)
{
    va_list args;

    take(ticket, false);
    va_start(args, format);
    vsnprintf(ticket->result.words, sizeof ticket->result.words, format, args);
    va_end(args);
    return JUDGED_SAME;
}
