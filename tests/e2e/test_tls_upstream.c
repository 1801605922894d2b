/*
 * TLS to targets, one connection at a time: whom the switch believes and whom not, and with which words; certificates of
 * its own; kept connections and sessions; bodies, ends and truncation; what a target may do wrong before its handshake.
 */
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"

enum { WAIT_MS = 15000, LARGE = 8 << 20 };

#define GET "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static struct origin_tls_view view_of(const struct target_stage *stage)
{
    struct origin_tls_view view;

    origin_tls_view(stage->origin, &view);
    return view;
}

/* A GET on this connection; the status. */
static int get(struct client *client)
{
    struct reply reply = { .status = -1 };
    int status = -1;

    cr_assert(client_send_text(client, GET));
    if (client_reply(client, false, WAIT_MS, &reply) == REPLY_WHOLE && !reply.truncated)
        status = reply.status;
    reply_fini(&reply);
    return status;
}

Test(tls_upstream, a_certificate_that_is_believed)
{
    static const struct {
        const char *tls;
        const char *sni;
    } cases[] = {
        { "ca = \"FOLDER/ca.pem\"", "" }, /* the target's address; none asks for an address */
        { "ca = \"FOLDER/ca.pem\" name = \"app.internal\"", "app.internal" },
        { "ca = \"FOLDER/ca.pem\" name = \"127.0.0.1\" sni = \"else.test\"", "else.test" },
        { "verify = false", "" },
        { "verify = false name = \"app.internal\"", "app.internal" },
        { "ca = \"FOLDER/app.pem\"", "" }, /* itself instead of its authority */
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int version = versions[i % 2];
        struct target_stage stage;
        struct origin_tls_view view;

        target_stage_open(&stage,
                          &(struct target_stage_options){ .tls = cases[i].tls, .most = version });
        cr_expect_eq(target_stage_get(&stage), 200, "%s", cases[i].tls);
        view = view_of(&stage);
        cr_expect_str_eq(view.sni, cases[i].sni, "%s", cases[i].tls);
        cr_expect_str_eq(view.alpn, "http/1.1");
        cr_expect(strstr(cases[i].tls, "verify = false") == NULL ||
                      daemon_await_log(stage.daemon, "warn tls_unverified service=shop slot=blue",
                                       WAIT_MS),
                  "%s", cases[i].tls);
        cr_expect_str_eq(view.version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
        cr_expect_eq(daemon_metric(stage.daemon, "switchyard_target_tls_handshakes_total",
                                   "session=\"full\""),
                     1);
        STOP_TARGET(&stage);
    }
}

struct wrong_case {
    struct pem_options certificate;
    bool is_of_ca;
    bool is_of_other;
    const char *tls; /* NULL: ca alone */
    const char *words;
};

static const struct wrong_case wrong_cases[] = {
    { { .names = "IP:127.0.0.1" },
      .is_of_other = true,
      .words = "unknown issuer: Another authority is not among the authorities" },
    { { .names = "IP:127.0.0.1" }, .words = "self-signed: the certificate is not among" },
    { { .subject = "/CN=web", .names = "DNS:web.internal" },
      .is_of_ca = true,
      .words = "name mismatch: the certificate of web is not for 127.0.0.1" },
    { { .subject = "/CN=app.internal", .names = "DNS:web.internal" },
      .is_of_ca = true,
      .tls = "ca = \"FOLDER/ca.pem\" name = \"app.internal\"",
      .words = "name mismatch: the certificate of app.internal is not for app.internal" },
    { { .names = "DNS:*.internal" },
      .is_of_ca = true,
      .tls = "ca = \"FOLDER/ca.pem\" name = \"a.b.internal\"",
      .words = "is not for a.b.internal" },
    { { .subject = "/CN=old", .names = "IP:127.0.0.1", .days = -3 },
      .is_of_ca = true,
      .words = "expired: the certificate of old ended on 20" },
    { { .subject = "/CN=early", .names = "IP:127.0.0.1", .begin = 5 },
      .is_of_ca = true,
      .words = "not valid yet: the certificate of early begins on 20" },
    { { .subject = "/CN=a\"b\\\nc", .names = "DNS:x.test" },
      .is_of_ca = true,
      .words = "the certificate of a?b??c is not for" },
    /* nobody of the machine's store has signed it */
    { { .names = "IP:127.0.0.1" },
      .is_of_ca = true,
      .tls = "min_version = \"1.3\"",
      .words = "unknown issuer: Our authority is not among the authorities" },
};

static void run_wrong(const struct wrong_case *one, unsigned index)
{
    struct target_stage stage;
    struct pem_options certificate = one->certificate;

    target_stage_prepare(&stage);
    certificate.issuer = one->is_of_ca ? &stage.ca : one->is_of_other ? &stage.other : NULL;
    target_stage_certify(&stage, "app.pem", &certificate);
    origin_secure(stage.origin,
                  &(struct origin_tls_options){ .file = target_stage_path(&stage, "app.pem") });
    target_stage_start(&stage, &(struct target_stage_options){ .tls = one->tls });
    cr_expect_eq(target_stage_get(&stage), 502, "case %u", index);
    cr_expect(target_stage_await_fault(&stage, "target_cert"), "case %u", index);
    cr_expect(daemon_await_log(stage.daemon, one->words, WAIT_MS), "case %u: %s", index,
              one->words);
    cr_expect_eq(origin_requests(stage.origin), 0);
    STOP_TARGET(&stage);
}

Test(tls_upstream, certificates_that_are_not_believed)
{
    for (unsigned i = 0; i < COUNT_OF(wrong_cases); i++)
        run_wrong(&wrong_cases[i], i);
}

/* A target that asks for our certificate; with TLS 1.3 it says so only after it was sent the request. */
Test(tls_upstream, certificate_of_ours)
{
    for (size_t i = 0; i < 2 * COUNT_OF(versions); i++) {
        bool has_one = i % 2 == 1;
        struct target_stage stage;
        struct origin_tls_options options = { .most = versions[i / 2] };

        target_stage_prepare(&stage);
        target_stage_certify(&stage, "we.pem",
                             &(struct pem_options){ .subject = "/CN=switch", .issuer = &stage.ca });
        options.file = target_stage_path(&stage, "app.pem");
        options.client_ca = target_stage_path(&stage, "ca.pem");
        origin_secure(stage.origin, &options);
        target_stage_start(&stage, &(struct target_stage_options){
                                       .tls = has_one ? "ca = \"FOLDER/ca.pem\" "
                                                        "certificate = \"FOLDER/we.pem\""
                                                      : NULL });
        cr_expect_eq(target_stage_get(&stage), has_one ? 200 : 502, "case %zu", i);
        if (has_one)
            cr_expect_str_eq(view_of(&stage).subject, "switch");
        else
            cr_expect(target_stage_await_fault(&stage, "target_tls"), "case %zu", i);
        STOP_TARGET(&stage);
    }
}

static bool has_two_handshakes(void *arg)
{
    return view_of(arg).handshakes >= 2;
}

Test(tls_upstream, connections_are_kept_and_sessions_resumed)
{
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        struct target_stage stage;
        struct client client;

        target_stage_open(&stage, &(struct target_stage_options){ .most = versions[v] });
        client_open(&client, daemon_front(stage.daemon));
        for (unsigned i = 0; i < 20; i++)
            cr_expect_eq(get(&client), 200);
        cr_expect_eq(origin_connections(stage.origin), 1);
        origin_drop_connections(stage.origin);
        cr_assert(origin_await_open(stage.origin, 0, WAIT_MS));
        for (unsigned i = 0; i < 3; i++)
            cr_expect_eq(get(&client), 200);
        cr_assert(scene_await(has_two_handshakes, &stage, WAIT_MS));
        cr_expect_eq(view_of(&stage).handshakes, 2);
        cr_expect_eq(view_of(&stage).resumed, 1, "version %zu", v);
        cr_expect_eq(daemon_metric(stage.daemon, "switchyard_target_tls_handshakes_total",
                                   "session=\"resumed\""),
                     1);
        client_close(&client);
        STOP_TARGET(&stage);
    }
}

