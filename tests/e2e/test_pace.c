/*
 * limits.body_rate: clients that trickle. A slow upload gets 408 and a slow reader is cut, far before the timeouts for
 * silence, while an upload at the right rate and one that the app itself holds up go on. It takes a whole window of ten
 * seconds, hence only in the long form; the arithmetic has unit tests.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { PATIENCE_US = 40000000, TICK_US = 100000, GOOD_BYTES = 400, HELD_BYTES = 16 << 20 };

#define UP "POST /u HTTP/1.1\r\nHost: up.test\r\nX-Request-Id: "

static const char config_format[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service up   { hosts = { \"up.test\" } slot blue { targets = { \"%s\" } }\n"
    "  limits { body_rate = 1k }  health { enabled = false } }\n"
    "service held { hosts = { \"held.test\" } slot blue { targets = { \"%s\" } }\n"
    "  limits { body_rate = 1k }  health { enabled = false } }\n"
    "service down { hosts = { \"down.test\" } slot blue { targets = { \"%s\" } }\n"
    "  limits { body_rate = 16m }  health { enabled = false } }\n";

static const struct origin_act endless[] = {
    ACT(HEAD), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"), ACT_FILL(1 << 30),
    ACT(END)
};
static const struct origin_act deaf[] = {
    ACT(HEAD), ACT_AWAIT("go"), ACT_BYTES(HELD_BYTES),
    ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), ACT(END)
};

struct trickle {
    struct client slow;
    struct client good;
    struct client held;
    struct client reader;
    size_t good_sent;
    size_t held_sent;
};

static void send_some(int fd, size_t most, size_t *sent)
{
    static const char bytes[1 << 20];
    size_t size = most - *sent < sizeof bytes ? most - *sent : sizeof bytes;
    ssize_t count = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);

    *sent += count > 0 ? (size_t)count : 0;
}

/* One tick of everybody. */
static void tick(struct trickle *all)
{
    (void)client_send(&all->slow, "x", 1);
    send_some(all->good.fd, all->good_sent + GOOD_BYTES, &all->good_sent);
    send_some(all->held.fd, HELD_BYTES, &all->held_sent);
    scene_pause_us(TICK_US);
}

static int finish(struct client *client)
{
    struct reply reply = { 0 };
    int status = client_reply(client, false, 10000, &reply) == REPLY_WHOLE ? reply.status : -1;

    reply_fini(&reply);
    return status;
}

/* The end of a chunked upload that went at the right rate all the time. */
static int finish_good(struct client *client, size_t sent, size_t promised)
{
    char *rest = mem_zalloc(promised - sent);

    cr_expect(client_send(client, rest, promised - sent));
    free(rest);
    return finish(client);
}

static bool has_ended(const struct daemon *daemon, const char *id, const char *fault)
{
    char *log = daemon_access_log(daemon);
    char *line = log != NULL ? strstr(log, id) : NULL;
    bool is_there = false;

    while (line != NULL && line > log && line[-1] != '\n')
        line--;
    if (line != NULL && strchr(line, '\n') != NULL) {
        *strchr(line, '\n') = '\0';
        is_there = strstr(line, fault) != NULL;
    }
    free(log);
    return is_there;
}

static void run(struct daemon *daemon, struct origin *slow_app)
{
    struct trickle all = { .good_sent = 0 };
    const char *front = daemon_front(daemon);
    uint64_t began = clock_monotonic_us();

    client_open(&all.slow, front);
    client_open(&all.good, front);
    client_open(&all.held, front);
    client_open(&all.reader, front);
    client_send_text(&all.slow, UP "slow-end\r\nContent-Length: 1000000\r\n\r\n");
    client_send_text(&all.good, UP "good-end\r\nContent-Length: 1000000\r\n\r\n");
    client_send_text(&all.held, "POST /h HTTP/1.1\r\nHost: held.test\r\nX-Request-Id: held-end\r\n"
                                "Content-Length: 16777216\r\n\r\n");
    client_send_text(&all.reader, "GET /d HTTP/1.1\r\nHost: down.test\r\n"
                                  "X-Request-Id: reader-end\r\n\r\n");
    while (clock_monotonic_us() - began < PATIENCE_US &&
           !(has_ended(daemon, "slow-end", "\"client_slow_body\"") &&
             has_ended(daemon, "reader-end", "\"client_slow_read\"")))
        tick(&all);
    cr_expect(has_ended(daemon, "slow-end", "\"client_slow_body\""));
    cr_expect(has_ended(daemon, "reader-end", "\"client_slow_read\""));
    cr_expect_eq(finish(&all.slow), 408);
    cr_expect_eq(finish_good(&all.good, all.good_sent, 1000000), 200);
    origin_raise(slow_app, "go");
    while (all.held_sent < HELD_BYTES && clock_monotonic_us() - began < 2ull * PATIENCE_US)
        tick(&all);
    cr_expect_eq(finish(&all.held), 200);
    client_close(&all.slow);
    client_close(&all.good);
    client_close(&all.held);
    client_close(&all.reader);
}

Test(pace, trickling_clients_are_cut, .timeout = 120)
{
    struct origin *origins[3];
    struct daemon *daemon = NULL;
    char *config = NULL;

    if (scene_scale(0, 1) == 0)
        return;
    for (int i = 0; i < 3; i++)
        origins[i] = origin_start("127.0.0.1:0");
    origin_play(origins[1], deaf);
    origin_play(origins[2], endless);
    config = mem_format(config_format, origin_address(origins[0]), origin_address(origins[1]),
                        origin_address(origins[2]));
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    run(daemon, origins[1]);
    for (int i = 0; i < 3; i++)
        origin_drop_connections(origins[i]);
    STOP(daemon);
    for (int i = 0; i < 3; i++)
        origin_stop(origins[i]);
    free(config);
}
