/*
 * From single results to a verdict: rise and fall, the last 64 results, the last error. Pure: times and results
 * are given, nothing is asked for.
 */
#ifndef HEALTH_WINDOW_PRIV_H
#define HEALTH_WINDOW_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "health/health.h"

/* Owner: a watch, or a test. A value; nothing is to be freed. */
struct window {
    enum verdict verdict;
    unsigned rise;
    unsigned fall;
    unsigned run;  /* equal results in a row */
    bool run_good; /* what they were */
    bool is_passive;
    uint64_t since_us;
    uint64_t changes;
    uint64_t results;
    uint64_t failures;
    uint64_t history;
    unsigned count; /* of past */
    unsigned next;  /* where in past the next result goes */
    struct health_past past[HEALTH_HISTORY];
    enum probe_database database;
    uint64_t database_since_us;
    uint64_t error_us;
    enum fault error_fault;
    char error_words[PROBE_WORDS_SIZE];
};

void window_init(struct window *window, enum verdict verdict, uint64_t now_us);

/* New rules: a run begun under the old ones counts no more. */
void window_set_rules(struct window *window, unsigned rise, unsigned fall);

/* One result. True: the verdict changed. From unknown the first one decides. */
bool window_add(struct window *window, uint64_t now_us, const struct probe_result *result);

/* Why nothing was learned (our own want of descriptors): shown as the last error, judged as nothing. */
void window_note(struct window *window, uint64_t now_us, const struct probe_result *result);

/* A passive finding: down at once, and up again only after `rise` new good results. False: it was. */
bool window_put_down(struct window *window, uint64_t now_us, enum fault fault, const char *words);

/* Down at once after a bad result that leaves no doubt; up again only after `rise` good ones. */
void window_condemn(struct window *window, uint64_t now_us);

/* Health is off: unknown, without a change being counted. */
void window_put_unknown(struct window *window, uint64_t now_us);

/* False while the verdict is unknown or the last result speaks against it: ask more often. */
bool window_is_settled(const struct window *window);
void window_view(const struct window *window, struct health_view *out);
unsigned window_history(const struct window *window, struct health_past *out);

#endif
