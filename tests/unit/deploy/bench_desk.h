/*
 * A desk to test with: a folder of its own, a configuration file in it, a loop, no workers, no health (verdicts
 * are set on targets). Everything is real, the disk included.
 */
#ifndef BENCH_DESK_H
#define BENCH_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/report.h"
#include "deploy/deploy.h"

struct bench_desk {
    char folder[64];
    char config_path[128];
    char state_path[128];
    struct loop *loop;
    struct resolver *resolver;
    struct deploy *deploy;
    struct deploy_options options; /* may be changed before bench_desk_start */
    struct report report;          /* of the last start */
};

/* shop (blue, green, staging), web and api in the group release; health off. */
extern const char bench_desk_config[];

void bench_desk_init(struct bench_desk *desk, const char *config);
void bench_desk_fini(struct bench_desk *desk);
void bench_desk_write_config(struct bench_desk *desk, const char *config);

/* deploy_new; 0 or ERR_*. */
int bench_desk_start(struct bench_desk *desk);
void bench_desk_stop(struct bench_desk *desk);
void bench_desk_drop_resolver(struct bench_desk *desk);
void bench_desk_must_start(struct bench_desk *desk);

/* A change carried through to its answer. */
struct change_result bench_desk_do(struct bench_desk *desk, const struct change *change);
/* The same, as a change that the daemon itself finds necessary. */
struct change_result bench_desk_do_own(struct bench_desk *desk, const struct change *change);
struct change_result bench_desk_switch(struct bench_desk *desk, const char *name, const char *slot);
struct change bench_desk_change(enum change_kind kind, const char *name, const char *slot);

/* Runs the loop until the answers of submitted changes have come; bench_desk_submit counts them. */
struct bench_answer {
    bool is_done;
    struct change_result result;
    unsigned *open;
    struct loop *loop;
};
void bench_desk_submit(struct bench_desk *desk, const struct change *change,
                       struct bench_answer *answer, unsigned *open);
void bench_desk_wait(struct bench_desk *desk, unsigned *open);
void bench_desk_run_ms(struct bench_desk *desk, uint64_t ms);

const char *bench_desk_active(struct bench_desk *desk, const char *service);
uint64_t bench_desk_epoch(struct bench_desk *desk);
void bench_desk_verdict(struct bench_desk *desk, const char *service, const char *slot,
                        enum verdict verdict);
const struct snapshot_service *bench_desk_service(const char *name);

#endif
