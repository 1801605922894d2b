/*
 * Events on their way to receivers: delivered once, signed, in order; receivers that are away, silent, failing,
 * elsewhere or somebody else; kills with events that wait; secrets that stay secret.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e_events.h"
#include "support/client.h"
#include "support/origin_tls.h"
#include "support/pem.h"
#include "support/scene.h"

#define OK_0   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define SECRET "planted-key-0123456789"

/* The value of a header field of a request that was received; "" : none. Valid until the next call but one. */
static const char *field(unsigned request, const char *name)
{
    static char values[2][512];
    static unsigned turn;
    char *value = values[turn++ % 2];
    struct slice bytes = origin_request(receiver, request);
    char *start = mem_format("\r\n%s: ", name);
    const char *at = memmem(bytes.ptr, bytes.len, start, strlen(start));

    value[0] = '\0';
    if (at != NULL) {
        at += strlen(start);
        snprintf(value, sizeof values[0], "%.*s", (int)strcspn(at, "\r"), at);
    }
    free(start);
    return value;
}

static struct slice body(unsigned request)
{
    struct slice bytes = origin_request(receiver, request);
    const char *end_of_head = memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4);

    cr_assert_not_null(end_of_head);
    return slice_of(end_of_head + 4, bytes.len - (size_t)(end_of_head + 4 - bytes.ptr));
}

static char *fact(unsigned request, const char *name)
{
    struct slice bytes = body(request);
    cJSON *json = cJSON_ParseWithLength(bytes.ptr, bytes.len);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    char *text = mem_text(cJSON_IsString(item) ? item->valuestring : "");

    cr_expect_not_null(json, "%.*s", SLICE_ARG(bytes));
    cJSON_Delete(json);
    return text;
}

static void expect_fact(unsigned request, const char *name, const char *value)
{
    char *text = fact(request, name);

    cr_expect_str_eq(text, value, "request %u: %s is '%s', not '%s'", request, name, text, value);
    free(text);
}

static bool is_idle(void *arg)
{
    (void)arg;
    return daemon_metric(stage.daemon, "switchyard_webhook_queue_length", "") == 0;
}

static void expect_signature(unsigned request, const char *key)
{
    const char *given = field(request, "X-Switchyard-Signature");
    struct slice content = body(request);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    unsigned long long seconds = 0;
    char expected[160];
    char *text = NULL;
    int used = 0;

    cr_assert_eq(sscanf(given, "t=%llu,v1=", &seconds), 1, "'%s'", given);
    text = mem_format("%llu.%.*s", seconds, SLICE_ARG(content));
    HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), digest,
         &len);
    used = snprintf(expected, sizeof expected, "t=%llu,v1=", seconds);
    for (unsigned i = 0; i < len; i++)
        used += snprintf(expected + used, sizeof expected - (size_t)used, "%02x", digest[i]);
    cr_expect_str_eq(given, expected);
    free(text);
}

static void expect_no_secret(const char *where, char *text)
{
    cr_assert_not_null(text, "%s", where);
    cr_expect_null(strstr(text, "planted"), "a secret is in %s: %s", where,
                   strstr(text, "planted"));
    free(text);
}

