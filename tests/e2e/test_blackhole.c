/*
 * R20: an app server that takes no connection at all (its queue of unaccepted connections is full, so the
 * kernel drops further SYNs): the connect deadline passes, the other target serves, nobody else waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/dial.h"
#include "support/scene.h"

enum { FILLERS = 8 };

struct hole {
    char address[DIAL_TEXT];
    int listen_fd;
    int fillers[FILLERS];
};

/* A listener that never accepts, its queue filled up. */
static void open_hole(struct hole *hole)
{
    struct dial_address where;

    hole->listen_fd = dial_listen("127.0.0.1:0", 0, hole->address);
    cr_assert(hole->listen_fd >= 0 && dial_parse(hole->address, &where));
    for (int i = 0; i < FILLERS; i++) {
        hole->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        cr_assert(connect(hole->fillers[i], &where.sa.any, where.len) == 0 || errno == EINPROGRESS);
    }
}

static void close_hole(struct hole *hole)
{
    for (int i = 0; i < FILLERS; i++)
        close(hole->fillers[i]);
    close(hole->listen_fd);
}

static struct daemon *start(const char *targets, const char *lines)
{
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop {\n slot blue { targets = { %s } }\n"
                              " slot green { targets = { \"127.0.0.1:1\" } }\n%s}\n",
                              targets, lines);
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });

    free(config);
    return daemon;
}

#define DOWN "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n"

Test(blackhole, alone_is_504_at_the_deadline)
{
    struct hole hole;
    struct daemon *daemon = NULL;
    char *targets = NULL;
    uint64_t began = 0;
    uint64_t took = 0;

    open_hole(&hole);
    targets = mem_format("\"%s\"", hole.address);
    daemon = start(targets, "health { enabled = false }\n retry { attempts = 0 }\n"
                            "timeouts { connect = \"500ms\" }\n");
    began = clock_monotonic_us();
    cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 504);
    took = clock_monotonic_us() - began;
    cr_expect(took >= 450000 && took < 2000000, "%llu us", (unsigned long long)took);
    close_hole(&hole);
    STOP(daemon);
    free(targets);
}

/* With a healthy one beside it: every request is answered, late at most by one connect deadline, and after the
 * health check has spoken not late at all. */
Test(blackhole, r20_one_of_two)
{
    struct hole hole;
    struct origin_auto *good = origin_auto_start("127.0.0.1:0", "blue", 1000);
    struct daemon *daemon = NULL;
    char *targets = NULL;
    struct load *load = NULL;
    uint64_t late_from = 0;

    open_hole(&hole);
    targets = mem_format("\"%s\", \"%s\"", hole.address, origin_auto_address(good));
    daemon = start(targets, "health { interval = \"100ms\" timeout = \"90ms\" }\n"
                            "timeouts { connect = \"500ms\" }\n");
    load = load_start(&(struct load_options){ .front = daemon_front(daemon),
                                              .keep_alive = 16,
                                              .one_shot = 4,
                                              .post_percent = 10,
                                              .post_bytes = 500,
                                              .rate = 800,
                                              .seed = 51 });
    cr_expect(load_await_count(load, 300, 20000), "the load stalled");
    for (int i = 0; i < 300 && daemon_metric(daemon, "switchyard_target_up", hole.address) != 0;
         i++)
        scene_pause_us(20000);
    late_from = clock_monotonic_us();
    cr_expect(load_await_count(load, 2500, 30000), "the load stalled");
    load_finish(load);
    {
        struct text summary;
        uint64_t worst = load_percentile_us(load, 0.99, late_from, 0);

        text_init(&summary, 65536);
        load_summary(load, &summary);
        fprintf(stderr, "R20: %s, p99 with the target out: %llu us\n", summary.bytes,
                (unsigned long long)worst);
        cr_expect_eq(load_failed(load), 0, "%s", summary.bytes);
        cr_expect(worst < 400000, "requests still wait for the black hole: %llu us",
                  (unsigned long long)worst);
        text_fini(&summary);
    }
    load_free(load);
    origin_drop_connections(origin_auto_origin(good));
    close_hole(&hole);
    STOP(daemon);
    origin_auto_stop(good);
    free(targets);
}
