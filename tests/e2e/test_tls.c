/*
 * TLS for clients: versions, certificates by name and by what the client can check, ALPN, what the app is told, hosts
 * that the connection does not cover, bodies, tunnels, and how a connection ends. Certificates: test_tls_certs.c; clients
 * that mean no good: test_tls_abuse.c; sessions and clients' certificates: test_tls_session.c.
 */
#include <openssl/ssl.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/demo_app.h"

enum {
    WAIT_MS = 15000,
    BIG = 6 * 1024 * 1024,
    ALERT_VERSION = 70,
    ALERT_NAME = 112,
    ALERT_ALPN = 120
};

#define ASK(host) "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"

Test(tls, versions)
{
    static const struct {
        int version;
        bool is_spoken;
        bool is_spoken_13;
    } cases[] = {
        { TLS1_VERSION, false, false },
        { TLS1_1_VERSION, false, false },
        { TLS1_2_VERSION, true, false },
        { TLS1_3_VERSION, true, true },
    };

    for (unsigned strict = 0; strict < 2; strict++) {
        struct tls_stage scene;
        unsigned refused = 0;

        tls_stage_open(
            &scene, &(struct tls_stage_options){ .tls = strict ? "min_version = \"1.3\"" : NULL });
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            struct tls_client client;
            bool is_spoken = strict ? cases[i].is_spoken_13 : cases[i].is_spoken;

            tls_client_open(&client, tls_stage_front(&scene),
                            &(struct tls_client_options){ .sni = "shop.test",
                                                          .least = cases[i].version,
                                                          .most = cases[i].version });
            cr_expect_eq(client.is_ready, is_spoken, "strict %u, version %zu", strict, i);
            if (is_spoken)
                cr_expect_eq(tls_client_get(&client, "shop.test", "/"), 200);
            else
                cr_expect_eq(client.alert, ALERT_VERSION, "alert %d", client.alert);
            refused += !is_spoken;
            tls_client_close(&client);
        }
        cr_expect_eq(tls_stage_failed(&scene, "tls_version", refused), refused);
        STOP_TLS(&scene);
    }
}

struct name_case {
    const char *sni;
    const char *kind;
    bool is_known;
};

static const struct name_case name_cases[] = {
    { "shop.test", "ECDSA", true },       { "SHOP.Test", "ECDSA", true },
    { "a.shop.test", "ECDSA", true },     { "rsa.test", "RSA", true },
    { "both.test", "ECDSA", true },       { "a.b.shop.test", "ECDSA", false },
    { "shop.test.evil", "ECDSA", false }, { "test", "ECDSA", false },
    { "x.rsa.test", "ECDSA", false },     { NULL, "ECDSA", false },
};

static void check_name(const struct tls_stage *scene, const struct name_case *one, bool refuses)
{
    struct tls_client client;
    bool is_refused = refuses && !one->is_known;
    const char *name = one->sni != NULL ? one->sni : "none";

    tls_client_open(&client, tls_stage_front(scene),
                    &(struct tls_client_options){ .sni = one->sni });
    cr_expect_eq(client.is_ready, !is_refused, "%s", name);
    if (is_refused)
        cr_expect_eq(client.alert, ALERT_NAME, "%s: alert %d", name, client.alert);
    else
        cr_expect_str_eq(tls_client_kind(&client), one->kind, "%s", name);
    tls_client_close(&client);
}

Test(tls, certificate_by_name)
{
    struct tls_stage scene;

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    for (size_t i = 0; i < COUNT_OF(name_cases); i++)
        check_name(&scene, &name_cases[i], false);
    STOP_TLS(&scene);
    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = "unknown_sni = \"refuse\"" });
    for (size_t i = 0; i < COUNT_OF(name_cases); i++)
        check_name(&scene, &name_cases[i], true);
    cr_expect_eq(tls_stage_failed(&scene, "tls_unknown_name", 5), 5);
    STOP_TLS(&scene);
}