/* Nothing of the address but its host, of the key, and of the token, anywhere but at the receiver. */
static void expect_secrets_are_kept(void)
{
    struct ctl_result list = ctl_run(stage.daemon, "webhook list");
    struct ctl_result config = ctl_run(stage.daemon, "show config");
    struct reply metrics = { 0 };
    struct client client;
    char *path = mem_format("%s/state/outbox/w.jsonl", daemon_folder(stage.daemon));

    expect_no_secret("webhook list", mem_text(list.out));
    expect_no_secret("show config", mem_text(config.out));
    client_open(&client, daemon_api(stage.daemon));
    client_send_text(&client, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    cr_expect_eq(client_reply(&client, false, WAIT_MS, &metrics), REPLY_WHOLE);
    cr_expect_not_null(strstr(metrics.body.bytes, "switchyard_webhook_oldest_seconds"));
    expect_no_secret("metrics", mem_text(metrics.body.bytes));
    expect_no_secret("the log", daemon_log(stage.daemon));
    expect_no_secret("the outbox", scene_read(path, NULL));
    cr_expect_not_null(strstr(config.out, "webhook w"), "%s", config.out);
    ctl_free(&list);
    ctl_free(&config);
    reply_fini(&metrics);
    client_close(&client);
    free(path);
}

static void write_key(void)
{
    char *path = mem_format("%s/key", folder);

    scene_write(path, SECRET "\n", strlen(SECRET) + 1);
    cr_assert_eq(chmod(path, 0600), 0);
    free(path);
}

Test(events, are_delivered_once_and_signed)
{
    prepare();
    write_key();
    open_stage("webhook w { url = \"http://RECEIVER/planted/path\" secret_file = \"FOLDER/key\"\n"
               " authorization = \"Bearer planted-token\" headers = { \"X-Team: shop\" } }\n");
    switch_to("green");
    cr_assert(origin_await_requests(receiver, 1, WAIT_MS));
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    cr_assert(origin_await_requests(receiver, 2, WAIT_MS));
    cr_expect(scene_await(is_idle, NULL, WAIT_MS));
    cr_expect(slice_starts_with(origin_request(receiver, 0), SLICE("POST /planted/path HTTP/1.1")));
    cr_expect_str_eq(field(0, "Authorization"), "Bearer planted-token");
    cr_expect_str_eq(field(0, "X-Team"), "shop");
    cr_expect_str_eq(field(0, "X-Switchyard-Event"), "switch");
    cr_expect_str_eq(field(0, "Content-Type"), "application/json");
    cr_expect_str_neq(field(0, "X-Switchyard-Event-Id"), field(1, "X-Switchyard-Event-Id"));
    expect_fact(0, "to", "green");
    expect_fact(0, "title", "shop: switch to green done");
    expect_fact(1, "event", "rollback");
    expect_signature(0, SECRET);
    expect_signature(1, SECRET);
    expect_secrets_are_kept();
    await_metric("switchyard_webhook_events_total", "result=\"delivered\"", 2);
    cr_expect_eq(origin_requests(receiver), 2, "each of them once");
    end();
}

/* Events that were made while nobody took them, then a kill, then again nobody, then all of them in order. */
Test(events, wait_for_a_receiver_that_is_away_also_over_a_kill)
{
    enum { EVENTS = 6 };
    unsigned long long last = 0;

    prepare();
    open_stage("webhook w { url = \"http://RECEIVER/\" }\n");
    origin_down(receiver);
    for (unsigned i = 0; i < EVENTS; i++)
        switch_to(i % 2 == 0 ? "green" : "blue");
    await_metric("switchyard_webhook_queue_length", "", EVENTS);
    await_metric("switchyard_webhook_failures_total", "", 1);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    await_metric("switchyard_webhook_queue_length", "", EVENTS);
    await_metric("switchyard_webhook_failures_total", "", 1);
    origin_up(receiver);
    switch_to("green");
    cr_assert(origin_await_requests(receiver, EVENTS + 1, WAIT_MS), "%u came",
              origin_requests(receiver));
    cr_expect(scene_await(is_idle, NULL, WAIT_MS));
    cr_expect_eq(origin_requests(receiver), EVENTS + 1);
    for (unsigned i = 0; i <= EVENTS; i++) {
        unsigned long long id = strtoull(field(i, "X-Switchyard-Event-Id"), NULL, 10);

        cr_expect_gt(id, last, "request %u is out of order", i);
        last = id;
        expect_fact(i, "to", i % 2 == 0 ? "green" : "blue");
    }
    end();
}

/* Whether the receiver has had the change of that number in the history. */
static bool has_change(void *arg)
{
    char *part = mem_format("\"sequence\":%u,", *(const unsigned *)arg);
    bool is_there = false;

    for (unsigned i = 0; i < origin_requests(receiver) && !is_there; i++) {
        struct slice bytes = origin_request(receiver, i);

        is_there = memmem(bytes.ptr, bytes.len, part, strlen(part)) != NULL;
    }
    free(part);
    return is_there;
}

/* A kill right behind the answer, before the event has gone anywhere: the next life finds the change in the history. */
Test(events, a_change_is_told_though_the_daemon_was_killed_at_once)
{
    enum { KILLS = 6 };

    prepare();
    open_stage("webhook w { url = \"http://RECEIVER/\" events = { \"switch\" } }\n");
    for (unsigned i = 0; i < KILLS; i++) {
        switch_to(i % 2 == 0 ? "green" : "blue");
        daemon_kill(stage.daemon);
        daemon_restart(stage.daemon);
    }
    for (unsigned sequence = 1; sequence <= KILLS; sequence++)
        cr_expect(scene_await(has_change, &sequence, WAIT_MS), "change %u is not told", sequence);
    end();
}

/* What happened before anybody was to be told is not told when somebody is. */
Test(events, what_was_before_a_receiver_is_not_told)
{
    unsigned second = 2;
    char *more = NULL;
    char *config = NULL;

    prepare();
    open_stage("");
    switch_to("green");
    daemon_kill(stage.daemon);
    more = fill("webhook w { url = \"http://RECEIVER/\" }\n");
    config = mem_format("%s%s", stage.config, more);
    daemon_set_config(stage.daemon, config);
    free(config);
    free(more);
    daemon_restart(stage.daemon);
    switch_to("blue");
    cr_expect(scene_await(has_change, &second, WAIT_MS));
    cr_expect_eq(origin_requests(receiver), 1);
    end();
}

/* The receiver has the request and says nothing: a rollback is answered meanwhile, and the attempt ends by its own time. */
Test(events, a_silent_receiver_keeps_nobody_waiting)
{
    static const struct origin_act silent[] = { ACT(REQUEST), ACT_RAISE("asked"),
                                                ACT_AWAIT("never"), ACT(END) };

    prepare();
    open_stage("webhook w { url = \"http://RECEIVER/\" timeout = \"60s\" }\n");
    origin_play(receiver, silent);
    switch_to("green");
    cr_assert(origin_await(receiver, "asked", WAIT_MS));
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0,
                 "it is answered while the other waits");
    cr_expect_eq(ctl_code(stage.daemon, "webhook list"), 0);
    await_metric("switchyard_webhook_queue_length", "", 2);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_webhook_failures_total", ""), 0);
    end(); /* which ends at once although the attempt has a minute */
}

