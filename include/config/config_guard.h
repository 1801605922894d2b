/*
 * The part of a service's configuration that says when a release is rolled back: plain limits (guard), and the numbers
 * of the rules behind the evidence. Shares, points, ratios and numbers are millionths, times microseconds. See
 * config/config.h for the rules of the tree and config/judgement.h for what is made of it.
 */
#ifndef CONFIG_CONFIG_GUARD_H
#define CONFIG_CONFIG_GUARD_H

#include <stdbool.h>
#include <stdint.h>

/* When a windowed limit looks and from how much on it decides. */
struct config_guard_window {
    uint64_t time;
    uint64_t requests;
    uint64_t errors;
};

struct config_guard {
    uint64_t error_rate; /* 0 of any limit: it is off */
    uint64_t mean_latency;
    uint64_t unhealthy_for;
    uint64_t error_increase;
    uint64_t latency_increase;
    uint64_t database_for;
    uint64_t window; /* of automatic rollbacks after a switch */
    bool automatic;
    uint64_t consecutive;
    uint64_t sigma;
    bool shared_veto;
    struct config_guard_window error;
    struct config_guard_window mean;
    struct config_guard_window increase;
    struct config_guard_window slow;
    uint64_t slow_least;
    uint64_t warn_errors; /* alerts */
    uint64_t critical_errors;
    uint64_t warn_latency;
    uint64_t critical_latency;
    uint64_t cooldown;
    uint64_t max_rollbacks;
    uint64_t memory;
};

/* Of the rows; the options of block evidence. */
struct config_rules {
    uint64_t tick;
    uint64_t false_rollback_per_hour;
    uint64_t min_errors;
    uint64_t error_ratio, error_margin, error_sustain;
    uint64_t gross_ratio, gross_margin, gross_sustain;
    uint64_t hist_ratio, hist_margin, hist_from;
    uint64_t latency_tolerance, latency_sustain;
    uint64_t latency_gross_tolerance, latency_gross_sustain;
    uint64_t latency_warn_tolerance, latency_least, latency_warmup;
    uint64_t baseline_half_life, baseline_silent;
    uint64_t prior_error_rate, prior_requests;
    uint64_t confirm_nats, confirm_time, mute;
    bool concentration;
    uint64_t concentration_share, concentration_time;
    uint64_t unhealthy_fall, unhealthy_rise;
    uint64_t unhealthy_quiet, unhealthy_evidence;
    uint64_t shared_grace;
    uint64_t min_dwell, max_dwell;
    uint64_t risk_budget, latency_budget, advance_alpha;
};

#endif
