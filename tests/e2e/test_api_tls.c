/*
 * The API over TLS: who is who by certificates and tokens, what bad clients get, certificates and authorities that are
 * exchanged under open connections, streams that end with what they were opened with, and limits while handshakes hang.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/api_client.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/scene.h"
#include "support/tls_client.h"
#include "support/token_maker.h"

enum { ANSWER_MS = 15000, SILENT = 60 };

static char folder[SCENE_PATH];
static struct stage stage;
static struct token_maker maker;
static struct pem people; /* whose certificates count */
static struct pem strangers;
static struct pem ci;
static struct pem root;
static struct pem nobody;

static const char *path_of(const char *name)
{
    static char paths[4][SCENE_PATH + 64];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void issue(struct pem *out, const struct pem *issuer, const char *subject, int days)
{
    pem_make(&(struct pem_options){ .subject = subject, .issuer = issuer, .days = days }, out);
}

static void write_authority(const struct pem *pem)
{
    struct pem_file file = { .certs = { pem->cert } };

    pem_write(path_of("ca.pem"), &file);
}

/* The block api; tls: more lines of its block, or NULL for a plain one; more: of the api. */
static char *api_block(const char *tls, const char *more)
{
    char *inner = tls != NULL
                      ? mem_format("tls { certificates = { \"%s/api.pem\" } %s }\n", folder, tls)
                      : mem_text("");
    char *block = mem_format("api { bind = \"127.0.0.1:0\" skew = 0s\n"
                             "key k { alg = EdDSA file = \"%s/k.pub\" }\n%s%s }\n",
                             folder, inner, more);

    free(inner);
    return block;
}

static char *with_authority(const char *more)
{
    return mem_format("client_ca = \"%s/ca.pem\" %s", folder, more);
}

static void write_key(const struct pem *pem, const char *name)
{
    struct pem_file file = { .key = pem->key, .certs = { pem->cert } };

    pem_write(path_of(name), &file);
}

static void open_stage(const char *verify, const char *more)
{
    struct stage_options options = { .lines = "health { enabled = false }\n" };
    char *tls = with_authority(verify);
    char *block = api_block(tls, more);

    options.globals = "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
                      "log { access = \"%s/access.log\" }\n";
    options.more = block;
    stage_open(&stage, &options);
    free(tls);
    free(block);
}

static void begin(void)
{
    static const struct pem_options authority = { .subject = "/CN=people", .is_authority = true };

    scene_folder(folder);
    token_maker_init(&maker, TOKEN_EDDSA);
    token_maker_write(&maker, path_of("k.pub"));
    pem_make(&authority, &people);
    pem_make(&authority, &strangers);
    issue(&ci, &people, "/O=Acme/CN=ci", 0);
    issue(&root, &people, "/O=Acme/CN=root", 0);
    issue(&nobody, &people, "/O=Acme/CN=nobody", 0);
    write_authority(&people);
    pem_shop(path_of("api.pem"), "DNS:localhost,IP:127.0.0.1", PEM_EC);
}

static void end(void)
{
    STOP_STAGE(&stage);
    token_maker_fini(&maker);
    pem_free(&people);
    pem_free(&strangers);
    pem_free(&ci);
    pem_free(&root);
    pem_free(&nobody);
    scene_remove(folder);
}

TestSuite(api_tls, .init = begin, .fini = end);

/* The configuration with another block api, in force. */
static int reload_with(const char *tls, const char *more)
{
    char *block = api_block(tls, more);
    const char *at = strstr(stage.config, "api {");
    char *whole = NULL;
    int code = 0;

    cr_assert_not_null(at);
    whole = mem_format("%.*s%s", (int)(at - stage.config), stage.config, block);
    daemon_set_config(stage.daemon, whole);
    code = ctl_code(stage.daemon, "reload");
    free(whole);
    free(block);
    return code;
}

struct said {
    int status; /* -1: no answer, 0: no handshake */
    char body[4096];
};

static char *request_of(const char *method, const char *path, const char *fields, const char *body)
{
    return mem_format("%s %s HTTP/1.1\r\nHost: localhost\r\n%s%sContent-Length: %zu\r\n\r\n%s",
                      method, path, fields,
                      body != NULL ? "Content-Type: application/json\r\n" : "",
                      body != NULL ? strlen(body) : (size_t)0, body != NULL ? body : "");
}

static void ask_on(struct tls_client *client, const char *request, struct said *out)
{
    struct reply reply = { 0 };

    out->status = -1;
    out->body[0] = '\0';
    if (tls_client_send_text(client, request) &&
        tls_client_reply(client, ANSWER_MS, &reply) == REPLY_WHOLE) {
        out->status = reply.status;
        snprintf(out->body, sizeof out->body, "%.*s", SLICE_ARG(text_slice(&reply.body)));
    }
    reply_fini(&reply);
}

static struct said ask(const struct pem *cert, const char *fields, const char *method,
                       const char *path, const char *body)
{
    struct tls_client_options options = { .certificate = cert };
    char *request = request_of(method, path, fields, body);
    struct said out = { .status = 0 };
    struct tls_client client;

    if (tls_client_open(&client, daemon_api(stage.daemon), &options))
        ask_on(&client, request, &out);
    tls_client_close(&client);
    free(request);
    return out;
}

static int status_of(const struct pem *cert, const char *fields, const char *method,
                     const char *path, const char *body)
{
    return ask(cert, fields, method, path, body).status;
}

static char *token_field(const char *role, int exp)
{
    char *claims = mem_format("{\"sub\":\"ann\",\"role\":\"%s\",\"exp\":%lld}", role,
                              (long long)time(NULL) + exp);
    char *token = token_maker_make(&maker, "k", claims);
    char *field = mem_format("Authorization: Bearer %s\r\n", token);

    free(token);
    free(claims);
    return field;
}

#define CI       "subject ci { dn = \"CN=ci,O=Acme\" role = deployer services = { \"shop\" } }\n"
#define ROOT     "subject root { dn = \"CN=root,O=Acme\" role = admin }\n"
#define OPTIONAL "client_verify = optional"
#define REQUIRED "client_verify = required"
#define PAUSE    "/v1/services/shop/pause"
#define RESUME   "/v1/services/shop/resume"
#define SHORTLY  "{\"max\":\"1s\"}"

Test(api_tls, certificates_give_roles_and_tokens_decide)
{
    static const struct {
        const struct pem *cert;
        const char *method;
        const char *path;
        const char *body;
        int status;
    } rows[] = {
        { NULL, "GET", "/livez", NULL, 200 },
        { NULL, "GET", "/metrics", NULL, 401 },
        { NULL, "GET", "/v1/status", NULL, 401 },
        { NULL, "POST", PAUSE, SHORTLY, 401 },
        { &nobody, "GET", "/livez", NULL, 200 },
        { &nobody, "GET", "/metrics", NULL, 401 },
        { &nobody, "GET", "/v1/status", NULL, 403 },
        { &nobody, "POST", PAUSE, SHORTLY, 403 },
        { &ci, "GET", "/metrics", NULL, 200 },
        { &ci, "GET", "/v1/status", NULL, 200 },
        { &ci, "POST", PAUSE, SHORTLY, 200 },
        { &ci, "POST", RESUME, "{}", 200 },
        { &ci, "POST", "/v1/services/none/pause", SHORTLY, 403 },
        { &ci, "POST", "/v1/reload", "{}", 403 },
        { &root, "POST", PAUSE, SHORTLY, 200 },
        { &root, "POST", "/v1/reload", "{}", 200 },
    };
    char *viewer = token_field("viewer", 600);
    char *expired = token_field("admin", -100);
    struct said said;

    open_stage(OPTIONAL, CI ROOT "anonymous = none open_metrics = false");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        said = ask(rows[i].cert, "", rows[i].method, rows[i].path, rows[i].body);
        cr_expect_eq(said.status, rows[i].status, "row %zu: %d %s", i, said.status, said.body);
    }
    cr_expect_eq(status_of(&root, viewer, "GET", "/v1/status", NULL), 200);
    cr_expect_eq(status_of(&root, viewer, "POST", PAUSE, SHORTLY), 403, "the token counts");
    cr_expect_eq(status_of(&root, expired, "GET", "/v1/status", NULL), 401, "the token counts");
    said = ask(&root, "", "GET", "/v1/whoami", NULL);
    cr_expect_not_null(strstr(said.body, "\"actor\":\"cert=CN=root,O=Acme sha256="), "%s",
                       said.body);
    cr_expect_not_null(strstr(said.body, "\"admin\""), "%s", said.body);
    said = ask(&root, "", "GET", "/v1/audit?outcome=denied&actor=cert&limit=1", NULL);
    cr_expect_not_null(strstr(said.body, "\"from\":\"127.0.0.1:"), "%s", said.body);
    said = ask(&root, "", "GET", "/v1/audit?actor=CN%3Dci&limit=1", NULL);
    cr_expect_not_null(strstr(said.body, "cert=CN=ci,O=Acme sha256="), "%s", said.body);
    cr_expect(
        daemon_await_log(stage.daemon, "role=deployer subject=\"CN=ci,O=Acme\" sha256=", 5000));
    free(viewer);
    free(expired);
}