Test(tls, certificate_that_the_client_can_check)
{
    static const struct {
        const char *ciphers;
        const char *sni;
        const char *kind; /* NULL: no handshake */
    } cases[] = {
        { "ECDHE-ECDSA-AES128-GCM-SHA256", "both.test", "ECDSA" },
        { "ECDHE-RSA-AES128-GCM-SHA256", "both.test", "RSA" },
        { "ECDHE-RSA-AES128-GCM-SHA256", "shop.test", NULL },
        { "ECDHE-ECDSA-AES128-GCM-SHA256", "rsa.test", NULL },
        { "AES128-GCM-SHA256", "both.test", NULL },    /* no forward secrecy */
        { "ECDHE-RSA-AES128-SHA", "both.test", NULL }, /* CBC */
        { "ECDHE-ECDSA-AES256-SHA384", "both.test", NULL },
        { "ECDHE-RSA-CHACHA20-POLY1305", "both.test", "RSA" },
    };
    struct tls_stage scene;

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tls_client client;

        tls_client_open(&client, tls_stage_front(&scene),
                        &(struct tls_client_options){ .sni = cases[i].sni,
                                                      .most = TLS1_2_VERSION,
                                                      .ciphers = cases[i].ciphers });
        cr_expect_eq(client.is_ready, cases[i].kind != NULL, "case %zu", i);
        if (client.is_ready && cases[i].kind != NULL)
            cr_expect_str_eq(tls_client_kind(&client), cases[i].kind, "case %zu", i);
        tls_client_close(&client);
    }
    cr_expect_eq(tls_stage_failed(&scene, "tls_handshake", 5), 5);
    STOP_TLS(&scene);
}

/* The order is ours, but who puts ChaCha20 first has a reason to. */
Test(tls, order_of_ciphers)
{
    static const struct {
        const char *offered;
        const char *chosen;
    } cases[] = {
        { "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
          "ECDHE-ECDSA-AES128-GCM-SHA256" },
        { "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256",
          "ECDHE-ECDSA-CHACHA20-POLY1305" },
        { "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305",
          "ECDHE-ECDSA-AES256-GCM-SHA384" },
    };
    struct tls_stage scene;

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tls_client client;

        cr_assert(tls_client_open(&client, tls_stage_front(&scene),
                                  &(struct tls_client_options){ .sni = "shop.test",
                                                                .most = TLS1_2_VERSION,
                                                                .ciphers = cases[i].offered }));
        cr_expect_str_eq(SSL_get_cipher_name(client.ssl), cases[i].chosen);
        tls_client_close(&client);
    }
    STOP_TLS(&scene);
}

Test(tls, alpn)
{
    static const struct {
        const char *offered;
        const char *chosen; /* "": none; NULL: an alert */
    } cases[] = {
        { NULL, "" },   { "http/1.1", "http/1.1" }, { "h2,http/1.1", "http/1.1" },
        { "h2", NULL }, { "acme-tls/1", NULL },
    };
    struct tls_stage scene;

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tls_client client;
        const unsigned char *chosen = NULL;
        unsigned size = 0;

        tls_client_open(
            &client, tls_stage_front(&scene),
            &(struct tls_client_options){ .sni = "shop.test", .alpn = cases[i].offered });
        cr_expect_eq(client.is_ready, cases[i].chosen != NULL, "case %zu", i);
        SSL_get0_alpn_selected(client.ssl, &chosen, &size);
        if (cases[i].chosen != NULL)
            cr_expect(
                slice_is_equal(slice_of((const char *)chosen, size), slice_from(cases[i].chosen)),
                "case %zu", i);
        else
            cr_expect_eq(client.alert, ALERT_ALPN, "case %zu: alert %d", i, client.alert);
        tls_client_close(&client);
    }
    STOP_TLS(&scene);
}

Test(tls, hosts_that_are_not_covered)
{
    static const struct {
        const char *sni;
        const char *host;
        int status;
    } cases[] = {
        { "shop.test", "shop.test", 200 },
        { "shop.test", "SHOP.test:8443", 200 },
        { "shop.test", "b.shop.test", 200 }, /* its certificate is for that, too */
        { "shop.test", "a.b.shop.test", 421 },
        { "shop.test", "other.test", 421 },
        { "shop.test", "rsa.test", 421 },
        { "shop.test", "192.0.2.7", 421 },
        { "shop.test", "[::1]", 421 },
        { "rsa.test", "192.0.2.7:99", 200 },
        { "both.test", "shop.test",
          421 }, /* one of the two that may have been shown is not for it */
        { "unknown.test", "unknown.test", 200 }, /* the default was all there was to show */
        { "unknown.test", "shop.test", 200 },
        { NULL, "shop.test", 200 },
        { NULL, "other.test", 421 },
        { NULL, "198.51.100.1", 200 }, /* an address cannot be asked for by name */
        { NULL, "[2001:db8::1]:8443", 200 },
    };
    struct tls_stage scene;

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tls_client client;

        cr_assert(tls_client_open(&client, tls_stage_front(&scene),
                                  &(struct tls_client_options){ .sni = cases[i].sni }));
        cr_expect_eq(tls_client_get(&client, cases[i].host, "/"), cases[i].status, "%s, %s",
                     cases[i].sni, cases[i].host);
        if (cases[i].status == 421) /* the connection goes on */
            cr_expect_eq(tls_client_get(&client, "shop.test", "/") != -1, true);
        tls_client_close(&client);
    }
    cr_expect(daemon_await_access(scene.daemon, "\"fault\":\"misdirected\"", WAIT_MS));
    STOP_TLS(&scene);
}

