/*
 * Changes that were judged and not made, kept under a token until somebody applies them: at most so many, for so
 * long, and only while the picture is the one they were judged on. In memory alone. Control thread.
 */
#ifndef DEPLOY_FORECAST_PRIV_H
#define DEPLOY_FORECAST_PRIV_H

#include <stdint.h>

#include "deploy/change.h"
#include "deploy/ticket_priv.h"

enum { FORECASTS_MAX = 64, FORECAST_TOKEN = 32 };
#define FORECAST_AGE_US (10ULL * 60 * 1000 * 1000)

struct forecast {
    char token[FORECAST_TOKEN + 1]; /* "" : free */
    struct change change;
    uint64_t epoch;
    uint64_t config_hash;
    uint64_t made_us; /* monotonic */
};

struct deploy;

/* Judges a plan on the working decisions and leaves them as they were: what would happen, every gate that was come
 * to, and a token when all of them passed. */
enum judgement forecast_judge(struct deploy *deploy, struct ticket *ticket);
/* Of a forced change: judges it as if it were not, and notes the gates that do not pass in result.bypassed. */
void forecast_bypassed(struct deploy *deploy, struct ticket *ticket);
void forecast_fini(struct deploy *deploy);

#endif
