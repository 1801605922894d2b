/*
 * Chains of calls through one switch: web calls api calls web calls api, and the group is switched meanwhile. The slot
 * of the first hop travels with the request, so that no chain is ever of two releases.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/origin_priv.h"
#include "support/scene.h"

enum { APPS = 4, CALLERS = 4, WAIT_MS = 20000 };

#define HEADER "X-Switchyard-Slot: "
#define SECRET "a secret of the group"

/* An app of one slot; "/d/N" answers its own word, and behind it what the other service says to "/d/N-1". "/w/N"
 * first says that it is here and waits for "go". */
struct app {
    const char *word;
    const char *other; /* host of the other service */
    struct origin *origin;
    const char *_Atomic *front;
};

struct world {
    struct app apps[APPS];
    const char *_Atomic front;
    struct daemon *daemon;
    char *config;
};

static struct slice find_value(struct slice head)
{
    const char *at = memmem(head.ptr, head.len, HEADER, sizeof HEADER - 1);
    size_t skipped = 0;

    if (at == NULL)
        return slice_of("", 0);
    at += sizeof HEADER - 1;
    skipped = (size_t)(at - head.ptr);
    return slice_of(at, strcspn(at, "\r") < head.len - skipped ? strcspn(at, "\r") : 0);
}

/* The other service's words, or "failed". */
static void call_on(const struct app *app, struct slice value, uint64_t depth, struct text *words)
{
    char *request =
        mem_format("GET /d/%llu HTTP/1.1\r\nHost: %s\r\n%s%.*s%sConnection: close\r\n\r\n",
                   (unsigned long long)depth, app->other, value.len > 0 ? HEADER : "",
                   SLICE_ARG(value), value.len > 0 ? "\r\n" : "");
    struct client client;
    struct reply reply = { 0 };

    if (client_try(&client, atomic_load(app->front))) {
        client_send_text(&client, request);
        if (client_reply(&client, false, WAIT_MS, &reply) == REPLY_WHOLE && reply.status == 200)
            text_add_slice(words, text_slice(&reply.body));
        else
            text_add(words, "failed");
        reply_fini(&reply);
        client_close(&client);
    } else {
        text_add(words, "failed");
    }
    free(request);
}

static bool answer(struct app *app, struct origin_line *line, struct slice head)
{
    struct text words, all;
    uint64_t depth = 0;
    bool is_sent = false;

    text_init(&words, 4096);
    text_init(&all, 8192);
    text_add(&words, app->word);
    if (head.ptr[5] == 'w') {
        origin_raise(app->origin, "here");
        if (!origin_line_await(line, "go"))
            text_add(&words, " stopped");
    }
    if (num_parse_u64(slice_of(head.ptr + 7, 1), 9, &depth) == 0 && depth > 0) {
        text_add(&words, " ");
        call_on(app, find_value(head), depth - 1, &words);
    }
    text_add_format(&all, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", words.len,
                    words.bytes);
    is_sent = origin_line_send(line, all.bytes, all.len);
    text_fini(&words);
    text_fini(&all);
    return is_sent;
}

static void serve(struct origin_line *line, void *arg)
{
    struct app *app = arg;
    size_t body_at = 0;
    size_t size = 0;

    while ((size = origin_line_request(line, &body_at)) > 0) {
        if (!answer(app, line, slice_of(line->in.bytes, body_at)))
            return;
        origin_line_take(line, size);
    }
}

