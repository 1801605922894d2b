/*
 * Clients that mean no good at a TLS port, or that are lost: plain HTTP, garbage, half and endless hellos, alerts in
 * every state, floods, slow readers. Each failed handshake is counted under one fault, and none is an error of ours.
 */
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"

enum { WAIT_MS = 15000, HELLO_BYTES = 4096, RECORD = 16384 };

static const struct tls_client_options as_shop = { .sni = "shop.test" };

/* What a client says first. */
static size_t make_hello(char *out)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *to = BIO_new(BIO_s_mem());
    char shop[] = "shop.test"; /* the macro casts const away */
    int size = 0;

    SSL_set_bio(ssl, in, to);
    (void)SSL_set_tlsext_host_name(ssl, shop);
    (void)SSL_connect(ssl);
    size = BIO_read(to, out, HELLO_BYTES);
    cr_assert_gt(size, 100);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return (size_t)size;
}

static void open_stage(struct tls_stage *stage, const char *tls)
{
    tls_stage_open(stage, &(struct tls_stage_options){ .tls = tls });
}

/* The same with a deadline that is met in a test. */
static void open_hasty(struct tls_stage *stage)
{
    tls_stage_open(stage,
                   &(struct tls_stage_options){ .service = "timeouts { head = \"500ms\" }" });
}

static void expect_served(const struct tls_stage *stage)
{
    cr_expect_eq(tls_client_ask(tls_stage_front(stage), &as_shop, "shop.test"), 200);
}

Test(tls_abuse, plain_http)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "BREW coffee\n", "G"
    };
    struct tls_stage stage;

    open_stage(&stage, NULL);
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct client client;
        struct reply reply = { 0 };

        client_open(&client, tls_stage_front(&stage));
        client_send_text(&client, requests[i]);
        cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE, "%s", requests[i]);
        cr_expect_eq(reply.status, 400);
        cr_expect(strstr(reply.body.bytes, "plain HTTP was sent to a TLS port") != NULL, "%s",
                  reply.body.bytes);
        client_half_close(&client);
        cr_expect(client_await_end(&client, WAIT_MS));
        cr_expect_not(client.was_reset);
        reply_fini(&reply);
        client_close(&client);
    }
    cr_expect_eq(tls_stage_failed(&stage, "tls_plain", 5), 5);
    cr_expect_eq(origin_requests(stage.origin), 0u);
    expect_served(&stage);
    STOP_TLS(&stage);
}