static const struct origin_act large_acts[] = {
    ACT(HEAD),
    ACT_BYTES(LARGE),
    ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n"),
    ACT_FILL(LARGE),
    ACT(HEAD),
    ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain"),
    ACT(END),
};

Test(tls_upstream, large_bodies_both_ways)
{
    struct target_stage stage;
    struct client client;
    struct reply reply = { .status = -1 };
    char *body = mem_alloc(LARGE);

    target_stage_open(&stage, &(struct target_stage_options){ .tls = NULL });
    origin_play(stage.origin, large_acts);
    client_open(&client, daemon_front(stage.daemon));
    memset(body, 'y', LARGE);
    cr_assert(client_send_text(&client, "POST /up HTTP/1.1\r\nHost: a.test\r\n"
                                        "Content-Length: 8388608\r\n\r\n"));
    cr_assert(client_send(&client, body, LARGE));
    cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 200);
    cr_assert_eq(reply.body.len, LARGE);
    memset(body, 'x', LARGE);
    cr_expect_eq(memcmp(reply.body.bytes, body, LARGE), 0);
    cr_expect_eq(get(&client), 200, "on the same connection");
    cr_expect_eq(origin_connections(stage.origin), 1);
    reply_fini(&reply);
    client_close(&client);
    free(body);
    STOP_TARGET(&stage);
}

static const struct origin_act until_close[] = {
    ACT(HEAD),
    ACT_SEND("HTTP/1.1 200 OK\r\n\r\nall of it"),
    ACT(END),
};
static const struct origin_act with_length[] = {
    ACT(HEAD),
    ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall of it"),
    ACT(END),
};
static const struct origin_act too_short[] = {
    ACT(HEAD),
    ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nall of it"),
    ACT(END),
};