static void expect_request(const struct tls_stage *scene, unsigned index, const char *part,
                           bool is_there)
{
    struct slice request = origin_request(scene->origin, index);
    bool found = memmem(request.ptr, request.len, part, strlen(part)) != NULL;

    cr_expect_eq(found, is_there, "%s in %.*s", part, SLICE_ARG(request));
}

/* `explain` knows which listener is https. */
static void expect_explained(const struct tls_stage *scene, const char *listener, const char *part)
{
    char *words = mem_format("--json explain --host shop.test --listener %s", listener);
    struct ctl_result result = ctl_run(scene->daemon, words);
    bool found = false;

    for (char *from = result.out, *to = result.out;; from++) { /* without blanks */
        if (*from != ' ')
            *to++ = *from;
        if (*from == '\0')
            break;
    }
    found = strstr(result.out, part) != NULL;
    cr_expect(found, "%s: %s is not in %s", listener, part, result.out);
    ctl_free(&result);
    free(words);
}

Test(tls, what_the_app_is_told)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: shop.test\r\n"
                                  "X-SSL-Client-Verify: SUCCESS\r\nx-ssl-client-dn: CN=boss\r\n"
                                  "X_SSL_Client_SHA256: 00\r\nX-SSL-Client-: 1\r\n"
                                  "X-SSL-Other: stays\r\nX-Forwarded-Proto: http\r\n\r\n";
    struct tls_stage scene;
    struct tls_client client;
    struct reply reply = { 0 };
    struct text body;

    tls_stage_open(&scene, &(struct tls_stage_options){ .service = "https_redirect = true" });
    cr_assert(tls_client_open(&client, tls_stage_front(&scene),
                              &(struct tls_client_options){ .sni = "shop.test" }));
    tls_client_send_text(&client, request);
    cr_assert_eq(tls_client_reply(&client, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 200, "not redirected");
    expect_request(&scene, 0, "X-Forwarded-Proto: https\r\n", true);
    expect_request(&scene, 0, "X-Forwarded-Proto: http\r\n", false);
    expect_request(&scene, 0, "lient", false);
    expect_request(&scene, 0, "X-SSL-Other: stays\r\n", true);
    reply_fini(&reply);
    tls_client_close(&client);
    text_init(&body, 4096);
    cr_expect_eq(client_ask(daemon_front(scene.daemon), ASK("shop.test"), &body), 308);
    text_fini(&body);
    cr_expect_eq(origin_requests(scene.origin), 1u);
    expect_explained(&scene, "https", "\"fault\":\"none\",\"status\":null");
    expect_explained(&scene, "http", "\"fault\":\"https_only\"");
    STOP_TLS(&scene);
}

/* Bytes that tell their place. */
static char *make_bytes(size_t size)
{
    char *bytes = mem_alloc(size);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31 + i / 251);
    return bytes;
}