Test(api_tls, a_fingerprint_goes_before_a_name)
{
    struct pem twin;
    char hex[65];
    char *subjects = NULL;

    issue(&twin, &people, "/O=Acme/CN=ci", 0);
    pem_fingerprint(twin.cert, hex);
    subjects = mem_format("%ssubject twin { sha256 = \"%s\" role = admin }\n"
                          "subject both { dn = \"CN=else\" sha256 = \"%.62s00\" role = admin }\n",
                          CI, hex, hex);
    open_stage(OPTIONAL, subjects);
    cr_expect_eq(status_of(&ci, "", "POST", "/v1/reload", "{}"), 403);
    cr_expect_eq(status_of(&twin, "", "POST", "/v1/reload", "{}"), 200);
    free(subjects);
    pem_free(&twin);
}

/* With TLS 1.3 a client learns only behind its handshake that it was refused. */
Test(api_tls, a_certificate_that_is_required_must_be_good)
{
    struct pem foreign;
    struct pem expired;
    struct pem early;
    const struct pem *bad[] = { NULL, &foreign, &expired, &early };

    issue(&foreign, &strangers, "/O=Acme/CN=root", 0);
    issue(&expired, &people, "/O=Acme/CN=root", -2);
    pem_make(&(struct pem_options){ .subject = "/O=Acme/CN=root", .issuer = &people, .begin = 2 },
             &early);
    open_stage(REQUIRED, ROOT);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int status = status_of(bad[i], "", "GET", "/livez", NULL);

        cr_expect(status <= 0, "certificate %zu: %d", i, status);
    }
    cr_expect_eq(status_of(&root, "", "POST", "/v1/reload", "{}"), 200);
    cr_expect_eq(status_of(&nobody, "", "GET", "/v1/status", NULL), 200, "anybody reads here");
    cr_expect(
        daemon_await_log(stage.daemon, "api-tls client=127.0.0.1 fault=tls_client_cert", 5000));
    {
        char *tls = with_authority(OPTIONAL); /* so that the end of the test can ask */

        cr_expect_eq(reload_with(tls, ROOT), 0);
        for (size_t i = 1; i < COUNT_OF(bad); i++)
            cr_expect(status_of(bad[i], "", "GET", "/livez", NULL) <= 0, "certificate %zu", i);
        cr_expect_eq(status_of(NULL, "", "GET", "/livez", NULL), 200);
        free(tls);
    }
    cr_expect_geq(daemon_metric(stage.daemon, "switchyard_api_tls_handshakes_failed_total",
                                "tls_client_cert"),
                  7);
    pem_free(&foreign);
    pem_free(&expired);
    pem_free(&early);
}

