/* Deadlines: net/wheel.h. */
#include <criterion/criterion.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "drive.h"
#include "net/wheel.h"

enum { TICK_US = WHEEL_TICK_MS * 1000, MANY = 600 };

struct alarm {
    struct deadline deadline;
    unsigned calls;
    uint64_t at_us;
    void (*then)(struct alarm *alarm);
    struct alarm *other;
};

static struct loop *loop;
static struct wheel *wheel;

static void on_deadline(struct deadline *deadline)
{
    struct alarm *alarm = container_of(deadline, struct alarm, deadline);

    alarm->calls++;
    alarm->at_us = clock_monotonic_us();
    if (alarm->then != NULL)
        alarm->then(alarm);
}

static struct alarm make_alarm(void)
{
    struct alarm alarm = { .calls = 0 };

    deadline_init(&alarm.deadline, on_deadline);
    return alarm;
}

static void set_up(void)
{
    loop = loop_new();
    wheel = wheel_new(loop);
}

static void tear_down(void)
{
    wheel_free(wheel);
    loop_free(loop);
}

TestSuite(wheel, .init = set_up, .fini = tear_down);

static bool has_fired(void *arg)
{
    return ((struct alarm *)arg)->calls > 0;
}

Test(wheel, fires_once_and_not_too_early)
{
    static const uint64_t waits_us[] = { 1, TICK_US - 1, TICK_US, TICK_US + 1, 3 * TICK_US };

    for (size_t i = 0; i < sizeof waits_us / sizeof waits_us[0]; i++) {
        struct alarm alarm = make_alarm();
        uint64_t start_us = clock_monotonic_us();

        deadline_arm(wheel, &alarm.deadline, waits_us[i]);
        cr_assert(deadline_is_armed(&alarm.deadline));
        cr_assert(drive_until(loop, has_fired, &alarm));
        cr_assert(alarm.at_us - start_us >= waits_us[i], "%zu: after %lu us", i,
                  (unsigned long)(alarm.at_us - start_us));
        cr_assert_not(deadline_is_armed(&alarm.deadline));
        drive_for(loop, 3 * WHEEL_TICK_MS);
        cr_assert_eq(alarm.calls, 1);
        deadline_fini(&alarm.deadline);
    }
}

/* Arming later is only a wish: the entry is filed again when its first place is reached. */
Test(wheel, is_filed_again_when_armed_later)
{
    struct alarm alarm = make_alarm();
    uint64_t start_us = clock_monotonic_us();

    deadline_arm(wheel, &alarm.deadline, TICK_US);
    deadline_arm(wheel, &alarm.deadline, 6 * TICK_US);
    cr_assert(drive_until(loop, has_fired, &alarm));
    cr_assert(alarm.at_us - start_us >= 6 * TICK_US);
    cr_assert_eq(alarm.calls, 1);
}

Test(wheel, is_moved_when_armed_earlier)
{
    struct alarm alarm = make_alarm();
    struct alarm late = make_alarm();

    deadline_arm(wheel, &alarm.deadline, 3600ull * 1000000);
    deadline_arm(wheel, &late.deadline, 3600ull * 1000000);
    deadline_arm(wheel, &alarm.deadline, TICK_US);
    cr_assert(drive_until(loop, has_fired, &alarm));
    cr_assert_eq(late.calls, 0);
    deadline_fini(&late.deadline);
}

Test(wheel, disarmed_does_not_fire)
{
    struct alarm alarm = make_alarm();

    deadline_arm(wheel, &alarm.deadline, TICK_US);
    deadline_disarm(&alarm.deadline);
    cr_assert_not(deadline_is_armed(&alarm.deadline));
    drive_for(loop, 6 * WHEEL_TICK_MS);
    cr_assert_eq(alarm.calls, 0);
    deadline_arm(wheel, &alarm.deadline, TICK_US);
    deadline_arm(wheel, &alarm.deadline, 0);
    drive_for(loop, 6 * WHEEL_TICK_MS);
    cr_assert_eq(alarm.calls, 0, "0 disarms");
    deadline_arm(wheel, &alarm.deadline, TICK_US);
    cr_assert(drive_until(loop, has_fired, &alarm), "armed again after it");
}