static const char config_format[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service web { hosts = { \"web.test\" }\n"
    "  slot blue { targets = { \"%s\" } } slot green { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n"
    "service api { hosts = { \"api.test\" }\n"
    "  slot blue { targets = { \"%s\" } } slot green { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n"
    "group release { services = { \"web\", \"api\" } %s }\n";

static void open_world(struct world *world, const char *chain)
{
    static const char *const words[APPS] = { "web-blue", "web-green", "api-blue", "api-green" };

    for (int i = 0; i < APPS; i++) {
        struct app *app = &world->apps[i];

        app->word = words[i];
        app->other = i < 2 ? "api.test" : "web.test";
        app->front = &world->front;
        app->origin = origin_start_with("127.0.0.1:0", serve, app);
    }
    world->config = mem_format(
        config_format, origin_address(world->apps[0].origin), origin_address(world->apps[1].origin),
        origin_address(world->apps[2].origin), origin_address(world->apps[3].origin), chain);
    world->daemon = daemon_start(&(struct daemon_options){ .config = world->config });
    atomic_store(&world->front, daemon_front(world->daemon));
}

static void close_world(struct world *world)
{
    for (int i = 0; i < APPS; i++)
        origin_drop_connections(world->apps[i].origin);
    STOP(world->daemon);
    for (int i = 0; i < APPS; i++)
        origin_stop(world->apps[i].origin);
    free(world->config);
}

/* What a chain says, on a connection of its own. */
static void ask(const struct world *world, const char *target, const char *fields, struct text *out)
{
    char *request = mem_format("GET %s HTTP/1.1\r\nHost: web.test\r\n%sConnection: close\r\n\r\n",
                               target, fields);

    text_clear(out);
    if (client_ask(atomic_load(&world->front), request, out) != 200)
        text_add(out, "failed");
    free(request);
}

struct asker {
    struct world *world;
    const char *target;
    struct text words;
};

static void *run_asker(void *arg)
{
    struct asker *asker = arg;

    ask(asker->world, asker->target, "", &asker->words);
    return NULL;
}

/* A switch of the group between the first hop and the second. */
static void switch_within(const char *chain, const char *expected)
{
    struct world world = { .config = NULL };
    struct asker asker = { .world = &world, .target = "/w/3" };
    pthread_t thread;

    open_world(&world, chain);
    text_init(&asker.words, 4096);
    cr_assert_eq(pthread_create(&thread, NULL, run_asker, &asker), 0);
    cr_assert(origin_await(world.apps[0].origin, "here", WAIT_MS));
    cr_expect_eq(ctl_code(world.daemon, "switch release --to green"), 0);
    origin_raise(world.apps[0].origin, "go");
    pthread_join(thread, NULL);
    cr_expect_str_eq(asker.words.bytes, expected);
    ask(&world, "/d/3", "", &asker.words);
    cr_expect_str_eq(asker.words.bytes, "web-green api-green web-green api-green");
    text_fini(&asker.words);
    close_world(&world);
}

Test(chain, stays_on_its_slot_by_secret)
{
    switch_within("chain { secret = \"" SECRET "\" }", "web-blue api-blue web-blue api-blue");
}

Test(chain, stays_on_its_slot_by_network)
{
    switch_within("chain { from = { \"127.0.0.0/8\" } }", "web-blue api-blue web-blue api-blue");
}

/* What it is good for: without it the inner calls go where the picture says by then. */
Test(chain, without_it_a_chain_is_mixed)
{
    switch_within("", "web-blue api-green web-green api-green");
}

/* A client's own word is not believed and does not reach the app. */
Test(chain, clients_cannot_choose)
{
    static const char *const fields[] = {
        HEADER "green\r\n",
        HEADER "green.00000000000000000000000000000000\r\n",
        HEADER "green.\r\n",
        HEADER "green:" SECRET "\r\n",
    };
    struct world world = { .config = NULL };
    struct text words;

    open_world(&world, "chain { secret = \"" SECRET "\" }");
    text_init(&words, 4096);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        ask(&world, "/d/3", fields[i], &words);
        cr_expect_str_eq(words.bytes, "web-blue api-blue web-blue api-blue", "%s", fields[i]);
    }
    text_fini(&words);
    close_world(&world);
}

struct caller {
    struct world *world;
    _Atomic bool *is_over;
    unsigned long blue;
    unsigned long green;
    unsigned long wrong;
    char example[256]; /* of a wrong one */
};

static void *run_caller(void *arg)
{
    struct caller *caller = arg;
    struct text words;

    text_init(&words, 4096);
    while (!atomic_load(caller->is_over)) {
        ask(caller->world, "/d/3", "", &words);
        if (strcmp(words.bytes, "web-blue api-blue web-blue api-blue") == 0) {
            caller->blue++;
        } else if (strcmp(words.bytes, "web-green api-green web-green api-green") == 0) {
            caller->green++;
        } else {
            caller->wrong++;
            (void)slice_copy(text_slice(&words), caller->example, sizeof caller->example);
        }
    }
    text_fini(&words);
    return NULL;
}

/* Switches to and fro under load; how many were refused. */
static unsigned switch_often(struct world *world, unsigned long count)
{
    struct ctl_line line;
    unsigned refused = 0;

    cr_assert(ctl_open(&line, world->daemon));
    for (unsigned long i = 0; i < count; i++) {
        const char *said = ctl_say(
            &line, i % 2 == 0 ? "json switch release --to green" : "json switch release --to blue",
            WAIT_MS);

        refused += said == NULL || strstr(said, "\"ok\":true") == NULL;
    }
    ctl_close(&line);
    return refused;
}

Test(chain, never_of_two_releases, .timeout = 300)
{
    struct world world = { .config = NULL };
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    _Atomic bool is_over = false;
    unsigned long blue = 0, green = 0;
    unsigned refused = 0;

    open_world(&world, "chain { secret = \"" SECRET "\" }");
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){ .world = &world, .is_over = &is_over };
        cr_assert_eq(pthread_create(&threads[i], NULL, run_caller, &callers[i]), 0);
    }
    refused = switch_often(&world, scene_scale(200, 1000));
    atomic_store(&is_over, true);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        blue += callers[i].blue;
        green += callers[i].green;
        cr_expect_eq(callers[i].wrong, 0, "%lu, such as: %s", callers[i].wrong, callers[i].example);
    }
    fprintf(stderr, "chains of four: %lu blue, %lu green\n", blue, green);
    cr_expect_eq(refused, 0);
    cr_expect(blue > 0 && green > 0, "%lu blue, %lu green", blue, green);
    close_world(&world);
}
