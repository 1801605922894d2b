/*
 * Deadlines of the data plane: a coarse wheel (tick WHEEL_TICK_MS) per worker in which arming is usually one
 * store. An entry keeps the deadline it wants and the tick it is filed under, never later than the wish;
 * when the wheel reaches it too early it is filed again. Thread: the loop's.
 */
#ifndef NET_WHEEL_H
#define NET_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct lag;
struct loop;
struct wheel;

enum { WHEEL_TICK_MS = 50 };

struct deadline {
    struct deadline *next;
    struct deadline **prev; /* NULL: not filed */
    void (*fn)(struct deadline *deadline);
    uint32_t wish;  /* tick, 0: disarmed */
    uint32_t filed; /* tick */
};

struct wheel *wheel_new(struct loop *loop);
void wheel_free(struct wheel *wheel); /* entries must be gone */

/* How late its ticks came; to be read by any thread (net/lag.h) as long as the wheel lives. */
const struct lag *wheel_lag(const struct wheel *wheel);

void deadline_init(struct deadline *deadline, void (*fn)(struct deadline *deadline));

/* fn is called once, not before us have passed and at most three ticks later; a stop of the whole loop of more
 * than a second does not count. 0 us: disarmed. */
void deadline_arm(struct wheel *wheel, struct deadline *deadline, uint64_t us);
void deadline_disarm(struct deadline *deadline);
bool deadline_is_armed(const struct deadline *deadline);

/* Takes the entry out; before its memory goes. */
void deadline_fini(struct deadline *deadline);

#endif