static void arm_again(struct alarm *alarm)
{
    if (alarm->calls < 3)
        deadline_arm(wheel, &alarm->deadline, TICK_US);
}

static bool has_fired_thrice(void *arg)
{
    return ((struct alarm *)arg)->calls == 3;
}

Test(wheel, may_be_armed_by_its_own_call)
{
    struct alarm alarm = make_alarm();

    alarm.then = arm_again;
    deadline_arm(wheel, &alarm.deadline, TICK_US);
    cr_assert(drive_until(loop, has_fired_thrice, &alarm));
}

static void end_other(struct alarm *alarm)
{
    deadline_fini(&alarm->other->deadline);
}

static void postpone_other(struct alarm *alarm)
{
    if (alarm->other->calls == 0)
        deadline_arm(wheel, &alarm->other->deadline, 4 * TICK_US);
}

/* Two due in the same tick: whichever comes first takes the other out. */
Test(wheel, a_call_may_end_another_due_one)
{
    struct alarm one = make_alarm();
    struct alarm two = make_alarm();

    one.other = &two;
    two.other = &one;
    one.then = two.then = end_other;
    deadline_arm(wheel, &one.deadline, TICK_US);
    deadline_arm(wheel, &two.deadline, TICK_US);
    drive_for(loop, 6 * WHEEL_TICK_MS);
    cr_assert_eq(one.calls + two.calls, 1);
}

Test(wheel, a_call_may_postpone_another_due_one)
{
    struct alarm one = make_alarm();
    struct alarm two = make_alarm();
    const struct alarm *first = NULL;
    const struct alarm *second = NULL;

    one.other = &two;
    two.other = &one;
    one.then = two.then = postpone_other;
    deadline_arm(wheel, &one.deadline, TICK_US);
    deadline_arm(wheel, &two.deadline, TICK_US);
    cr_assert(drive_until(loop, has_fired, &one) && drive_until(loop, has_fired, &two));
    first = one.at_us < two.at_us ? &one : &two;
    second = first == &one ? &two : &one;
    cr_assert_eq(one.calls + two.calls, 2);
    cr_assert(second->at_us - first->at_us >= 4 * TICK_US);
}

/* More than one round of the wheel: a slot holds entries of several rounds. */
Test(wheel, entries_of_later_rounds_stay)
{
    static struct alarm alarms[MANY];
    struct alarm near = make_alarm();

    for (unsigned i = 0; i < MANY; i++) {
        alarms[i] = make_alarm();
        deadline_arm(wheel, &alarms[i].deadline, (512ull + i) * TICK_US);
    }
    deadline_arm(wheel, &near.deadline, 4 * TICK_US);
    cr_assert(drive_until(loop, has_fired, &near));
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(alarms[i].calls, 0);
        deadline_fini(&alarms[i].deadline);
    }
}

static void stand_still(struct alarm *alarm)
{
    struct timespec pause = { .tv_sec = 2, .tv_nsec = 0 };

    nanosleep(&pause, NULL); /* the process is stopped */
    alarm->at_us = clock_monotonic_us();
    deadline_arm(wheel, &alarm->other->deadline, 1500000);
}

/* What is armed right after a stop of the process, before the wheel knows of it, is not due at once. */
Test(wheel, a_stop_of_the_process_is_not_waiting)
{
    struct alarm stop = make_alarm();
    struct alarm alarm = make_alarm();
    uint64_t start_us = 0;

    stop.then = stand_still;
    stop.other = &alarm;
    deadline_arm(wheel, &stop.deadline, TICK_US);
    cr_assert(drive_until(loop, has_fired, &stop));
    start_us = stop.at_us;
    cr_assert(drive_until(loop, has_fired, &alarm));
    cr_assert(alarm.at_us - start_us >= 400000, "after %lu us",
              (unsigned long)(alarm.at_us - start_us));
}
