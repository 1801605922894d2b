/*
 * What the body of an answer says: whether the assertions hold, how the app's database is, its numbers. Called by a
 * probe when its answer is complete. Pure.
 */
#ifndef HEALTH_PROBE_BODY_PRIV_H
#define HEALTH_PROBE_BODY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "health/probe.h"
#include "health/probe_answer_priv.h"

enum { PROBE_BODY_MAX = PROBE_ANSWER_BODY_MAX };

/* The body is needed. */
bool probe_body_is_wanted(const struct probe_body_spec *spec);

/*
 * Judges a whole body (is_cut: it was longer than PROBE_BODY_MAX) and fills in database, gauges and, when something is
 * wrong, fault and words. A body that cannot be read is a fault only when something is asserted about it.
 */
void probe_body_judge(const struct probe_body_spec *spec, struct slice body, bool is_cut,
                      uint64_t wall_us, struct probe_result *result);

/* "healthy", "ok", "up", "connected", "true", in any case: good; any other word: bad. */
enum probe_database probe_body_database(struct slice word);

#endif