/* Without a framing the end is the close_notify; a bare FIN may be anybody's. */
Test(tls_upstream, truncation)
{
    static const struct {
        const struct origin_act *acts;
        bool cuts;
        bool is_truncated;
    } cases[] = {
        { until_close, false, false }, { until_close, true, true }, { with_length, true, false },
        { too_short, false, true },    { too_short, true, true },
    };

    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        bool is_cut = cases[i / 2].is_truncated;
        struct target_stage stage;
        struct client client;
        struct reply reply = { .status = -1 };

        target_stage_prepare(&stage);
        origin_secure(stage.origin,
                      &(struct origin_tls_options){ .file = target_stage_path(&stage, "app.pem"),
                                                    .most = versions[i % 2],
                                                    .cuts = cases[i / 2].cuts });
        origin_play(stage.origin, cases[i / 2].acts);
        target_stage_start(&stage, &(struct target_stage_options){ .tls = NULL });
        client_open(&client, daemon_front(stage.daemon));
        cr_assert(client_send_text(&client, GET));
        cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE, "case %zu", i);
        cr_expect_eq(reply.truncated, is_cut, "case %zu", i);
        cr_expect(is_cut || strncmp(reply.body.bytes, "all of it", 9) == 0, "case %zu", i);
        cr_expect(target_stage_await_fault(&stage, is_cut ? "target_truncated" : "none"),
                  "case %zu", i);
        reply_fini(&reply);
        client_close(&client);
        STOP_TARGET(&stage);
    }
}

static const struct origin_act answer_in_clear[] = {
    ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"),
    ACT(EVERYTHING),
    ACT(END),
};
static const struct origin_act garbage[] = {
    ACT_SEND("\x17\x03\x03\x00\x05hello, this is no handshake"),
    ACT(EVERYTHING),
    ACT(END),
};
static const struct origin_act hang_up[] = { ACT_BYTES(5), ACT(END) };
static const struct origin_act refuse[] = { ACT_BYTES(5), ACT_SEND("\x15\x03\x03\x00\x02\x02\x28"),
                                            ACT(END) };

/* A target that does not speak TLS, whatever it says instead, gets no request and no say (A13). */
Test(tls_upstream, what_is_no_handshake)
{
    static const struct {
        const struct origin_act *acts;
        const char *words;
    } cases[] = {
        { answer_in_clear, "answered in clear" },
        { garbage, "target_tls" },
        { hang_up, "target_tls" },
        { refuse, "refused with the alert: handshake failure" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct target_stage stage;

        target_stage_prepare(&stage);
        origin_play(stage.origin, cases[i].acts);
        target_stage_start(&stage,
                           &(struct target_stage_options){ .tls = "verify = false",
                                                           .service = "health { enabled = false } "
                                                                      "retry { attempts = 0 }" });
        cr_expect_eq(target_stage_get(&stage), 502, "case %zu", i);
        cr_expect(target_stage_await_fault(&stage, "target_tls"), "case %zu", i);
        cr_expect(daemon_await_log(stage.daemon, cases[i].words, WAIT_MS), "case %zu", i);
        STOP_TARGET(&stage);
    }
}

static const struct origin_act silent[] = { ACT_AWAIT("the end"), ACT(END) };

/* The handshake belongs to connecting. */
Test(tls_upstream, a_handshake_that_stalls)
{
    struct target_stage stage;

    target_stage_prepare(&stage);
    origin_play(stage.origin, silent);
    target_stage_start(&stage, &(struct target_stage_options){
                                   .service = "health { enabled = false } retry { attempts = 0 } "
                                              "timeouts { connect = \"300ms\" }" });
    cr_expect_eq(target_stage_get(&stage), 504);
    cr_expect(target_stage_await_fault(&stage, "connect_timeout"));
    STOP_TARGET(&stage);
}

static const struct origin_act read_header[] = {
    ACT_BYTES(60), /* of the header, and more than it is long */
    ACT_RAISE("read"),
    ACT(END),
};

/* A PROXY header comes in clear, in front of the handshake. */
Test(tls_upstream, proxy_header_comes_first)
{
    struct target_stage stage;
    const char *end = NULL;
    size_t size = 0;
    char *bytes = NULL;

    target_stage_prepare(&stage);
    origin_play(stage.origin, read_header);
    target_stage_start(&stage,
                       &(struct target_stage_options){ .targets = "\"%s proxy=v1\"",
                                                       .service = "health { enabled = false } "
                                                                  "retry { attempts = 0 }" });
    cr_expect_eq(target_stage_get(&stage), 502);
    cr_assert(origin_await(stage.origin, "read", WAIT_MS));
    bytes = origin_received(stage.origin, 0, &size);
    cr_expect(size > 60 && memcmp(bytes, "PROXY TCP4 127.0.0.1 127.0.0.1 ", 31) == 0, "%s", bytes);
    end = memmem(bytes, size, "\r\n", 2);
    cr_expect(end != NULL && end[2] == 0x16 && end[3] == 0x03, "no ClientHello behind it");
    free(bytes);
    STOP_TARGET(&stage);
}