Test(api_tls, what_is_no_tls_is_answered_or_closed)
{
    static const char *const garbage[] = {
        "\x16\x03\x01\xff\xff garbage that is long enough to be a record of that length, or not",
        "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x41",
        "\x80\x2e\x01\x00\x02",
        "\xff\xff\xff\xff\xff\xff\xff\xff",
    };
    struct tls_client_options old = { .most = TLS1_2_VERSION };
    struct tls_client_options h2 = { .alpn = "h2" };
    struct tls_client_options both = { .alpn = "h2,http/1.1" };
    struct tls_client client;
    struct client plain;
    struct text body;

    open_stage("client_verify = optional min_version = \"1.3\"", "");
    text_init(&body, 4096);
    cr_expect_eq(
        client_ask(daemon_api(stage.daemon), "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", &body), 400);
    cr_expect_not_null(strstr(body.bytes, "\"code\":\"tls_plain\""), "%s", body.bytes);
    text_fini(&body);
    for (size_t i = 0; i < COUNT_OF(garbage); i++) {
        plain = (struct client){ .fd = -1 };
        client_open(&plain, daemon_api(stage.daemon));
        cr_expect(client_send_text(&plain, garbage[i]));
        client_half_close(&plain);
        cr_expect(client_drain(&plain, ANSWER_MS), "garbage %zu", i);
        client_close(&plain);
    }
    cr_expect_not(tls_client_open(&client, daemon_api(stage.daemon), &old));
    tls_client_close(&client);
    cr_expect_not(tls_client_open(&client, daemon_api(stage.daemon), &h2));
    tls_client_close(&client);
    cr_expect(tls_client_open(&client, daemon_api(stage.daemon), &both));
    cr_expect_eq(tls_client_get(&client, "localhost", "/livez"), 200);
    cr_expect_not(tls_client_is_resumed(&client));
    cr_expect_null(client.session, "there are no tickets");
    tls_client_close(&client);
    cr_expect_eq(status_of(NULL, "", "GET", "/", NULL), 200);
    cr_expect_eq(status_of(NULL, "Origin: https://localhost\r\n", "GET", "/v1/status", NULL), 200);
    cr_expect_eq(status_of(NULL, "Origin: http://localhost\r\n", "GET", "/v1/status", NULL), 403);
}

