/*
 * TLS to targets over time: health that says what is wrong with a certificate, reloads of settings and files, retries,
 * connections that are opened ahead of need, tunnels; TLS that a slot is given and loses.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"

enum { WAIT_MS = 15000, WARM = 8 };

#define GET  "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"

static struct origin_tls_view view_of(const struct target_stage *stage)
{
    struct origin_tls_view view;

    origin_tls_view(stage->origin, &view);
    return view;
}

static int ask(struct client *client, const char *request)
{
    struct reply reply = { .status = -1 };
    int status = -1;

    cr_assert(client_send_text(client, request));
    if (client_reply(client, false, WAIT_MS, &reply) == REPLY_WHOLE && !reply.truncated)
        status = reply.status;
    reply_fini(&reply);
    return status;
}

static void show_certificate(struct target_stage *stage, const char *file)
{
    origin_secure(stage->origin,
                  &(struct origin_tls_options){ .file = target_stage_path(stage, file) });
}

struct verdict_wish {
    const struct target_stage *stage;
    double value;
};

static bool has_verdict(void *arg)
{
    const struct verdict_wish *wish = arg;

    return daemon_metric(wish->stage->daemon, "switchyard_target_up", "") == wish->value;
}

static bool await_up(const struct target_stage *stage, bool up)
{
    return scene_await(has_verdict, &(struct verdict_wish){ stage, up ? 1 : 0 }, WAIT_MS);
}

/* A probe looks at the certificate each time, and what it dislikes is there for people. */
Test(tls_upstream_life, health_says_what_is_wrong)
{
    static const char *const kinds[] = { "type = \"tcp\"", "path = \"/health\"" };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        char *health = mem_format("health { %s interval = \"50ms\" timeout = \"1s\" }", kinds[i]);
        struct target_stage stage;
        struct ctl_result result;

        target_stage_open(&stage, &(struct target_stage_options){ .service = health });
        cr_expect(await_up(&stage, true), "%s", kinds[i]);
        target_stage_certify(
            &stage, "old.pem",
            &(struct pem_options){
                .subject = "/CN=old", .names = "IP:127.0.0.1", .issuer = &stage.ca, .days = -3 });
        show_certificate(&stage, "old.pem");
        cr_expect(await_up(&stage, false), "%s", kinds[i]);
        result = ctl_run(stage.daemon, "targets");
        cr_expect(strstr(result.out, "expired: the certificate of old ended on") != NULL,
                  "targets says: %s", result.out);
        ctl_free(&result);
        cr_expect(daemon_await_log(stage.daemon, "because expired: the certificate", WAIT_MS));
        show_certificate(&stage, "app.pem");
        cr_expect(await_up(&stage, true), "%s", kinds[i]);
        free(health);
        STOP_TARGET(&stage);
    }
}

/* Files: nothing happens until they are read again, and what cannot be read changes nothing. */
Test(tls_upstream_life, authorities_are_read_again)
{
    struct target_stage stage;
    struct client client;
    struct ctl_result result;

    target_stage_open(
        &stage, &(struct target_stage_options){ .tls = "ca = \"FOLDER/ca.pem\" watch = \"0s\"" });
    target_stage_certify(&stage, "new.pem",
                         &(struct pem_options){ .names = "IP:127.0.0.1", .issuer = &stage.other });
    client_open(&client, daemon_front(stage.daemon));
    cr_expect_eq(ask(&client, GET), 200);
    show_certificate(&stage, "new.pem");
    origin_drop_connections(stage.origin);
    cr_assert(origin_await_open(stage.origin, 0, WAIT_MS));
    cr_expect_eq(ask(&client, GET), 502);
    pem_write(target_stage_path(&stage, "ca.pem"),
              &(struct pem_file){ .certs = { stage.other.cert } });
    cr_expect_eq(ask(&client, GET), 502);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    cr_expect_eq(ask(&client, GET), 200);
    scene_write(target_stage_path(&stage, "ca.pem"), "rubbish", 7);
    result = ctl_run(stage.daemon, "reload");
    cr_expect_neq(result.code, 0);
    cr_expect(strstr(result.err, "service shop: slot blue: tls: ca ") != NULL, "%s", result.err);
    ctl_free(&result);
    cr_expect_neq(ctl_code(stage.daemon, "tls reload"), 0);
    origin_drop_connections(stage.origin);
    cr_assert(origin_await_open(stage.origin, 0, WAIT_MS));
    cr_expect_eq(ask(&client, GET), 200, "the old authorities are still believed");
    client_close(&client);
    STOP_TARGET(&stage);
}

static bool is_answered(void *arg)
{
    struct client *client = arg;

    return ask(client, GET) == 200;
}

