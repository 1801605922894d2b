/* Rise and fall: see window_priv.h. */
#include "health/window_priv.h"

#include <string.h>

#include "base/slice.h"

void window_init(struct window *window, enum verdict verdict, uint64_t now_us)
{
    memset(window, 0, sizeof *window);
    window->verdict = verdict;
    window->since_us = now_us;
    window->rise = 1;
    window->fall = 1;
}

void window_set_rules(struct window *window, unsigned rise, unsigned fall)
{
    window->rise = rise;
    window->fall = fall;
    window->run = 0;
}

static void note_error(struct window *window, uint64_t now_us, enum fault fault, const char *words)
{
    struct slice s = slice_from(words);

    if (s.len >= sizeof window->error_words)
        s.len = sizeof window->error_words - 1;
    window->error_us = now_us;
    window->error_fault = fault;
    (void)slice_copy(s, window->error_words, sizeof window->error_words);
}

static void note_result(struct window *window, uint64_t now_us, const struct probe_result *result)
{
    bool is_good = result->fault == FAULT_NONE;
    struct health_past *past = &window->past[window->next];

    past->at_us = now_us;
    past->duration_us =
        result->duration_us < UINT32_MAX ? (uint32_t)result->duration_us : UINT32_MAX;
    past->fault = (uint16_t)result->fault;
    past->status = result->status;
    window->next = (window->next + 1) % HEALTH_HISTORY;
    window->count += window->count < HEALTH_HISTORY;
    window->history = window->history << 1 | (is_good ? 1 : 0);
    window->results++;
    window->failures += !is_good;
    if (!is_good)
        note_error(window, now_us, result->fault, result->words);
}

/* A bad answer tells nothing of the database, unless it says so. */
static void note_database(struct window *window, uint64_t now_us, const struct probe_result *result)
{
    if (result->fault != FAULT_NONE && result->database == PROBE_DATABASE_UNKNOWN)
        return;
    if (window->database != result->database)
        window->database_since_us = now_us;
    window->database = result->database;
}

static void change(struct window *window, enum verdict verdict, uint64_t now_us, bool is_passive)
{
    window->verdict = verdict;
    window->since_us = now_us;
    window->is_passive = is_passive;
    window->changes++;
}

bool window_add(struct window *window, uint64_t now_us, const struct probe_result *result)
{
    bool is_good = result->fault == FAULT_NONE;
    enum verdict wanted = is_good ? VERDICT_UP : VERDICT_DOWN;
    unsigned needed = is_good ? window->rise : window->fall;

    note_result(window, now_us, result);
    note_database(window, now_us, result);
    if (window->run > 0 && window->run_good == is_good)
        window->run += window->run < UINT32_MAX;
    else
        window->run = 1;
    window->run_good = is_good;
    if (window->verdict == wanted)
        return false;
    if (window->verdict != VERDICT_UNKNOWN && window->run < needed)
        return false;
    change(window, wanted, now_us, false);
    return true;
}

void window_note(struct window *window, uint64_t now_us, const struct probe_result *result)
{
    note_error(window, now_us, result->fault, result->words);
}

bool window_put_down(struct window *window, uint64_t now_us, enum fault fault, const char *words)
{
    if (window->verdict == VERDICT_DOWN)
        return false;
    note_error(window, now_us, fault, words);
    window->run = 0;
    change(window, VERDICT_DOWN, now_us, true);
    return true;
}

void window_condemn(struct window *window, uint64_t now_us)
{
    if (window->verdict != VERDICT_DOWN)
        change(window, VERDICT_DOWN, now_us, false);
}

void window_put_unknown(struct window *window, uint64_t now_us)
{
    if (window->verdict == VERDICT_UNKNOWN)
        return;
    window->verdict = VERDICT_UNKNOWN;
    window->since_us = now_us;
    window->is_passive = false;
    window->run = 0;
    window->database = PROBE_DATABASE_UNKNOWN;
    window->database_since_us = now_us;
}

bool window_is_settled(const struct window *window)
{
    switch (window->verdict) {
    case VERDICT_UNKNOWN: return false;
    case VERDICT_UP: return window->run > 0 && window->run_good;
    case VERDICT_DOWN: return window->run > 0 && !window->run_good;
    case VERDICT_MISDEPLOYED: break; /* never a window's own verdict */
    }
    return false;
}

void window_view(const struct window *window, struct health_view *out)
{
    unsigned last = (window->next + HEALTH_HISTORY - 1) % HEALTH_HISTORY;

    memset(out, 0, sizeof *out);
    out->verdict = window->verdict;
    out->is_passive = window->is_passive;
    out->since_us = window->since_us;
    out->database = window->database;
    out->database_since_us = window->database_since_us;
    out->changes = window->changes;
    out->results = window->results;
    out->failures = window->failures;
    out->history = window->history;
    out->history_count = window->count;
    out->run = window->run;
    if (window->count > 0) {
        out->last_us = window->past[last].at_us;
        out->last_duration_us = window->past[last].duration_us;
        out->last_fault = (enum fault)window->past[last].fault;
        out->last_status = window->past[last].status;
    }
    out->error_us = window->error_us;
    out->error_fault = window->error_fault;
    memcpy(out->error_words, window->error_words, sizeof out->error_words);
}

unsigned window_history(const struct window *window, struct health_past *out)
{
    for (unsigned i = 0; i < window->count; i++)
        out[i] = window->past[(window->next + HEALTH_HISTORY - 1 - i) % HEALTH_HISTORY];
    return window->count;
}