/* Nothing of it is left for the daemon to wait for, and others are served meanwhile. */
Test(api_tls, hanging_handshakes_end_and_keep_nobody_out)
{
    struct client silent[SILENT];
    struct client slow = { .fd = -1 };
    unsigned open = 0;
    int status = -1;

    open_stage(OPTIONAL, "");
    client_open(&slow, daemon_api(stage.daemon));
    cr_expect(client_send(&slow, "\x16\x03\x01\x02\x00\x01", 6));
    for (unsigned i = 0; i < SILENT; i++) {
        silent[i] = (struct client){ .fd = -1 };
        open += client_try(&silent[i], daemon_api(stage.daemon));
    }
    cr_expect_eq(open, SILENT);
    for (unsigned i = 0; status != 200 && i < 100; i++) { /* until one has waited long enough */
        status = status_of(NULL, "", "GET", "/v1/status", NULL);
        if (status != 200)
            scene_pause_us(50000);
    }
    cr_expect_eq(status, 200);
    cr_expect(client_drain(&slow, ANSWER_MS), "the handshake has no end");
    for (unsigned i = 0; i < SILENT; i++) {
        cr_expect(client_drain(&silent[i], ANSWER_MS), "the handshake has no end");
        client_close(&silent[i]);
    }
    client_close(&slow);
    cr_expect_gt(
        daemon_metric(stage.daemon, "switchyard_api_tls_handshakes_failed_total", "tls_timeout"),
        0);
}