/* Without any command; what is refused is said and changes nothing. */
Test(tls_upstream_life, files_are_watched)
{
    struct target_stage stage;
    struct client client;

    target_stage_open(&stage, &(struct target_stage_options){
                                  .tls = "ca = \"FOLDER/other.pem\" watch = \"100ms\"" });
    client_open(&client, daemon_front(stage.daemon));
    cr_expect_eq(ask(&client, GET), 502);
    scene_write(target_stage_path(&stage, "other.pem"), "rubbish", 7);
    cr_expect(daemon_await_log(stage.daemon, "tls_reload refused, nothing changed", WAIT_MS));
    cr_expect_eq(ask(&client, GET), 502);
    pem_write(target_stage_path(&stage, "other.pem"),
              &(struct pem_file){ .certs = { stage.ca.cert } });
    cr_expect(scene_await(is_answered, &client, WAIT_MS), "the new authorities are not believed");
    client_close(&client);
    STOP_TARGET(&stage);
}

/* Kept connections stay over a reload that does not concern them, and end with one that does. */
Test(tls_upstream_life, settings_are_changed)
{
    struct target_stage stage;
    struct client client;
    char *config = NULL;

    target_stage_open(&stage, &(struct target_stage_options){ .tls = NULL });
    client_open(&client, daemon_front(stage.daemon));
    cr_expect_eq(ask(&client, GET), 200);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(ask(&client, GET), 200);
    cr_expect_eq(view_of(&stage).handshakes, 1, "the connection was not kept");
    config = target_stage_config(
        &stage,
        &(struct target_stage_options){ .tls = "ca = \"FOLDER/ca.pem\" name = \"wrong.test\"" });
    daemon_set_config(stage.daemon, config);
    free(config);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(ask(&client, GET), 502, "a kept connection, or a session, was used once more");
    cr_expect(origin_await_open(stage.origin, 0, WAIT_MS));
    config = target_stage_config(
        &stage,
        &(struct target_stage_options){ .tls = "ca = \"FOLDER/ca.pem\" name = \"app.internal\"" });
    daemon_set_config(stage.daemon, config);
    free(config);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(ask(&client, GET), 200);
    cr_expect_eq(view_of(&stage).resumed, 0, "a session of other settings was resumed");
    client_close(&client);
    STOP_TARGET(&stage);
}

/* A connection that waits ends by itself when its settings are replaced, also without a request. */
Test(tls_upstream_life, waiting_connections_end_with_their_settings)
{
    struct target_stage stage;
    char *config = NULL;

    target_stage_open(&stage, &(struct target_stage_options){ .tls = NULL });
    cr_expect_eq(target_stage_get(&stage), 200);
    cr_expect(origin_await_open(stage.origin, 1, WAIT_MS));
    config = target_stage_config(
        &stage,
        &(struct target_stage_options){ .tls = "ca = \"FOLDER/ca.pem\" min_version = \"1.3\"" });
    daemon_set_config(stage.daemon, config);
    free(config);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect(origin_await_open(stage.origin, 0, WAIT_MS));
    STOP_TARGET(&stage);
}

/* From clear to TLS, and back. */
Test(tls_upstream_life, a_slot_is_given_tls_and_loses_it)
{
    struct target_stage stage;
    struct client client;
    char *secure = NULL;
    char *plain = NULL;
    char *block = NULL;

    target_stage_prepare(&stage);
    secure = target_stage_config(&stage, &(struct target_stage_options){ .tls = NULL });
    plain = mem_text(secure);
    block = strstr(plain, "tls {");
    cr_assert_neq(block, NULL);
    memset(block, ' ', (size_t)(strchr(block, '}') - block) + 1);
    stage.daemon = daemon_start(&(struct daemon_options){ .config = plain });
    client_open(&client, daemon_front(stage.daemon));
    cr_expect_eq(ask(&client, GET), 200);
    show_certificate(&stage, "app.pem");
    daemon_set_config(stage.daemon, secure);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(ask(&client, GET), 200);
    cr_expect_eq(view_of(&stage).handshakes, 1);
    daemon_set_config(stage.daemon, plain);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(ask(&client, GET), 502, "an app with TLS was spoken to in clear, and answered");
    client_close(&client);
    free(secure);
    free(plain);
    STOP_TARGET(&stage);
}

/* What fails before the request is tried again at another target, whatever the method. */
Test(tls_upstream_life, a_failed_handshake_is_tried_elsewhere)
{
    struct target_stage stage;
    struct origin *bad = origin_start("127.0.0.1:0");
    char *targets = mem_format("\"%s\", \"%%s\"", origin_address(bad));
    struct client client;

    target_stage_prepare(&stage);
    target_stage_certify(&stage, "bad.pem",
                         &(struct pem_options){ .names = "IP:127.0.0.1", .issuer = &stage.other });
    origin_secure(bad,
                  &(struct origin_tls_options){ .file = target_stage_path(&stage, "bad.pem") });
    show_certificate(&stage, "app.pem");
    target_stage_start(&stage,
                       &(struct target_stage_options){ .targets = targets,
                                                       .service = "health { enabled = false } "
                                                                  "retry { attempts = 1 }" });
    client_open(&client, daemon_front(stage.daemon));
    for (unsigned i = 0; i < 20; i++)
        cr_expect_eq(ask(&client, i % 2 == 0 ? GET : POST), 200, "request %u", i);
    cr_expect_eq(origin_requests(bad), 0);
    cr_expect_eq(origin_requests(stage.origin), 20);
    cr_expect_gt(origin_connections(bad), 0);
    client_close(&client);
    free(targets);
    origin_drop_connections(bad);
    STOP_TARGET(&stage);
    origin_stop(bad);
}

