/*
 * A one-shot timer for the control plane (milliseconds, libevent's heap). The data plane uses the wheel.
 * Owner: who made it. Thread: the loop's.
 */
#ifndef NET_TIMER_H
#define NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer;

struct timer *timer_new(struct loop *loop, void (*fn)(void *arg), void *arg);
void timer_free(struct timer *timer);             /* NULL is allowed; also from its own callback */
void timer_arm(struct timer *timer, uint64_t ms); /* replaces what was armed */
void timer_disarm(struct timer *timer);
bool timer_is_armed(const struct timer *timer);

#endif