Test(api_tls, certificates_are_exchanged_under_open_connections)
{
    struct tls_client_options options = { .certificate = &root };
    char *request = request_of("GET", "/v1/whoami", "", NULL);
    struct ctl_result list;
    struct tls_client client;
    struct tls_client fresh;
    struct said said;
    char before[65];
    char after[65];

    open_stage("client_verify = optional watch = 0s", ROOT "anonymous = none");
    cr_assert(tls_client_open(&client, daemon_api(stage.daemon), &options));
    ask_on(&client, request, &said);
    cr_expect_eq(said.status, 200, "%s", said.body);
    tls_client_fingerprint(&client, before);
    list = ctl_run(stage.daemon, "tls list");
    cr_expect(strstr(list.out, "(api)") != NULL && strstr(list.out, before) != NULL, "%s",
              list.out);
    ctl_free(&list);
    cr_expect_gt(daemon_metric(stage.daemon, "switchyard_tls_cert_not_after_timestamp_seconds",
                               "listener=\"(api)\""),
                 1);
    pem_shop(path_of("api.pem"), "DNS:localhost", PEM_EC);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    cr_assert(tls_client_open(&fresh, daemon_api(stage.daemon), &options));
    tls_client_fingerprint(&fresh, after);
    cr_expect_str_neq(before, after);
    ask_on(&client, request, &said);
    cr_expect_eq(said.status, 200, "the open one goes on: %s", said.body);
    scene_write(path_of("api.pem"), "no certificate", 14);
    cr_expect_neq(ctl_code(stage.daemon, "tls reload"), 0);
    ask_on(&fresh, request, &said);
    cr_expect_eq(said.status, 200, "%s", said.body);
    cr_expect_eq(status_of(&root, "", "GET", "/v1/status", NULL), 200, "what was in force stays");
    pem_shop(path_of("api.pem"), "DNS:localhost", PEM_EC);
    write_authority(&strangers); /* of the same name, with another key */
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    ask_on(&client, request, &said);
    cr_expect_eq(said.status, 401, "its authority is not believed any more: %s", said.body);
    cr_expect(status_of(&root, "", "GET", "/v1/status", NULL) <= 0);
    tls_client_close(&client);
    tls_client_close(&fresh);
    free(request);
}

/* On new connections as on open ones. */
Test(api_tls, a_certificate_that_was_revoked_is_nobody)
{
    struct tls_client_options options = { .certificate = &root };
    struct pem_crl none = { .issuer = &people };
    struct pem_crl some = { .issuer = &people, .revoked = { root.cert } };
    char *request = request_of("GET", "/v1/whoami", "", NULL);
    char *verify =
        mem_format("client_verify = optional watch = 0s client_crl = \"%s/crl.pem\"", folder);
    struct tls_client client;
    struct said said;

    pem_crl_write(path_of("crl.pem"), &none, 1);
    open_stage(verify, CI ROOT "anonymous = none");
    cr_assert(tls_client_open(&client, daemon_api(stage.daemon), &options));
    ask_on(&client, request, &said);
    cr_expect_eq(said.status, 200, "%s", said.body);
    pem_crl_write(path_of("crl.pem"), &some, 1);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    ask_on(&client, request, &said);
    cr_expect_eq(said.status, 401, "%s", said.body);
    cr_expect(status_of(&root, "", "GET", "/livez", NULL) <= 0);
    cr_expect_eq(status_of(&ci, "", "GET", "/v1/status", NULL), 200, "others are not touched");
    tls_client_close(&client);
    free(verify);
    free(request);
}

Test(api_tls, files_that_change_are_read_and_tls_comes_and_goes_by_reload)
{
    struct tls_client_options options = { .sni = "localhost" };
    struct tls_client client;
    char before[65] = "";
    char after[65] = "";
    char *tls = with_authority(OPTIONAL);

    open_stage("client_verify = optional watch = 100ms", "");
    cr_assert(tls_client_open(&client, daemon_api(stage.daemon), &options));
    tls_client_fingerprint(&client, before);
    tls_client_close(&client);
    pem_shop(path_of("api.pem"), "DNS:localhost", PEM_RSA);
    for (unsigned i = 0; i < 150 && (after[0] == '\0' || strcmp(before, after) == 0); i++) {
        scene_pause_us(100000);
        cr_assert(tls_client_open(&client, daemon_api(stage.daemon), &options));
        tls_client_fingerprint(&client, after);
        tls_client_close(&client);
    }
    cr_expect_str_neq(before, after);
    cr_expect_eq(reload_with(NULL, ""), 0);
    cr_expect_eq(api_status(stage.daemon, "GET", "/v1/status", NULL), 200, "plain by now");
    cr_expect_eq(status_of(NULL, "", "GET", "/livez", NULL), 0);
    cr_expect_neq(reload_with("min_version = \"1.0\"", ""), 0);
    cr_expect_eq(api_status(stage.daemon, "GET", "/v1/status", NULL), 200, "plain as before");
    cr_expect_eq(reload_with(tls, ""), 0);
    cr_expect_eq(api_status(stage.daemon, "GET", "/v1/status", NULL), 400);
    cr_expect_eq(status_of(NULL, "", "GET", "/v1/status", NULL), 200);
    free(tls);
}

