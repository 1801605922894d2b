/*
 * R25: descriptors run out: the limit of the running daemon falls to 128 while 500 connections are held. It backs
 * off instead of spinning, admin and rollback work at once, and it recovers when descriptors come back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { HELD = 500, LIMIT = 128 };

static const struct stage_options options = { .lines = "health { enabled = false }\n" };
static const char *const fd_errors[] = { "descriptor", "starved", "accept", "fd", NULL };

Test(fdlimit, r25_out_of_descriptors)
{
    struct rlimit limit = { LIMIT, LIMIT };
    struct stage stage;
    struct client *held = mem_zalloc(HELD * sizeof *held);
    unsigned opened = 0;
    uint64_t cpu = 0;
    uint64_t began = 0;
    double load = 0;

    stage_open(&stage, &options);
    daemon_expect_errors(stage.daemon, fd_errors);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_assert_eq(prlimit(daemon_pid(stage.daemon), RLIMIT_NOFILE, &limit, NULL), 0, "%s",
                 strerror(errno));
    for (int i = 0; i < HELD; i++)
        opened += client_try(&held[i], daemon_front(stage.daemon));
    cr_expect(opened > LIMIT, "the kernel took only %u connections", opened);
    cpu = scene_cpu_us(daemon_pid(stage.daemon));
    began = clock_monotonic_us();
    scene_pause_us(2000000); /* the time over which CPU use is measured */
    load = (double)(scene_cpu_us(daemon_pid(stage.daemon)) - cpu) /
           (double)(clock_monotonic_us() - began);
    fprintf(stderr, "R25: CPU share while starved: %.3f\n", load);
    if (!scene_is_sanitized())
        cr_expect(load < 0.10, "it spins: %.2f of a CPU", load);
    began = clock_monotonic_us();
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0, "no rollback at the descriptor limit");
    fprintf(stderr, "R25: rollback in %llu us, switchctl included\n",
            (unsigned long long)(clock_monotonic_us() - began));
    cr_expect(clock_monotonic_us() - began < 2000000, "rollback took too long");
    for (int i = 0; i < HELD; i++)
        client_close(&held[i]);
    for (int i = 0; i < 200 && client_ask(daemon_front(stage.daemon),
                                          "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                                          NULL) != 200;
         i++)
        scene_pause_us(20000);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE, "it did not recover");
    cr_expect(daemon_is_alive(stage.daemon));
    free(held);
    STOP_STAGE(&stage);
}

/* Connections to app servers fail for want of descriptors: our own 502 or 503, and no end of the daemon. */
Test(fdlimit, upstream_connects_fail)
{
    struct stage stage;
    struct rlimit limit = { 0 };
    struct rlimit before = { 0 };
    struct client client;
    struct reply reply = { 0 };

    stage_open(&stage, &options);
    daemon_expect_errors(stage.daemon, fd_errors);
    client_open(&client, daemon_front(stage.daemon));
    client_send_text(&client, "GET");
    scene_pause_us(50000); /* the connection is accepted before the limit falls */
    limit.rlim_cur = 1;
    limit.rlim_max = 20000;
    cr_assert_eq(prlimit(daemon_pid(stage.daemon), RLIMIT_NOFILE, &limit, &before), 0);
    client_send_text(&client, " / HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_expect_eq(client_reply(&client, false, 15000, &reply), REPLY_WHOLE);
    cr_expect(reply.status == 502 || reply.status == 503, "status %d", reply.status);
    cr_assert_eq(prlimit(daemon_pid(stage.daemon), RLIMIT_NOFILE, &before, NULL), 0);
    reply_fini(&reply);
    client_close(&client);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE, "it did not recover");
    STOP_STAGE(&stage);
}
