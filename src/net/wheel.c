/*
 * The coarse wheel of a worker: see net/wheel.h. SLOTS ticks make one round; an entry that is filed further
 * away than a round stays in its slot and is looked at once per round.
 */
#include "net/wheel.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/lag.h"
#include "net/loop.h"

/* STALL: that many ticks at once at most; a gap beyond it (the process was stopped, the machine was paused) is
 * not counted, because what peers did meanwhile has not been looked at yet. */
enum { SLOTS = 512, TICK_US = WHEEL_TICK_MS * 1000, STALL = 1000 / WHEEL_TICK_MS };

struct wheel {
    struct event event;
    uint64_t start_us;
    uint64_t due_us; /* the next tick; 0: before the first */
    struct lag lag;
    uint32_t now; /* the last tick that was served */
    unsigned count;
    struct deadline *slots[SLOTS];
};

static void unlink_entry(struct deadline *deadline)
{
    CHECK(deadline->prev != NULL);
    *deadline->prev = deadline->next;
    if (deadline->next != NULL)
        deadline->next->prev = deadline->prev;
    deadline->prev = NULL;
}

static void file_entry(struct wheel *wheel, struct deadline *deadline, uint32_t tick)
{
    struct deadline **slot = &wheel->slots[tick % SLOTS];

    deadline->filed = tick;
    deadline->next = *slot;
    deadline->prev = slot;
    if (*slot != NULL)
        (*slot)->prev = &deadline->next;
    *slot = deadline;
}

static void serve_slot(struct wheel *wheel, uint32_t tick)
{
    struct deadline **slot = &wheel->slots[tick % SLOTS];
    struct deadline *due = NULL;

    /* take the due ones out first: a callback may file, unfile and free any entry */
    for (struct deadline *at = *slot; at != NULL;) {
        struct deadline *next = at->next;

        if (at->filed <= tick) {
            unlink_entry(at);
            if (at->wish > tick)
                file_entry(wheel, at, at->wish);
            else if (at->wish != 0) {
                at->next = due;
                at->prev = &due;
                if (due != NULL)
                    due->prev = &at->next;
                due = at;
            }
        }
        at = next;
    }
    while (due != NULL) {
        struct deadline *at = due;

        unlink_entry(at);
        if (at->wish == 0 || at->wish > tick) { /* changed by a callback before it */
            if (at->wish != 0)
                file_entry(wheel, at, at->wish);
            continue;
        }
        at->wish = 0;
        at->fn(at);
    }
}

/* libevent counts from the due time, or from now when a whole tick was missed. */
static void note_lag(struct wheel *wheel, uint64_t now_us)
{
    uint64_t late_us = now_us > wheel->due_us ? now_us - wheel->due_us : 0;

    if (wheel->due_us != 0)
        lag_note(&wheel->lag, late_us);
    if (wheel->due_us == 0 || late_us >= TICK_US || now_us < wheel->due_us)
        wheel->due_us = now_us;
    wheel->due_us += TICK_US;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct wheel *wheel = arg;
    uint64_t now_us = clock_monotonic_us();
    uint32_t until = (uint32_t)((now_us - wheel->start_us) / TICK_US) + 1;

    (void)fd;
    (void)what;
    note_lag(wheel, now_us);
    if (until - wheel->now > STALL) {
        wheel->start_us += (uint64_t)(until - wheel->now - STALL) * TICK_US;
        until = wheel->now + STALL;
    }
    while (wheel->now < until) {
        wheel->now++;
        serve_slot(wheel, wheel->now);
    }
}

struct wheel *wheel_new(struct loop *loop)
{
    struct timeval tick = { .tv_sec = 0, .tv_usec = TICK_US };
    struct wheel *wheel = mem_zalloc(sizeof *wheel);

    /* the loop's timers are as coarse as the kernel's: ticks fall into the middle, not on the border of two */
    wheel->start_us = clock_monotonic_us() - TICK_US / 2;
    wheel->now = 1;
    event_assign(&wheel->event, loop_base(loop), -1, EV_PERSIST, on_tick, wheel);
    CHECK(event_add(&wheel->event, &tick) == 0);
    return wheel;
}

void wheel_free(struct wheel *wheel)
{
    if (wheel == NULL)
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        while (wheel->slots[i] != NULL)
            unlink_entry(wheel->slots[i]);
    event_del(&wheel->event);
    free(wheel);
}

const struct lag *wheel_lag(const struct wheel *wheel)
{
    return &wheel->lag;
}

void deadline_init(struct deadline *deadline, void (*fn)(struct deadline *deadline))
{
    *deadline = (struct deadline){ .fn = fn };
}

void deadline_arm(struct wheel *wheel, struct deadline *deadline, uint64_t us)
{
    uint64_t ticks = 0;

    if (us == 0) {
        deadline->wish = 0;
        return;
    }
    ticks = us / TICK_US + 3; /* begun ones at both ends, and one that the loop may be late */
    deadline->wish = wheel->now + (uint32_t)(ticks < INT32_MAX ? ticks : INT32_MAX);
    if (deadline->prev == NULL) {
        file_entry(wheel, deadline, deadline->wish);
    } else if (deadline->wish < deadline->filed) {
        unlink_entry(deadline);
        file_entry(wheel, deadline, deadline->wish);
    }
}

void deadline_disarm(struct deadline *deadline)
{
    deadline->wish = 0;
}

bool deadline_is_armed(const struct deadline *deadline)
{
    return deadline->wish != 0;
}

void deadline_fini(struct deadline *deadline)
{
    if (deadline->prev != NULL)
        unlink_entry(deadline);
    deadline->wish = 0;
}
