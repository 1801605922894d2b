/*
 * R27: very many switches over the admin socket while requests run: memory, descriptors and threads stay flat and
 * the epoch counts every one of them. CI 5 000, full 100 000; and reloads, CI 300, full 10 000. In the full form
 * weighing begins when the bounded history (10 000 changes) has filled.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/scene.h"

enum { BATCH = 50, HISTORY = 10000 };

static const struct stage_options options = { .lines = "health { enabled = false }\n" };

/* Sends BATCH switches at once and reads their answers; how many said yes. */
static unsigned run_batch(struct ctl_line *line, unsigned start)
{
    struct text out;
    struct text in;
    unsigned answers = 0;
    unsigned good = 0;
    char part[65536];

    text_init(&out, 1 << 20);
    text_init(&in, 16 << 20);
    for (unsigned i = 0; i < BATCH; i++)
        text_add_format(&out, "json switch shop --to %s\n",
                        (start + i) % 2 == 0 ? "green" : "blue");
    cr_assert_eq(send(line->fd, out.bytes, out.len, MSG_NOSIGNAL), (ssize_t)out.len);
    while (answers < BATCH) {
        struct pollfd wait = { .fd = line->fd, .events = POLLIN };
        ssize_t count = 0;
        const char *at = NULL;

        cr_assert(poll(&wait, 1, 30000) > 0, "%u of %u answers", answers, (unsigned)BATCH);
        count = recv(line->fd, part, sizeof part, 0);
        cr_assert(count > 0, "the admin socket closed after %u answers", answers);
        text_add_slice(&in, slice_of(part, (size_t)count));
        answers = 0;
        for (at = in.bytes; (at = strstr(at, "\n\n")) != NULL; at += 2)
            answers++;
    }
    for (const char *at = in.bytes; (at = strstr(at, "\"ok\":true")) != NULL; at++)
        good++;
    text_fini(&out);
    text_fini(&in);
    return good;
}

struct weight {
    long rss_kib;
    int descriptors;
    int threads;
};

static struct weight weigh(pid_t pid)
{
    return (struct weight){ scene_rss_kib(pid), scene_descriptors(pid), scene_threads(pid) };
}

/* extra_kib: what a bounded store that fills lazily may still take. */
static void judge(const char *name, struct weight before, struct weight after, long extra_kib)
{
    fprintf(stderr, "%s: RSS %ld -> %ld KiB, descriptors %d -> %d, threads %d -> %d\n", name,
            before.rss_kib, after.rss_kib, before.descriptors, after.descriptors, before.threads,
            after.threads);
    if (!scene_is_sanitized())
        cr_expect(after.rss_kib - before.rss_kib <= 1024 + extra_kib, "%s: %ld KiB more", name,
                  after.rss_kib - before.rss_kib);
    /* the load that runs beside it opens and closes a few */
    cr_expect(after.descriptors <= before.descriptors + 12, "%s: descriptors grew", name);
    cr_expect_eq(after.threads, before.threads);
}

/* KiB: the newest changes stay in memory, less than a KiB each. */
static long growth_of_history(unsigned long before, unsigned long more)
{
    if (before >= HISTORY)
        return 0;
    return (long)(more < HISTORY - before ? more : HISTORY - before);
}

Test(soak, r27_switches)
{
    unsigned long count = scene_scale(5000, 100000);
    unsigned long warm_up = scene_scale(500, HISTORY);
    struct stage stage;
    struct ctl_line line;
    struct load *load = NULL;
    struct weight before;
    unsigned long good = 0;
    double epoch = 0;

    stage_open(&stage, &options);
    cr_assert(ctl_open(&line, stage.daemon));
    load = load_start(&(struct load_options){
        .front = daemon_front(stage.daemon), .keep_alive = 8, .rate = 300, .seed = 271 });
    for (unsigned long i = 0; i < warm_up; i += BATCH)
        good += run_batch(&line, (unsigned)i);
    before = weigh(daemon_pid(stage.daemon));
    epoch = stage_epoch(&stage);
    for (unsigned long i = 0; i < count; i += BATCH)
        good += run_batch(&line, (unsigned)i);
    cr_expect_eq(good, warm_up + count, "only %lu switches were acknowledged", good);
    judge("R27", before, weigh(daemon_pid(stage.daemon)), growth_of_history(warm_up, count));
    cr_expect_eq(stage_epoch(&stage), epoch + (double)count, "epoch %g, wanted %g",
                 stage_epoch(&stage), epoch + (double)count);
    load_finish(load);
    cr_expect_eq(load_failed(load), 0);
    load_free(load);
    ctl_close(&line);
    STOP_STAGE(&stage);
}

Test(soak, reloads)
{
    unsigned long warm_up = scene_scale(100, HISTORY);
    unsigned long count = scene_scale(200, 10000);
    struct stage stage;
    struct weight before = { 0 };
    struct load *load = NULL;

    stage_open(&stage, &options);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                              .keep_alive = 8,
                                              .one_shot = 2,
                                              .rate = 300,
                                              .seed = 272 });
    for (unsigned long i = 0; i < warm_up + count; i++) {
        struct ctl_line line;
        const char *answer = NULL;

        if (i == warm_up)
            before = weigh(daemon_pid(stage.daemon));
        cr_assert(ctl_open(&line, stage.daemon));
        answer = ctl_say(&line, "json reload", 20000);
        cr_assert(answer != NULL && strstr(answer, "\"ok\":true") != NULL, "reload %lu: %s", i,
                  answer != NULL ? answer : "no answer");
        ctl_close(&line);
    }
    judge("reloads", before, weigh(daemon_pid(stage.daemon)), growth_of_history(warm_up, count));
    load_finish(load);
    cr_expect_eq(load_failed(load), 0, "%llu requests failed while reloading",
                 (unsigned long long)load_failed(load));
    cr_expect_eq(load_wrong_slots(load, &(struct load_switch){ 0, 0, LOAD_SLOT_GREEN }, 1), 0,
                 "a reload lost the decision");
    load_free(load);
    STOP_STAGE(&stage);
}
