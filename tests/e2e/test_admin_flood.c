/*
 * R33: two hundred clients of the API that mean no good (silent, half a request, bodies that are too large, never reading),
 * as many of the admin socket, and bad tokens as fast as asked for, while somebody switches and rolls back each
 * second and users are served. The brief form takes a few rounds; the full one (SWITCHYARD_TEST_FULL) a minute at
 * 1000 bad tokens a second, and says on standard error how long rollbacks took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/api_client.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/load.h"
#include "support/scene.h"

enum { CROWD = 200, LOCAL = 100, ROUNDS_MAX = 60, AT_ONCE = 20, ALONE_MS = 30000 };

static struct stage stage;
static char folder[SCENE_PATH];

struct flood {
    struct client api[CROWD];
    struct client local[LOCAL]; /* of the admin socket */
    unsigned seen[600];         /* statuses */
    unsigned tokens;
    uint64_t rollback_us[ROUNDS_MAX];
};

static const char *const requests[] = {
    "",                                                 /* silent */
    "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-", /* half a head */
    "POST /v1/plan HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 2097152\r\n\r\n{", /* 2 MiB */
    "POST /v1/plan HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 1000\r\n\r\n{", /* half a body */
    "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", /* never reads */
    "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n",       /* likewise */
};
enum { NEVER_READS = 4 };

static const char *const lines[] = { "", "status", "show config\nshow config\nshow config\n",
                                     "wait drained shop/blue --timeout 1h\n" };

static void start(void)
{
    char *key = NULL;
    char *globals = NULL;

    scene_folder(folder);
    key = mem_format("%s/key", folder);
    scene_write(key, "a-secret-of-this-test-and-no-other-0001", 39);
    cr_assert_eq(chmod(key, 0600), 0);
    globals = mem_format("run_dir = \"%%s/run\"\nstate_dir = \"%%s/state\"\nworkers = 1\n"
                         "log { access = \"%%s/access.log\" }\n"
                         "api { bind = \"127.0.0.1:0\"\n"
                         "      key ci { alg = HS256 file = \"%s\" } }\n",
                         key);
    stage_open(&stage,
               &(struct stage_options){ .globals = globals, .lines = "guard { auto = false }\n" });
    free(globals);
    free(key);
}

static void note(struct flood *flood, const struct client *client)
{
    unsigned status = 0;

    if (client->in.bytes != NULL && sscanf(client->in.bytes, "HTTP/1.1 %3u", &status) == 1 &&
        status < COUNT_OF(flood->seen))
        flood->seen[status]++;
}

/* Whoever was answered or thrown out comes back. */
static void press(struct flood *flood)
{
    for (unsigned i = 0; i < CROWD; i++) {
        struct client *client = &flood->api[i];
        unsigned kind = i % COUNT_OF(requests);

        if (client->fd >= 0 && kind < NEVER_READS)
            (void)client_pull(client, 0);
        if (client->fd >= 0 && kind < NEVER_READS && !client->ended && client->in.len == 0)
            continue;
        note(flood, client);
        client_close(client);
        *client = (struct client){ .fd = -1 };
        if (client_try(client, daemon_api(stage.daemon)))
            (void)client_send_text(client, requests[kind]);
    }
    for (unsigned i = 0; i < LOCAL; i++) {
        struct client *client = &flood->local[i];
        char *address = NULL;

        if (client->fd >= 0 && !client->ended)
            continue;
        client_close(client);
        *client = (struct client){ .fd = -1 };
        address = mem_format("unix:%s", daemon_socket(stage.daemon));
        if (client_try(client, address))
            (void)client_send_text(client, lines[i % COUNT_OF(lines)]);
        free(address);
    }
}

/* Tokens that nobody made, a connection for each, some at a time; how many were sent. */
static unsigned try_some(struct flood *flood, unsigned count)
{
    static const char request[] = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n"
                                  "Authorization: Bearer aaaa.bbbb.cccc\r\n\r\n";
    struct client clients[AT_ONCE];
    unsigned sent = 0;

    for (unsigned i = 0; i < count; i++)
        sent += client_try(&clients[i], daemon_api(stage.daemon)) &&
                client_send_text(&clients[i], request);
    for (unsigned i = 0; i < count; i++) {
        (void)client_pull(&clients[i], 100);
        note(flood, &clients[i]);
        client_close(&clients[i]);
    }
    return sent;
}

/* So many, or as many as fit into a second. */
static void try_tokens(struct flood *flood, unsigned count)
{
    uint64_t until_us = clock_monotonic_us() + 1000000;

    for (unsigned done = 0; done < count && clock_monotonic_us() < until_us;) {
        unsigned some = count - done < AT_ONCE ? count - done : AT_ONCE;

        flood->tokens += try_some(flood, some);
        done += some;
    }
}

/* Who comes in the quarter of a second in which the crowd of the admin socket has come, too, is told to come again: nobody
 * is thrown out for him before he has kept the daemon waiting for as long. */
