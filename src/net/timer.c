/* One-shot timers of the control plane over libevent: see net/timer.h. */
#include "net/timer.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/loop.h"

struct timer {
    struct event event;
    void (*fn)(void *arg);
    void *arg;
};

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct timer *timer = arg;

    (void)fd;
    (void)what;
    timer->fn(timer->arg);
}

struct timer *timer_new(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct timer *timer = mem_zalloc(sizeof *timer);

    timer->fn = fn;
    timer->arg = arg;
    evtimer_assign(&timer->event, loop_base(loop), on_timeout, timer);
    return timer;
}

void timer_free(struct timer *timer)
{
    if (timer == NULL)
        return;
    event_del(&timer->event);
    free(timer);
}

void timer_arm(struct timer *timer, uint64_t ms)
{
    struct timeval after = { .tv_sec = (time_t)(ms / 1000),
                             .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

    event_add(&timer->event, &after);
}

void timer_disarm(struct timer *timer)
{
    event_del(&timer->event);
}

bool timer_is_armed(const struct timer *timer)
{
    return event_pending(&timer->event, EV_TIMEOUT, NULL) != 0;
}
