/* What tests of rollouts say to a desk. */
#ifndef BENCH_ROLLOUT_H
#define BENCH_ROLLOUT_H

#include "bench_desk.h"
#include "deploy/rollout.h"

/* shop (blue, green v2, staging; steps 1 %, 50 %, 100 %; a step_time that rollouts do not use, a holdback of 2 %), slow (5 m of
 * validation), gated (2 approvals, 2 items), web and api in the group release; health off. */
extern const char bench_rollout_config[];
extern const char bench_rollout_config_without_green[]; /* of shop; no slow */

struct change_result bench_rollout_say(struct bench_desk *desk, enum change_kind kind,
                                       const char *name);

/* As the driver does. */
struct change_result bench_rollout_own(struct bench_desk *desk, const struct change *change);
void bench_rollout_submit_own(struct bench_desk *desk, const struct change *change,
                              struct bench_answer *answer, unsigned *open);
struct change_result bench_rollout_phase(struct bench_desk *desk, const char *name,
                                         enum rollout_phase phase);

/* id 0: none. */
struct deploy_rollout_view bench_rollout_view(struct bench_desk *desk, const char *name);

#endif
