/*
 * The signals that the switch counts by itself: how many responses with certain statuses there were lately. Sums what the
 * workers counted and tells it to the table of signals as a value from outside would be. Control thread.
 */
#ifndef PILOT_SIGNAL_RATES_PRIV_H
#define PILOT_SIGNAL_RATES_PRIV_H

#include <stdint.h>

struct config;
struct pilot;
struct signal_rates;

struct signal_rates *signal_rates_new(void);
void signal_rates_free(struct signal_rates *rates);

/* Another configuration, borrowed until the next one: rules that did not change go on counting. */
void signal_rates_configure(struct signal_rates *rates, const struct config *config);

/* Some times a second: every counted signal gets its value. */
void signal_rates_tick(struct signal_rates *rates, struct pilot *pilot, uint64_t now_us);

#endif