Test(tls, large_bodies_in_both_directions)
{
    struct tls_stage scene;
    char *bytes = make_bytes(BIG);
    char *head = mem_format("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BIG);
    char *whole = mem_alloc(strlen(head) + BIG);

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    memcpy(whole, head, strlen(head));
    memcpy(whole + strlen(head), bytes, BIG);
    for (unsigned version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_client client;
        struct reply reply = { 0 };
        struct slice request = { NULL, 0 };

        origin_clear(scene.origin);
        origin_answer(scene.origin, whole, strlen(head) + BIG, ORIGIN_KEEPS);
        cr_assert(tls_client_open(
            &client, tls_stage_front(&scene),
            &(struct tls_client_options){ .sni = "shop.test", .most = (int)version }));
        free(head);
        head = mem_format("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: %d\r\n\r\n", BIG);
        cr_expect(tls_client_send_text(&client, head));
        cr_expect(tls_client_send(&client, bytes, BIG));
        cr_assert_eq(tls_client_reply(&client, WAIT_MS, &reply), REPLY_WHOLE);
        cr_expect(reply.body.len == BIG && memcmp(reply.body.bytes, bytes, BIG) == 0);
        request = origin_request(scene.origin, 0);
        cr_expect(request.len > BIG && memcmp(request.ptr + request.len - BIG, bytes, BIG) == 0);
        cr_expect_eq(tls_client_get(&client, "shop.test", "/canary"), 200);
        reply_fini(&reply);
        tls_client_close(&client);
        free(head);
        head = mem_format("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BIG);
    }
    free(head);
    free(whole);
    free(bytes);
    STOP_TLS(&scene);
}

/* Pipelined requests in one record, and one request in many: nothing that lies in OpenSSL is forgotten. */
Test(tls, records_are_no_messages)
{
    struct tls_stage scene;
    struct tls_client client;
    struct text many;

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    text_init(&many, 1 << 20);
    for (unsigned i = 0; i < 100; i++)
        text_add(&many,
                 "GET /canary HTTP/1.1\r\nHost: shop.test\r\nX-Fill: 12345678901234567890\r\n\r\n");
    cr_assert(tls_client_open(&client, tls_stage_front(&scene),
                              &(struct tls_client_options){ .sni = "shop.test" }));
    cr_expect(tls_client_send(&client, many.bytes, many.len));
    for (unsigned i = 0; i < 100; i++) {
        struct reply reply = { 0 };

        cr_assert_eq(tls_client_reply(&client, WAIT_MS, &reply), REPLY_WHOLE, "answer %u", i);
        reply_fini(&reply);
    }
    for (size_t i = 0; i < 75; i++)
        cr_expect(tls_client_send(&client, many.bytes + i, 1));
    cr_expect(tls_client_send(&client, many.bytes + 75, many.len - 75));
    for (unsigned i = 0; i < 100; i++) {
        struct reply reply = { 0 };

        cr_assert_eq(tls_client_reply(&client, WAIT_MS, &reply), REPLY_WHOLE, "answer %u", i);
        reply_fini(&reply);
    }
    text_fini(&many);
    tls_client_close(&client);
    STOP_TLS(&scene);
}

/* An answer that ends with the connection ends with close_notify, one that was cut with nothing of the kind. */
Test(tls, ends_that_can_be_told_apart)
{
    static const struct origin_act whole[] = { ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\n\r\nabc"),
                                               ACT(END) };
    static const struct origin_act cut[] = { ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\n\r\nabc"),
                                             ACT_AWAIT("seen"), ACT(RESET) };
    struct tls_stage scene;
    struct tls_client client;

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    origin_play(scene.origin, whole);
    cr_assert(tls_client_open(&client, tls_stage_front(&scene),
                              &(struct tls_client_options){ .sni = "shop.test" }));
    tls_client_send_text(&client, "GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n");
    cr_expect(tls_client_drain(&client, WAIT_MS));
    cr_expect_eq(client.end, TLS_CLIENT_CLEAN, "end %d", client.end);
    cr_expect(strstr(client.plain.in.bytes, "\r\n\r\nabc") != NULL);
    tls_client_close(&client);

    origin_clear(scene.origin);
    origin_play(scene.origin, cut);
    cr_assert(tls_client_open(&client, tls_stage_front(&scene),
                              &(struct tls_client_options){ .sni = "shop.test" }));
    tls_client_send_text(&client, "GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n");
    while (client.plain.in.len == 0 || strstr(client.plain.in.bytes, "abc") == NULL)
        cr_assert(tls_client_pull(&client, WAIT_MS));
    origin_raise(scene.origin, "seen");
    cr_expect(tls_client_drain(&client, WAIT_MS));
    cr_expect_neq(client.end, TLS_CLIENT_CLEAN, "end %d", client.end);
    tls_client_close(&client);
    STOP_TLS(&scene);
}

/* A client that leaves within its body, with a FIN alone or with a close_notify, has sent no whole request. */
Test(tls, bodies_that_are_cut)
{
    static const struct origin_act take[] = { ACT(HEAD),          ACT_BYTES(3),
                                              ACT_RAISE("begun"), ACT(EVERYTHING),
                                              ACT_RAISE("over"),  ACT(END) };
    struct tls_stage scene;

    tls_stage_open(&scene, &(struct tls_stage_options){ .tls = NULL });
    for (unsigned i = 0; i < 2; i++) {
        struct tls_client client;
        char *received = NULL;
        size_t size = 0;

        origin_clear(scene.origin);
        origin_play(scene.origin, take);
        cr_assert(tls_client_open(&client, tls_stage_front(&scene),
                                  &(struct tls_client_options){ .sni = "shop.test" }));
        tls_client_send_text(&client,
                             "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nabc");
        cr_assert(origin_await(scene.origin, "begun", WAIT_MS));
        if (i == 0)
            tls_client_drop(&client);
        else
            tls_client_close(&client);
        cr_expect(origin_await(scene.origin, "over", WAIT_MS));
        received = origin_received(scene.origin, 0, &size);
        cr_expect(size > 3 && memcmp(received + size - 7, "\r\n\r\nabc", 7) == 0);
        free(received);
    }
    cr_expect(daemon_await_access(scene.daemon, "\"fault\":\"client_gone\"", WAIT_MS));
    STOP_TLS(&scene);
}

Test(tls, tunnels)
{
    static const char ask[] = "GET /raw HTTP/1.1\r\nHost: shop.test\r\nConnection: upgrade\r\n"
                              "Upgrade: echo\r\n\r\n";
    struct tls_stage scene;
    struct demo_app *app = demo_app_start("blue");
    struct tls_client client;
    struct reply reply = { 0 };
    char *service = mem_format("slot app { targets = { \"%s\" }  hosts = { \"ws.shop.test\" } }",
                               demo_app_address(app));
    char *bytes = make_bytes(BIG);
    size_t got = 0;
    char *request =
        mem_format("GET /raw HTTP/1.1\r\nHost: ws.shop.test%s", strstr(ask, "\r\nConn"));

    tls_stage_open(&scene, &(struct tls_stage_options){ .service = service });
    cr_assert(tls_client_open(&client, tls_stage_front(&scene),
                              &(struct tls_client_options){ .sni = "ws.shop.test" }));
    tls_client_send_text(&client, request);
    cr_assert_eq(tls_client_reply(&client, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 101, "status %d", reply.status);
    for (size_t sent = 0; sent < BIG; sent += BIG / 64) {
        cr_assert(tls_client_send(&client, bytes + sent, BIG / 64));
        got += BIG / 64;
        while (client.plain.in.len - client.plain.taken < got)
            cr_assert(tls_client_pull(&client, WAIT_MS));
    }
    cr_expect(memcmp(client.plain.in.bytes + client.plain.taken, bytes, BIG) == 0);
    reply_fini(&reply);
    tls_client_close(&client);
    free(request);
    free(service);
    free(bytes);
    demo_app_stop(app);
    STOP_TLS(&scene);
}

Test(tls, behind_a_proxy_header)
{
    struct tls_stage scene;
    struct tls_client client;

    tls_stage_open(&scene,
                   &(struct tls_stage_options){
                       .listener = "proxy_protocol = true  trusted = { \"127.0.0.0/8\" }" });
    cr_assert(tls_client_open(
        &client, tls_stage_front(&scene),
        &(struct tls_client_options){
            .sni = "shop.test", .before = "PROXY TCP4 203.0.113.9 203.0.113.1 1234 443\r\n" }));
    cr_expect_eq(tls_client_get(&client, "shop.test", "/"), 200);
    expect_request(&scene, 0, "X-Forwarded-For: 203.0.113.9\r\n", true);
    expect_request(&scene, 0, "X-Forwarded-Proto: https\r\n", true);
    tls_client_close(&client);
    STOP_TLS(&scene);
}

/* A machine-wide file that demands certificates of all clients, and allows nothing new: it is not ours to follow. */
Test(tls, the_file_of_openssl_decides_nothing)
{
    static const char text[] = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\n"
                               "system_default = every\n[every]\n"
                               "VerifyMode = Request,Require\nMaxProtocol = TLSv1.2\n";
    struct tls_client client;
    struct tls_stage scene;
    char *config = NULL;
    char *file = NULL;

    tls_stage_prepare(&scene);
    file = mem_format("OPENSSL_CONF=%s/openssl.cnf", scene.folder);
    scene_write(file + strlen("OPENSSL_CONF="), text, strlen(text));
    config = tls_stage_config(&scene, &(struct tls_stage_options){ .tls = NULL });
    scene.daemon = daemon_start(&(struct daemon_options){
        .config = config, .wrapper = (const char *const[]){ "env", file, NULL } });
    tls_client_open(&client, tls_stage_front(&scene),
                    &(struct tls_client_options){ .sni = "shop.test", .least = TLS1_3_VERSION });
    cr_expect(client.is_ready);
    cr_expect_eq(tls_client_get(&client, "shop.test", "/"), 200);
    tls_client_close(&client);
    free(config);
    free(file);
    STOP_TLS(&scene);
}
