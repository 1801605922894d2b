/*
 * What the Criterion files of this folder share: ending a daemon or a raw bench with its epilogue, and
 * running a table of raw cases so that every failing case is named.
 */
#ifndef E2E_E2E_H
#define E2E_E2E_H

#include <criterion/criterion.h>
#include <stdlib.h>

#include "support/daemon.h"
#include "support/raw.h"
#include "support/stage.h"
#include "support/target_stage.h"
#include "support/tls_stage.h"

/* The end of every test with a daemon. */
#define STOP(daemon)                                                                               \
    do {                                                                                           \
        char *why_ = daemon_stop(daemon);                                                          \
                                                                                                   \
        cr_expect(why_ == NULL, "%s", why_);                                                       \
        free(why_);                                                                                \
    } while (0)

#define STOP_RAW(bench)                                                                            \
    do {                                                                                           \
        char *why_ = raw_stop(bench);                                                              \
                                                                                                   \
        cr_expect(why_ == NULL, "%s", why_);                                                       \
        free(why_);                                                                                \
    } while (0)

#define STOP_STAGE(stage)                                                                          \
    do {                                                                                           \
        char *why_ = stage_close(stage);                                                           \
                                                                                                   \
        cr_expect(why_ == NULL, "%s", why_);                                                       \
        free(why_);                                                                                \
    } while (0)

#define STOP_TLS(stage)                                                                            \
    do {                                                                                           \
        char *why_ = tls_stage_close(stage);                                                       \
                                                                                                   \
        cr_expect(why_ == NULL, "%s", why_);                                                       \
        free(why_);                                                                                \
    } while (0)

#define STOP_TARGET(stage)                                                                         \
    do {                                                                                           \
        char *why_ = target_stage_close(stage);                                                    \
                                                                                                   \
        cr_expect(why_ == NULL, "%s", why_);                                                       \
        free(why_);                                                                                \
    } while (0)

/* All cases of an array on one bench; a failing case is an expectation that failed. */
#define RUN_CASES(bench, cases)                                                                    \
    for (size_t i_ = 0; i_ < sizeof(cases) / sizeof((cases)[0]); i_++) {                           \
        char *why_ = raw_is_picked(&(cases)[i_]) ? raw_run(bench, &(cases)[i_]) : NULL;            \
                                                                                                   \
        cr_expect(why_ == NULL, "case %s\n%s", (cases)[i_].name, why_);                            \
        free(why_);                                                                                \
    }

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