Test(events, an_attempt_has_its_time)
{
    static const struct origin_act silent[] = { ACT(REQUEST), ACT_AWAIT("never"), ACT(END) };
    static const struct origin_act good[] = { ACT(REQUEST), ACT_SEND(OK_0), ACT(AGAIN) };

    prepare();
    open_stage("webhook w { url = \"http://RECEIVER/\" timeout = \"100ms\" }\n");
    origin_play(receiver, silent);
    origin_play(receiver, good);
    switch_to("green");
    cr_assert(origin_await_requests(receiver, 2, WAIT_MS));
    cr_expect_str_eq(field(0, "X-Switchyard-Event-Id"), field(1, "X-Switchyard-Event-Id"));
    cr_expect(daemon_await_log(stage.daemon, "does not take events", WAIT_MS));
    cr_expect(daemon_await_log(stage.daemon, "takes events again", WAIT_MS));
    end();
}

#define STATUS(words) "HTTP/1.1 " words "\r\nContent-Length: 0\r\n\r\n"

static void answer(const char *bytes)
{
    origin_answer(receiver, bytes, strlen(bytes), ORIGIN_KEEPS);
}

Test(events, a_failure_is_tried_again_and_a_refusal_is_not)
{
    prepare();
    open_stage("webhook w { url = \"http://RECEIVER/\" }\n");
    answer(STATUS("500 Oops"));
    answer(STATUS("429 Slowly\r\nRetry-After: 1"));
    answer(STATUS("200 OK"));
    answer(STATUS("404 Nobody"));
    answer("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    switch_to("green");
    cr_assert(origin_await_requests(receiver, 3, WAIT_MS));
    cr_expect_str_eq(field(0, "X-Switchyard-Event-Id"), field(2, "X-Switchyard-Event-Id"));
    switch_to("blue");
    await_metric("switchyard_webhook_events_total", "result=\"refused\"", 1);
    cr_expect(daemon_await_log(stage.daemon, "is given up: status 404", WAIT_MS));
    switch_to("green");
    await_metric("switchyard_webhook_events_total", "result=\"refused\"", 2);
    cr_expect(
        daemon_await_log(stage.daemon, "status 302, a redirect, which is not followed", WAIT_MS));
    switch_to("blue");
    cr_assert(origin_await_requests(receiver, 6, WAIT_MS));
    for (unsigned i = 0; i < 6; i++)
        cr_expect(slice_starts_with(origin_request(receiver, i), SLICE("POST / ")));
    await_metric("switchyard_webhook_events_total", "result=\"delivered\"", 2);
    end();
}

static int test_webhook(const char *name, char *words, size_t size)
{
    char *command = mem_format("webhook test %s", name);
    struct ctl_result result = ctl_run(stage.daemon, command);
    int code = result.code;

    snprintf(words, size, "%s%s", result.out, result.err);
    ctl_free(&result);
    free(command);
    return code;
}

Test(events, only_the_right_certificate_is_believed)
{
    char *good = NULL;
    char *bad = NULL;
    char words[1024];

    prepare();
    good = mem_format("%s/good.pem", folder);
    bad = mem_format("%s/bad.pem", folder);
    pem_shop(good, "IP:127.0.0.1", PEM_EC);
    pem_shop(bad, "IP:127.0.0.1", PEM_EC);
    origin_secure(receiver, &(struct origin_tls_options){ .file = good });
    open_stage("webhook good { url = \"https://RECEIVER/\" ca = \"FOLDER/good.pem\" }\n"
               "webhook bad { url = \"https://RECEIVER/\" ca = \"FOLDER/bad.pem\" }\n"
               "webhook system { url = \"https://RECEIVER/\" }\n");
    cr_expect_eq(test_webhook("good", words, sizeof words), 0, "%s", words);
    cr_expect_not_null(strstr(words, "delivered, status 200"), "%s", words);
    cr_expect_eq(origin_requests(receiver), 1);
    expect_fact(0, "kind", "test");
    cr_expect_eq(test_webhook("bad", words, sizeof words), 1);
    cr_expect_not_null(strstr(words, "certificate"), "%s", words);
    cr_expect_not_null(strstr(words, "not_delivered"), "%s", words);
    cr_expect_eq(test_webhook("system", words, sizeof words), 1);
    cr_expect_eq(test_webhook("nobody", words, sizeof words), 3);
    cr_expect_eq(origin_requests(receiver), 1, "nothing was said to who cannot be believed");
    free(good);
    free(bad);
    end();
}

Test(events, a_reload_takes_what_is_right_and_nothing_else)
{
    char *bad = NULL;
    char *good = NULL;

    prepare();
    open_stage("webhook w { url = \"http://127.0.0.1:1/\" }\n");
    switch_to("green");
    await_metric("switchyard_webhook_failures_total", "", 1);
    bad = mem_format("%swebhook v { url = \"http://127.0.0.1:1/\" secret_file = \"%s/none\" }\n",
                     stage.config, folder);
    daemon_set_config(stage.daemon, bad);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 3, "a file that is not there");
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_webhook_queue_length", ""), 1);
    good = mem_format("%.*swebhook w { url = \"http://%s/\" template = \"slack\" }\n",
                      (int)(strstr(stage.config, "webhook w") - stage.config), stage.config,
                      origin_address(receiver));
    daemon_set_config(stage.daemon, good);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_assert(origin_await_requests(receiver, 1, WAIT_MS), "what waited goes to the new address");
    cr_expect(slice_starts_with(body(0), SLICE("{\"text\":\"*shop: switch to green done*")));
    free(bad);
    free(good);
    end();
}

