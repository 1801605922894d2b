/*
 * The judgement in words for people: one line for an event, with numbers that can be checked by hand (a rate is x of
 * n, what would be expected is the limit times n), and what did not fire together with what could not have been seen
 * at this traffic. Pure.
 */
#ifndef EVIDENCE_EXPLANATION_H
#define EVIDENCE_EXPLANATION_H

#include "base/text.h"
#include "evidence/engine.h"

/* Words of the caller; version may be NULL. */
struct explanation_names {
    const char *candidate; /* slot */
    const char *version;   /* of the candidate */
    const char *baseline;  /* slot */
};

/* One line without its end. */
void explanation_add_event(struct text *out, const struct engine_event *event,
                           const struct explanation_names *names);

/* Wilson's interval of 99 percent (z = 2.5758) of x among n; 0 to 1 when n is 0. It informs and decides nothing: a
 * run that is chosen because it looks bad is no fresh sample. */
struct explanation_interval {
    double low, high;
};
struct explanation_interval explanation_interval(uint64_t x, uint64_t n);

/* Requests per second that are judged, and what the errors are like. */
struct explanation_traffic {
    double candidate_per_s;
    double baseline_per_s; /* 0: there is no baseline */
    double baseline_rate;
    double phi;
};

/* How long it takes about until a rise of the candidate's error rate to `rate` is acted upon, in seconds: the
 * evidence that is needed over what one second brings. INFINITY: it is allowed, or nothing is sent. It is the middle
 * of what happens, not a bound. */
double explanation_time_s(const struct settings *settings,
                          const struct explanation_traffic *traffic, double rate);

/* Lines: every row with its evidence, then what rise would be seen within what time. */
void explanation_add_quiet(struct text *out, const struct engine_view *view,
                           const struct settings *settings,
                           const struct explanation_traffic *traffic);

#endif