Test(tls_abuse, plain_http_without_a_page)
{
    struct tls_stage stage;
    struct client client;

    open_stage(&stage, "plain_http = \"close\"");
    client_open(&client, tls_stage_front(&stage));
    client_send_text(&client, "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    cr_expect(client_await_end(&client, WAIT_MS), "not a byte");
    client_close(&client);
    cr_expect_eq(tls_stage_failed(&stage, "tls_plain", 1), 1);
    STOP_TLS(&stage);
}

/* Raw bytes, and the fault they come to. */
struct raw_hello {
    const char *bytes;
    size_t size;
    const char *fault;
};

#define HELLO(literal, fault)                                                                      \
    {                                                                                              \
        (literal), sizeof(literal) - 1, (fault)                                                    \
    }

static const struct raw_hello raw_hellos[] = {
    HELLO("\0\0\0\0\0\0\0\0\0\0\0\0", "tls_handshake"),
    HELLO("\xff\xff\xff\xff\xff\xff\xff\xff", "tls_handshake"),
    HELLO("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "tls_handshake"), /* a hello of one byte */
    HELLO("\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", "tls_handshake"), /* no hello */
    HELLO("\x16\x03\x01\xff\xff\x01\x00\x00\x01\x00", "tls_handshake"), /* a record too long */
    HELLO("\x16\x03\x01\x00\x00\x16\x03\x01\x00\x00\x16\x03\x01\x00\x00",
          "tls_handshake"),                                 /* empty */
    HELLO("\x17\x03\x03\x00\x05hello", "tls_handshake"),    /* data at once */
    HELLO("\x14\x03\x03\x00\x01\x01", "tls_handshake"),     /* ChangeCipherSpec */
    HELLO("\x15\x03\x01\x00\x02\x02\x28", "tls_handshake"), /* a fatal alert */
    HELLO("\x15\x03\x01\x00\x02\x01\x00", NULL),            /* close_notify */
    HELLO("\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x01\x00\x80\x03\x00\x80\x07\x00\xc0", NULL),
    HELLO("\x16", "tls_gone"),
    HELLO("", "tls_gone"),
};

Test(tls_abuse, raw_bytes)
{
    struct tls_stage stage;
    double sum = 0;

    open_stage(&stage, NULL);
    for (size_t i = 0; i < COUNT_OF(raw_hellos); i++) {
        const struct raw_hello *one = &raw_hellos[i];
        double before = tls_stage_failed(&stage, one->fault != NULL ? one->fault : "", 0);
        struct client client;

        client_open(&client, tls_stage_front(&stage));
        cr_expect(client_send(&client, one->bytes, one->size));
        client_half_close(&client);
        cr_expect(client_drain(&client, WAIT_MS), "case %zu ends", i);
        client_close(&client);
        cr_expect_eq(
            tls_stage_failed(&stage, one->fault != NULL ? one->fault : "", (unsigned)before + 1),
            before + 1, "case %zu: %s", i, one->fault);
    }
    sum = tls_stage_failed(&stage, "", 0);
    cr_expect_eq(sum, (double)COUNT_OF(raw_hellos), "one fault each, %f", sum);
    expect_served(&stage);
    STOP_TLS(&stage);
}

Test(tls_abuse, hello_byte_by_byte_and_never_whole)
{
    char hello[HELLO_BYTES];
    size_t size = make_hello(hello);
    struct tls_stage stage;
    struct client client;
    uint64_t began_us = 0;

    open_hasty(&stage);
    client_open(&client, tls_stage_front(&stage));
    cr_expect(client_send_bytewise(&client, hello, size));
    cr_expect(client_pull(&client, WAIT_MS));
    cr_expect_eq(client.in.bytes[0], 0x16, "our hello");
    client_reset(&client);
    cr_expect_eq(tls_stage_failed(&stage, "tls_gone", 1), 1);

    began_us = clock_monotonic_us();
    client_open(&client, tls_stage_front(&stage));
    cr_expect(client_send(&client, hello, size / 2));
    cr_expect(client_drain(&client, WAIT_MS));
    cr_expect_geq(clock_monotonic_us() - began_us, 450000u, "not before its deadline");
    client_close(&client);
    cr_expect_eq(tls_stage_failed(&stage, "tls_timeout", 1), 1);
    /* the hello whole, and then nothing */
    client_open(&client, tls_stage_front(&stage));
    cr_expect(client_send(&client, hello, size));
    cr_expect(client_drain(&client, WAIT_MS));
    client_close(&client);
    cr_expect_eq(tls_stage_failed(&stage, "tls_timeout", 2), 2);
    STOP_TLS(&stage);
}

/* A hello that says it has 16 MiB, in full records, is refused long before. */
Test(tls_abuse, endless_hello)
{
    char record[5 + RECORD] = { 0x16,          0x03, 0x01,       RECORD >> 8,
                                RECORD & 0xff, 1,    (char)0xff, (char)0xff,
                                (char)0xff,    3,    3 };
    struct tls_stage stage;
    struct client client;
    long before_kib = 0;
    unsigned sent = 0;

    open_stage(&stage, NULL);
    expect_served(&stage);
    before_kib = scene_rss_kib(daemon_pid(stage.daemon));
    client_open(&client, tls_stage_front(&stage));
    while (sent < 1024 && client_send(&client, record, sizeof record)) {
        memset(record + 5, 0, 6);
        sent++;
    }
    cr_expect_lt(sent, 1024u);
    client_close(&client);
    cr_expect_eq(tls_stage_failed(&stage, "tls_handshake", 1), 1);
    if (!scene_is_sanitized())
        cr_expect_lt(scene_rss_kib(daemon_pid(stage.daemon)) - before_kib, 4096);
    STOP_TLS(&stage);
}

/* R22 in short: many halves of a hello do not keep a good client waiting, and none is left. */
Test(tls_abuse, many_half_hellos)
{
    unsigned count = (unsigned)scene_scale(200, 1000);
    char hello[HELLO_BYTES];
    size_t size = make_hello(hello);
    struct client *clients = mem_zalloc(count * sizeof *clients);
    struct tls_stage stage;

    open_hasty(&stage);
    for (unsigned i = 0; i < count; i++) {
        client_open(&clients[i], tls_stage_front(&stage));
        cr_expect(client_send(&clients[i], hello, size / 2));
    }
    for (unsigned i = 0; i < 5; i++)
        expect_served(&stage);
    for (unsigned i = 0; i < count; i++) {
        cr_expect(client_drain(&clients[i], WAIT_MS));
        client_close(&clients[i]);
    }
    cr_expect_eq(tls_stage_failed(&stage, "tls_timeout", count), count);
    free(clients);
    STOP_TLS(&stage);
}

static bool are_two_open(void *arg)
{
    return daemon_metric(arg, "switchyard_connections", "") == 2;
}

Test(tls_abuse, handshakes_count_as_connections)
{
    struct tls_stage stage;
    struct client silent[2];
    struct tls_client client;

    tls_stage_open(&stage, &(struct tls_stage_options){ .listener = "client_connections = 2",
                                                        .service = "timeouts { head = \"2s\" }" });
    for (unsigned i = 0; i < 2; i++) {
        client_open(&silent[i], tls_stage_front(&stage));
        client_send(&silent[i], "\x16", 1);
    }
    cr_expect(scene_await(are_two_open, stage.daemon, WAIT_MS));
    cr_expect_not(tls_client_open(&client, tls_stage_front(&stage), &as_shop));
    cr_expect_eq(client.alert, 0, "closed before it costs anything");
    tls_client_close(&client);
    for (unsigned i = 0; i < 2; i++) {
        cr_expect(client_drain(&silent[i], WAIT_MS), "the handshake has its deadline");
        client_close(&silent[i]);
    }
    cr_expect_eq(tls_stage_failed(&stage, "tls_timeout", 2), 2);
    expect_served(&stage);
    cr_expect_geq(daemon_metric(stage.daemon, "switchyard_connections_refused_total", ""), 1);
    STOP_TLS(&stage);
}

/* Beyond its rate a client is closed before its hello is read, and a reload gives it more. */
Test(tls_abuse, handshakes_per_second)
{
    static const struct tls_stage_options narrow = {
        .listener = "proxy_protocol = true trusted = { \"127.0.0.0/8\" }",
        .tls = "handshake_rate = 1 handshake_burst = 2",
    };
    static const char line[] = "PROXY TCP4 192.0.2.1 192.0.2.9 1000 443\r\n";
    struct tls_stage stage;
    char *config = NULL;
    double limited = 0;

    tls_stage_open(&stage, &narrow);
    /* far more than one a second, on however slow a machine */
    for (unsigned i = 0; i < 50; i++) {
        struct client client;

        client_open(&client, tls_stage_front(&stage));
        cr_expect(client_send_text(&client, line));
        client_close(&client);
    }
    cr_expect_geq(tls_stage_failed(&stage, "fault=\"tls_limited\"", 1), 1);
    cr_expect_geq(daemon_metric(stage.daemon, "switchyard_connections_refused_total", ""), 1);
    cr_expect_eq(tls_client_ask(tls_stage_front(&stage),
                                &(struct tls_client_options){
                                    .sni = "shop.test",
                                    .before = "PROXY TCP4 192.0.2.2 192.0.2.9 1000 443\r\n" },
                                "shop.test"),
                 200, "another client is not concerned");
    config = tls_stage_config(&stage, &(struct tls_stage_options){ .listener = narrow.listener });
    daemon_set_config(stage.daemon, config);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    limited = tls_stage_failed(&stage, "fault=\"tls_limited\"", 1);
    for (unsigned i = 0; i < 5; i++)
        cr_expect_eq(
            tls_client_ask(tls_stage_front(&stage),
                           &(struct tls_client_options){ .sni = "shop.test", .before = line },
                           "shop.test"),
            200);
    cr_expect_eq(tls_stage_failed(&stage, "fault=\"tls_limited\"", 1), limited);
    free(config);
    STOP_TLS(&stage);
}

/* Our certificate is not believed: the client says so with an alert. */
Test(tls_abuse, alerts_in_every_state)
{
    static const struct {
        int version;
        const char *fault;
    } cases[] = { { TLS1_2_VERSION, "tls_rejected" }, { TLS1_3_VERSION, "tls_rejected" } };
    struct tls_stage stage;

    open_stage(&stage, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tls_client client;
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        SSL *ssl = NULL;
        struct client plain;

        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        cr_assert_eq(SSL_CTX_set_max_proto_version(ctx, cases[i].version), 1);
        client_open(&plain, tls_stage_front(&stage));
        ssl = SSL_new(ctx);
        cr_assert_eq(SSL_set_fd(ssl, plain.fd), 1);
        cr_expect_neq(SSL_connect(ssl), 1);
        SSL_free(ssl);
        SSL_CTX_free(ctx);
        client_close(&plain);
        cr_expect_eq(tls_stage_failed(&stage, cases[i].fault, (unsigned)i + 1), (double)i + 1);
        /* after the handshake: close_notify alone, within a head, and behind a request */
        for (unsigned k = 0; k < 3; k++) {
            cr_assert(tls_client_open(&client, tls_stage_front(&stage), &as_shop));
            if (k > 0)
                tls_client_send_text(&client, k == 1 ? "GET / HT"
                                                     : "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
            (void)SSL_shutdown(client.ssl);
            shutdown(client.plain.fd, SHUT_WR);
            cr_expect(tls_client_drain(&client, WAIT_MS));
            cr_expect_eq(client.end, TLS_CLIENT_CLEAN, "%u: our close_notify, too", k);
            cr_expect_eq(client.plain.in.len > 0, k == 2, "%u: who has asked is answered", k);
            tls_client_close(&client);
        }
    }
    expect_served(&stage);
    STOP_TLS(&stage);
}

Test(tls_abuse, renegotiation)
{
    struct tls_stage stage;
    struct tls_client client;

    open_stage(&stage, NULL);
    cr_assert(tls_client_open(
        &client, tls_stage_front(&stage),
        &(struct tls_client_options){ .sni = "shop.test", .most = TLS1_2_VERSION }));
    cr_expect_eq(tls_client_get(&client, "shop.test", "/"), 200);
    cr_assert_eq(SSL_renegotiate(client.ssl), 1);
    cr_expect_eq(tls_client_get(&client, "shop.test", "/"), -1);
    cr_expect_eq(client.end, TLS_CLIENT_CUT, "it was told no, and does not like it: %d",
                 client.end);
    tls_client_close(&client);
    expect_served(&stage);
    STOP_TLS(&stage);
}

/* New keys without an end do not stop the others, and a client may ask for them. */
Test(tls_abuse, key_updates)
{
    struct tls_stage stage;
    struct tls_client client;

    open_stage(&stage, NULL);
    cr_assert(tls_client_open(&client, tls_stage_front(&stage), &as_shop));
    for (unsigned i = 0; i < 2000; i++) {
        size_t count = 0;

        cr_assert_eq(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        if (SSL_write_ex(client.ssl, "G", i == 1999, &count) != 1 && i == 1999)
            cr_expect(false, "the last byte");
        if (SSL_do_handshake(client.ssl) != 1)
            break;
    }
    expect_served(&stage);
    tls_client_drop(&client);
    cr_assert(tls_client_open(&client, tls_stage_front(&stage), &as_shop));
    cr_expect_eq(tls_client_get(&client, "shop.test", "/"), 200);
    cr_assert_eq(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    cr_expect_eq(tls_client_get(&client, "shop.test", "/"), 200);
    tls_client_close(&client);
    STOP_TLS(&stage);
}

/* Who does not read costs what the bounds say, not what the app has to send. */
Test(tls_abuse, slow_readers)
{
    enum { READERS = 20 };
    static const struct origin_act fill[] = {
        ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n"),
        ACT_FILL(67108864), ACT(END)
    };
    struct tls_client clients[READERS];
    struct tls_stage stage;
    long before_kib = 0;
    uint64_t before_bytes = 0;

    open_stage(&stage, NULL);
    before_kib = scene_rss_kib(daemon_pid(stage.daemon));
    origin_play(stage.origin, fill);
    for (unsigned i = 0; i < READERS; i++) {
        cr_assert(tls_client_open(&clients[i], tls_stage_front(&stage), &as_shop));
        tls_client_send_text(&clients[i], "GET /big HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        cr_expect(tls_client_pull(&clients[i], WAIT_MS));
    }
    before_bytes = (uint64_t)clients[READERS - 1].plain.in.len;
    cr_expect(tls_client_pull(&clients[READERS - 1], WAIT_MS), "it goes on where it stood");
    cr_expect_gt(clients[READERS - 1].plain.in.len, before_bytes);
    if (!scene_is_sanitized())
        cr_expect_lt(scene_rss_kib(daemon_pid(stage.daemon)) - before_kib, READERS * 220 + 4096);
    for (unsigned i = 0; i < READERS; i++)
        tls_client_drop(&clients[i]);
    STOP_TLS(&stage);
}