static void expect_refusal(const char *blocks, const char *says)
{
    char *filled = fill(blocks);
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"127.0.0.1:1\" } } }\n%s",
                              filled);
    char *words = NULL;

    cr_expect_eq(daemon_refusal(&(struct daemon_options){ .config = config }, &words), 1, "%s",
                 filled);
    cr_expect_not_null(strstr(words, says), "%s", words);
    cr_expect_null(strstr(words, "planted"), "%s", words);
    free(words);
    free(config);
    free(filled);
}

/* What is in files is looked at before anything is served. */
Test(events, files_that_cannot_be_used_are_named_at_the_start)
{
    char *path = NULL;

    prepare();
    write_key();
    path = mem_format("%s/key", folder);
    expect_refusal("webhook w { url = \"http://127.0.0.1:1/\" ca = \"FOLDER/key\" }\n",
                   "webhook w: ");
    cr_assert_eq(chmod(path, 0644), 0);
    expect_refusal("webhook w { url = \"http://127.0.0.1:1/\" secret_file = \"FOLDER/key\" }\n",
                   "chmod 600 it");
    scene_write(path, "short", 5);
    cr_assert_eq(chmod(path, 0600), 0);
    expect_refusal("webhook w { url = \"http://127.0.0.1:1/\" secret_file = \"FOLDER/key\" }\n",
                   "less than 16 bytes");
    expect_refusal("webhook w { url = \"http://127.0.0.1:1/\" template = \"FOLDER/key\" }\n",
                   "it is no JSON");
    free(path);
    origin_stop(receiver);
    scene_remove(folder);
}