static bool has_warm_ones(void *arg)
{
    const struct target_stage *stage = arg;

    return daemon_metric(stage->daemon, "switchyard_upstream_connections_idle", "") == WARM;
}

/* Connections that wait get their tickets while nobody asked for anything: that is no reason to close them. */
Test(tls_upstream_life, tickets_on_waiting_connections)
{
    struct target_stage stage;
    struct client client;

    target_stage_open(&stage, &(struct target_stage_options){
                                  .service = "slot green { targets = { \"%s\" } tls { ca = "
                                             "\"FOLDER/ca.pem\" name = \"app.internal\" } }\n"
                                             "health { enabled = false }\nwarmup { connections = 8 "
                                             "path = \"/warm\" requests = 1 concurrency = 1 }" });
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_expect(scene_await(has_warm_ones, &stage, WAIT_MS));
    client_open(&client, daemon_front(stage.daemon));
    for (unsigned i = 0; i < 10; i++)
        cr_expect_eq(ask(&client, GET), 200);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_target_tls_handshakes_total", ""), WARM);
    cr_expect(has_warm_ones(&stage), "connections did not stay");
    client_close(&client);
    STOP_TARGET(&stage);
}

#define ASK_RAW "GET /raw HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"

static const struct origin_act tunnel_acts[] = {
    ACT(HEAD),
    ACT_SEND("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
             "first"),
    ACT_BYTES(300000),
    ACT_FILL(300000),
    ACT_RAISE("sent"),
    ACT(EVERYTHING),
    ACT(END),
};

Test(tls_upstream_life, tunnels)
{
    struct target_stage stage;
    struct client client;
    struct reply reply = { 0 };
    char *bytes = mem_zalloc(300000);

    target_stage_open(&stage, &(struct target_stage_options){ .tls = NULL });
    origin_play(stage.origin, tunnel_acts);
    client_open(&client, daemon_front(stage.daemon));
    cr_assert(client_send_text(&client, ASK_RAW));
    cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_assert_eq(reply.status, 101);
    cr_assert(client_send(&client, bytes, 300000));
    while (client.in.len - client.taken < 300005 && client_pull(&client, WAIT_MS))
        ;
    cr_expect_eq(client.in.len - client.taken, 300005);
    cr_expect_eq(strncmp(client.in.bytes + client.taken, "firstxxx", 8), 0);
    client.taken = client.in.len;
    client_half_close(&client);
    cr_expect(client_await_end(&client, WAIT_MS));
    reply_fini(&reply);
    client_close(&client);
    free(bytes);
    STOP_TARGET(&stage);
}

/* A configuration that cannot be kept is refused at the start and at a check, with words. */
Test(tls_upstream_life, what_is_refused)
{
    static const struct {
        const char *tls;
        const char *words;
    } cases[] = {
        { "ca = \"FOLDER/none.pem\"", "service shop: slot blue: tls: ca " },
        { "certificate = \"FOLDER/none.pem\"", "none.pem cannot be read: No such file" },
        { "certificate = \"FOLDER/ca.pem\"", "has no private key" },
        { "certificate = \"FOLDER/open.pem\"", "so that others may read it" },
        { "certificate = \"FOLDER/ended.pem\"", "has expired; renew it" },
        { "ciphers = \"NONE-OF-THEM\"", "ciphers has a name that OpenSSL does not know" },
        { "ciphersuites = \"NONE\"", "ciphersuites has a name" },
        { "groups = \"NONE\"", "groups has a name" },
    };
    struct target_stage stage;
    struct pem open;

    target_stage_prepare(&stage);
    pem_make(&(struct pem_options){ .issuer = &stage.ca }, &open);
    pem_write(target_stage_path(&stage, "open.pem"),
              &(struct pem_file){ .key = open.key, .certs = { open.cert }, .mode = 0644 });
    target_stage_certify(&stage, "ended.pem",
                         &(struct pem_options){ .issuer = &stage.ca, .days = -1 });
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *config =
            target_stage_config(&stage, &(struct target_stage_options){ .tls = cases[i].tls });
        char *words = NULL;
        int status = daemon_refusal(&(struct daemon_options){ .config = config }, &words);

        cr_expect_eq(status, 1, "%s: status %d", cases[i].tls, status);
        cr_expect(strstr(words, cases[i].words) != NULL, "%s: %s", cases[i].tls, words);
        free(words);
        free(config);
    }
    pem_free(&open);
    STOP_TARGET(&stage);
}
