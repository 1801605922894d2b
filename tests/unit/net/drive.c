/* See drive.h: a timer of the loop looks at the condition every millisecond. */
#include "drive.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/mem.h"
#include "net/timer.h"

enum { PATIENCE_MS = 5000 };

struct drive {
    struct loop *loop;
    struct timer *timer;
    drive_fn *is_true;
    void *arg;
    uint64_t end_ms;
    bool is_met;
};

static uint64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_look(void *arg)
{
    struct drive *drive = arg;

    drive->is_met = drive->is_true != NULL && drive->is_true(drive->arg);
    if (drive->is_met || clock_ms() >= drive->end_ms)
        loop_stop(drive->loop);
    else
        timer_arm(drive->timer, 1);
}

static bool run(struct loop *loop, drive_fn *is_true, void *arg, unsigned ms)
{
    struct drive drive = {
        .loop = loop, .is_true = is_true, .arg = arg, .end_ms = clock_ms() + ms
    };

    drive.timer = timer_new(loop, on_look, &drive);
    timer_arm(drive.timer, 0);
    loop_run(loop);
    timer_free(drive.timer);
    return drive.is_met;
}

bool drive_until(struct loop *loop, drive_fn *is_true, void *arg)
{
    return run(loop, is_true, arg, PATIENCE_MS);
}

void drive_for(struct loop *loop, unsigned ms)
{
    (void)run(loop, NULL, NULL, ms);
}

static void on_ready(struct stream *stream)
{
    struct watch *watch = container_of(stream, struct watch, stream);

    watch->calls++;
    if (watch->then != NULL)
        watch->then(watch);
}

const struct stream_ops watch_ops = { .on_ready = on_ready };

int watch_open_pair(struct watch *watch, struct loop *loop)
{
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    cr_assert_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    watch->calls = 0;
    watch->then = NULL;
    cr_assert_eq(stream_open(&watch->stream, loop, ends[0], &watch_ops), 0);
    return ends[1];
}

struct awaited {
    const struct watch *watch;
    unsigned before;
};

static bool was_called(void *arg)
{
    const struct awaited *awaited = arg;

    return awaited->watch->calls > awaited->before;
}

bool watch_await(struct watch *watch, unsigned before)
{
    struct awaited awaited = { watch, before };

    return drive_until(watch->stream.loop, was_called, &awaited);
}