static struct ctl_result order(const char *words)
{
    struct ctl_result said = ctl_run(stage.daemon, words);

    for (unsigned i = 0; i < 50 && said.code == 1 && strstr(said.err, "(overloaded)") != NULL;
         i++) {
        ctl_free(&said);
        scene_pause_us(20000);
        said = ctl_run(stage.daemon, words);
    }
    return said;
}

static void run_round(struct flood *flood, unsigned round, unsigned tokens)
{
    /* the way there is forced: a probe of a target may be late on a machine that is this busy */
    static const char *const words[] = { "switch shop --to green --force --reason flood",
                                         "rollback shop" };
    uint64_t began_us = 0;
    struct ctl_result said;

    press(flood);
    try_tokens(flood, tokens);
    if (scene_scale(0, 1) == 1)
        press(flood);
    began_us = clock_monotonic_us();
    said = order(words[round % 2]);
    flood->rollback_us[round] = clock_monotonic_us() - began_us;
    cr_expect_eq(said.code, 0, "round %u, %s: %s%s", round, words[round % 2], said.out, said.err);
    cr_expect_eq(stage_probe(&stage), round % 2 == 0 ? LOAD_SLOT_GREEN : LOAD_SLOT_BLUE);
    ctl_free(&said);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;

    return *left < *right ? -1 : *left > *right;
}

static void tell(struct flood *flood, unsigned rounds, const struct load *load)
{
    struct text summary;

    text_init(&summary, 65536);
    load_summary(load, &summary);
    qsort(flood->rollback_us, rounds, sizeof flood->rollback_us[0], compare);
    fprintf(stderr,
            "R33: %u rounds, %u bad tokens; 401: %u, 408: %u, 413: %u, 429: %u; moves through "
            "switchctl: median %.1f ms, longest %.1f ms; load: %s\n",
            rounds, flood->tokens, flood->seen[401], flood->seen[408], flood->seen[413],
            flood->seen[429], (double)flood->rollback_us[rounds / 2] / 1000,
            (double)flood->rollback_us[rounds - 1] / 1000, summary.bytes);
    cr_expect_eq(load_failed(load), 0, "users noticed: %s", summary.bytes);
    text_fini(&summary);
}

static void leave(struct flood *flood)
{
    for (unsigned i = 0; i < CROWD; i++)
        client_close(&flood->api[i]);
    for (unsigned i = 0; i < LOCAL; i++)
        client_close(&flood->local[i]);
}

/* In a crowd it is thrown out for others before its time is over; alone it is told. */
static void expect_half_is_told(void)
{
    struct client client = { .fd = -1 };
    struct reply reply = { 0 };

    client_open(&client, daemon_api(stage.daemon));
    cr_assert(client_send_text(&client, requests[1]));
    cr_expect_eq(client_reply(&client, false, ALONE_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 408);
    reply_fini(&reply);
    client_close(&client);
}

/* Ten in a minute, whatever the crowd was; then it is said to come later. */
static void expect_tokens_are_limited(void)
{
    struct api_said said = { .status = 401 };

    for (unsigned i = 0; i < 40 && said.status == 401; i++) {
        api_said_free(&said);
        said = api_ask(stage.daemon, "GET", "/v1/status",
                       "Authorization: Bearer aaaa.bbbb.cccc\r\n", NULL);
    }
    cr_expect_eq(said.status, 429, "an address may try as many tokens as it likes");
    cr_expect(said.head != NULL && strstr(said.head, "Retry-After: ") != NULL);
    api_said_free(&said);
}

Test(admin_flood, r33_rollbacks_and_users_are_served, .timeout = 900)
{
    static struct flood flood;
    unsigned rounds = (unsigned)scene_scale(3, ROUNDS_MAX);
    unsigned tokens = (unsigned)scene_scale(20, 1000);
    struct load *load = NULL;

    for (unsigned i = 0; i < CROWD; i++)
        flood.api[i].fd = -1;
    for (unsigned i = 0; i < LOCAL; i++)
        flood.local[i].fd = -1;
    start();
    load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                              .keep_alive = 8,
                                              .one_shot = 2,
                                              .rate = 200,
                                              .seed = 33 });
    cr_assert(load_await_count(load, 50, 20000));
    for (unsigned round = 0; round < rounds; round++)
        run_round(&flood, round, tokens);
    leave(&flood);
    load_finish(load);
    tell(&flood, rounds, load);
    cr_expect_gt(flood.seen[413], 0, "a body of 2 MiB was taken");
    cr_expect_gt(flood.seen[429], 0, "nobody was told to come later");
    expect_tokens_are_limited();
    expect_half_is_told();
    cr_expect_eq(api_status(stage.daemon, "GET", "/v1/status", NULL), 200);
    load_free(load);
    STOP_STAGE(&stage);
    scene_remove(folder);
}