/* Whether the part comes on an open stream. */
static bool hears(struct tls_client *client, const char *part)
{
    uint64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000ull;

    while (clock_monotonic_us() < until_us) {
        if (client->plain.in.bytes != NULL && strstr(client->plain.in.bytes, part) != NULL)
            return true;
        if (!tls_client_pull(client, 200) && client->end != TLS_CLIENT_OPEN)
            return false;
    }
    return false;
}

static void listen_as(struct tls_client *client, const struct pem *cert, const char *fields)
{
    struct tls_client_options options = { .certificate = cert };
    char *request = request_of("GET", "/v1/events", fields, NULL);

    cr_assert(tls_client_open(client, daemon_api(stage.daemon), &options));
    cr_assert(tls_client_send_text(client, request));
    cr_assert(hears(client, "event: status"), "%s", client->plain.in.bytes);
    free(request);
}

Test(api_tls, streams_end_with_their_credentials)
{
    char *shortly = token_field("viewer", 3);
    char *longer = token_field("viewer", 600);
    char *tls = with_authority(OPTIONAL);
    struct token_maker fresh;
    struct tls_client streams[4];

    open_stage(OPTIONAL, CI ROOT "anonymous = none");
    listen_as(&streams[0], NULL, shortly);
    listen_as(&streams[1], NULL, longer);
    listen_as(&streams[2], &ci, "");
    listen_as(&streams[3], &root, "");
    cr_expect(
        hears(&streams[0], "event: end\ndata: {\"why\":\"the token is refused: it has expired"),
        "%s", streams[0].plain.in.bytes);
    cr_expect(hears(&streams[0], "\r\n0\r\n\r\n"), "the answer has no end");
    cr_expect_null(strstr(streams[1].plain.in.bytes, "event: end"));
    token_maker_init(&fresh, TOKEN_EDDSA);
    token_maker_write(&fresh, path_of("k.pub"));
    cr_expect_eq(reload_with(tls, ROOT "anonymous = none"), 0);
    cr_expect(
        hears(&streams[1], "event: end\ndata: {\"why\":\"the token is refused: its signature"));
    cr_expect(hears(&streams[2], "event: end\ndata: {\"why\":\"there is no role any more"));
    cr_expect_null(strstr(streams[3].plain.in.bytes, "event: end"));
    write_authority(&strangers);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    cr_expect(
        hears(&streams[3], "event: end\ndata: {\"why\":\"the certificate is not good any more"));
    for (size_t i = 0; i < COUNT_OF(streams); i++)
        tls_client_close(&streams[i]);
    token_maker_fini(&fresh);
    free(shortly);
    free(longer);
    free(tls);
}

/* As people ask, with every check that it makes of us. */
Test(api_tls, curl)
{
    static const char form[] =
        "curl -sS -o /dev/null --fail --cacert %s/c.pem %s https://%s%s >/dev/null 2>&1";
    const char *where = NULL;
    char *mine = NULL;
    struct pem server;
    struct {
        const char *words;
        const char *path;
        bool is_good;
    } rows[] = {
        { "", "/livez", true },
        { NULL, "/v1/status", true },
        { NULL, "/v1/services/shop/pause -X POST -H Content-Type:application/json -d '{}'", true },
        { "", "/v1/services/shop/resume -X POST -H Content-Type:application/json -d '{}'", false },
        { "--tls-max 1.2", "/livez", true },
        { "--http2", "/", true },
    };

    pem_make(&(struct pem_options){ .subject = "/CN=api", .names = "DNS:localhost,IP:127.0.0.1" },
             &server);
    write_key(&server, "api.pem");
    pem_write(path_of("c.pem"), &(struct pem_file){ .certs = { server.cert } });
    write_key(&ci, "ci.pem");
    open_stage(OPTIONAL, CI);
    where = daemon_api(stage.daemon);
    mine = mem_format("--cert %s/ci.pem", folder);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *command = mem_format(form, folder, rows[i].words != NULL ? rows[i].words : mine,
                                   where, rows[i].path);

        cr_expect_eq(system(command) == 0, rows[i].is_good, "%s", command);
        free(command);
    }
    free(mine);
    pem_free(&server);
}
