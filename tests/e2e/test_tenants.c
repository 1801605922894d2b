/*
 * Tenants through the real programs: pins from every source, whole lists at once, restarts and kills, reloads of a file
 * of pins, groups, and what is refused.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/scene.h"

enum { WAIT_MS = 8000 };

static const char service[] =
    "health { enabled = false }\n"
    "tenant { from = { \"header:X-Tenant\", \"cookie:tenant\", \"query:tenant\", "
    "\"path-segment:2\", \"host-label:1\" } }\n";

static const struct stage_options plain = { .lines = service };

/* The slot that answers a request with this target and these fields ("" or lines). */
static int ask(const struct stage *stage, const char *target, const char *host, const char *fields)
{
    char *request = mem_format("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", target,
                               host, fields);
    struct client client;
    struct reply reply = { 0 };
    int slot = LOAD_SLOT_NONE;

    client_open(&client, daemon_front(stage->daemon));
    cr_assert(client_send_text(&client, request));
    cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    if (slice_is_equal(reply_value(&reply, "X-Slot"), SLICE("green")))
        slot = LOAD_SLOT_GREEN;
    else if (slice_is_equal(reply_value(&reply, "X-Slot"), SLICE("blue")))
        slot = LOAD_SLOT_BLUE;
    reply_fini(&reply);
    client_close(&client);
    free(request);
    return slot;
}

static int ask_tenant(const struct stage *stage, const char *tenant)
{
    char *fields = mem_format("X-Tenant: %s\r\n", tenant);
    int slot = ask(stage, "/", "a.test", fields);

    free(fields);
    return slot;
}

Test(tenants, from_every_source)
{
    struct stage stage;

    stage_open(&stage, &plain);
    cr_assert_eq(ctl_code(stage.daemon, "tenant pin acme green"), 0);
    cr_expect_eq(ask(&stage, "/", "a.test", ""), LOAD_SLOT_BLUE);
    cr_expect_eq(ask(&stage, "/", "a.test", "X-Tenant: acme\r\n"), LOAD_SLOT_GREEN);
    cr_expect_eq(ask(&stage, "/", "a.test", "Cookie: a=b; tenant=acme\r\n"), LOAD_SLOT_GREEN);
    cr_expect_eq(ask(&stage, "/x?y=1&tenant=acme", "a.test", ""), LOAD_SLOT_GREEN);
    cr_expect_eq(ask(&stage, "/t/acme/orders", "a.test", ""), LOAD_SLOT_GREEN);
    cr_expect_eq(ask(&stage, "/", "acme.a.test", ""), LOAD_SLOT_GREEN);
    /* the first source that yields an id decides, and what is no id yields none */
    cr_expect_eq(ask(&stage, "/?tenant=acme", "a.test", "X-Tenant: other\r\n"), LOAD_SLOT_BLUE);
    cr_expect_eq(ask(&stage, "/?tenant=acme", "a.test", "X-Tenant: not an id\r\n"),
                 LOAD_SLOT_GREEN);
    STOP_STAGE(&stage);
}

Test(tenants, survive_a_kill)
{
    struct stage stage;

    stage_open(&stage, &plain);
    cr_assert_eq(ctl_code(stage.daemon, "tenant pin acme green"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "tenant pin gone green"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "tenant unpin gone"), 0);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(ask_tenant(&stage, "acme"), LOAD_SLOT_GREEN);
    cr_expect_eq(ask_tenant(&stage, "gone"), LOAD_SLOT_BLUE);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_tenant_pins", "shop"), 1);
    STOP_STAGE(&stage);
}

static char *write_list(const struct stage *stage, unsigned long count, const char *last)
{
    char *path = mem_format("%s/list", daemon_folder(stage->daemon));
    struct text text;

    text_init(&text, 64 << 20);
    for (unsigned long i = 0; i < count; i++)
        text_add_format(&text, "t%lu %s\n", i, i % 2 == 0 ? "green" : "blue");
    text_add(&text, last);
    scene_write(path, text.bytes, text.len);
    text_fini(&text);
    return path;
}

Test(tenants, whole_lists)
{
    unsigned long count = scene_scale(5000, 1000000);
    struct stage stage;
    char *path = NULL;
    char *words = NULL;
    struct ctl_result result;

    stage_open(&stage, &plain);
    cr_assert_eq(ctl_code(stage.daemon, "tenant pin before green"), 0);
    path = write_list(&stage, count, "# the end\n");
    words = mem_format("tenant load %s", path);
    cr_assert_eq(ctl_code(stage.daemon, words), 0);
    cr_expect_eq(ask_tenant(&stage, "t0"), LOAD_SLOT_GREEN);
    cr_expect_eq(ask_tenant(&stage, "t1"), LOAD_SLOT_BLUE);
    cr_expect_eq(ask_tenant(&stage, "before"), LOAD_SLOT_BLUE, "a list replaces what was pinned");
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_tenant_pins", "shop"), (double)count);
    free(path);
    path = write_list(&stage, 2, "bad/id green\n");
    result = ctl_run(stage.daemon, words);
    cr_expect_neq(result.code, 0);
    cr_expect(strstr(result.err, "3") != NULL, "no line is named: %s", result.err);
    ctl_free(&result);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_tenant_pins", "shop"), (double)count,
                 "a bad list changed something");
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(ask_tenant(&stage, "t2"), LOAD_SLOT_GREEN);
    result = ctl_run(stage.daemon, "tenant export");
    cr_expect(strstr(result.out, "t3 blue\n") != NULL);
    ctl_free(&result);
    cr_assert_eq(ctl_code(stage.daemon, "tenant unpin *"), 0);
    cr_expect_eq(ask_tenant(&stage, "t2"), LOAD_SLOT_BLUE);
    free(path);
    free(words);
    STOP_STAGE(&stage);
}

Test(tenants, are_counted)
{
    struct stage stage;
    struct ctl_result result;

    stage_open(&stage, &plain);
    cr_assert_eq(ctl_code(stage.daemon, "tenant pin acme green"), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(ask_tenant(&stage, "acme"), LOAD_SLOT_GREEN);
    cr_assert_eq(ask(&stage, "/status?n=500", "a.test", "X-Tenant: acme\r\n"), LOAD_SLOT_GREEN);
    cr_assert(daemon_await_idle(stage.daemon, WAIT_MS));
    result = ctl_run(stage.daemon, "--json tenant list --stats");
    cr_expect(strstr(result.out, "\"requests\":4") != NULL, "%s", result.out);
    cr_expect(strstr(result.out, "\"errors\":1") != NULL, "%s", result.out);
    ctl_free(&result);
    STOP_STAGE(&stage);
}

Test(tenants, refusals)
{
    static const struct {
        const char *words;
        int code;
    } cases[] = {
        { "tenant pin acme nowhere", 3 },
        { "tenant pin bad/id green", 2 },
        { "tenant pin acme", 2 },
        { "tenant pin acme green elsewhere", 3 },
        { "tenant load /nonexistent/list", 1 },
    };
    struct stage stage;

    stage_open(&stage, &plain);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect_eq(ctl_code(stage.daemon, cases[i].words), cases[i].code, "%s: %d",
                     cases[i].words, ctl_code(stage.daemon, cases[i].words));
    cr_expect_eq(stage_epoch(&stage), 1);
    STOP_STAGE(&stage);
}
