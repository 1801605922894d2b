/*
 * Streams that we opened with TLS, against OpenSSL's own server over a pair of sockets: when a connection that waits is
 * stale, which sessions are offered, what is heard of a peer that takes no more; and what terms are refused.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "base/text.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tls_dial.h"
#include "net/tls_dialer.h"
#include "net/tls_sessions.h"
#include "net/tls_stream.h"
#include "unit/net/tls_bench.h"

struct pair {
    struct tls_bench bench; /* for its folder and certificates */
    struct tls_dialer_options options;
    struct tls_dialer *dialer;
    struct tls_sessions *sessions;
    struct loop *loop;
    struct stream stream;
    SSL_CTX *ctx;
    SSL *server;
    int fd;
};

static void on_ready(struct stream *stream)
{
    (void)stream;
}

static const struct stream_ops ops = { .on_ready = on_ready };
static struct pair pair;

static void publish(void)
{
    struct tls_terms *terms = NULL;
    struct text words;

    text_init(&words, 4096);
    cr_assert_eq(tls_dialer_build(&pair.options, &words, &terms), ERR_OK);
    tls_dialer_publish(pair.dialer, terms);
    text_fini(&words);
}

static void open_pair(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL's server writes without MSG_NOSIGNAL */
    rcu_thread_begin();
    tls_bench_open(&pair.bench);
    pair.options = (struct tls_dialer_options){ .verifies = true,
                                                .ca = pair.bench.paths[0],
                                                .ciphers = "ECDHE+AESGCM",
                                                .ciphersuites = "TLS_AES_128_GCM_SHA256",
                                                .groups = "X25519:P-256" };
    pair.dialer = tls_dialer_new();
    cr_expect_not(tls_dialer_is_ready(pair.dialer));
    publish();
    cr_expect(tls_dialer_is_ready(pair.dialer));
    pair.sessions = tls_sessions_new();
    pair.loop = loop_new();
    pair.ctx = SSL_CTX_new(TLS_server_method());
    cr_assert_eq(SSL_CTX_use_certificate_chain_file(pair.ctx, pair.bench.paths[0]), 1);
    cr_assert_eq(SSL_CTX_use_PrivateKey_file(pair.ctx, pair.bench.paths[0], SSL_FILETYPE_PEM), 1);
    cr_assert_eq(SSL_CTX_set_session_id_context(pair.ctx, (const unsigned char *)"x", 1), 1);
}

static void close_pair(void)
{
    SSL_CTX_free(pair.ctx);
    tls_sessions_unpin(pair.sessions);
    loop_free(pair.loop);
    tls_dialer_free(pair.dialer);
    tls_bench_close(&pair.bench);
    rcu_thread_end();
}

TestSuite(tls_dial, .init = open_pair, .fini = close_pair);

static void begin(const char *authority)
{
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    cr_assert_eq(stream_open(&pair.stream, pair.loop, fds[0], &ops), ERR_OK);
    cr_expect_eq(tls_dial_alert(&pair.stream), NULL, "of a stream without TLS");
    pair.fd = fds[1];
    pair.server = SSL_new(pair.ctx);
    cr_assert_eq(SSL_set_fd(pair.server, pair.fd), 1);
    tls_dial_begin(&pair.stream, pair.dialer, slice_from(authority), pair.sessions);
}

/* Both sides go on as far as they can; the results of the handshakes. */
static int shake_hands(int *theirs, enum fault *fault)
{
    int ours = ERR_AGAIN;

    *theirs = 0;
    for (unsigned i = 0; i < 20; i++) {
        pair.stream.readable = true;
        ours = ours == ERR_AGAIN ? tls_dial_handshake(&pair.stream, fault) : ours;
        *theirs = *theirs == 1 ? 1 : SSL_accept(pair.server);
    }
    return ours;
}

static int dial(const char *authority, enum fault *fault)
{
    int theirs = 0;
    int ours = 0;

    begin(authority);
    ours = shake_hands(&theirs, fault);
    cr_assert(ours != ERR_OK || theirs == 1);
    return ours;
}

static void must_dial(void)
{
    enum fault fault = FAULT_NONE;

    cr_assert_eq(dial("shop.test:443", &fault), ERR_OK, "%s", tls_dial_words());
}

static void hang_up(void)
{
    stream_close(&pair.stream);
    SSL_free(pair.server);
    close(pair.fd);
}

/* What our side has to read is read, with the tickets in it. */
static void hear(const char *text)
{
    char bytes[64] = "";

    cr_assert_eq(SSL_write(pair.server, text, (int)strlen(text)), (int)strlen(text));
    pair.stream.readable = true;
    cr_assert_eq(stream_recv(&pair.stream, bytes, sizeof bytes), (ssize_t)strlen(text));
    cr_expect_str_eq(bytes, text);
}

Test(tls_dial, names)
{
    static const struct {
        const char *authority;
        const char *name;
        const char *sni;
        bool is_right;
        const char *asked; /* NULL: nothing */
    } cases[] = {
        { "shop.test:443", NULL, NULL, true, "shop.test" },
        { "a.shop.test", NULL, NULL, true, "a.shop.test" },
        { "a.b.shop.test:443", NULL, NULL, false, NULL },
        { "evil.test:443", NULL, NULL, false, NULL },
        { "evil.test:443", "both.test", NULL, true, "both.test" },
        { "10.0.0.1:443", "both.test", "other.test", true, "other.test" },
        { "10.0.0.1:443", NULL, NULL, false, NULL },
        { "[::1]:443", NULL, "shop.test", false, NULL },
        { "", NULL, NULL, false, NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum fault fault = FAULT_NONE;
        int err = ERR_OK;
        const char *asked = NULL;

        pair.options.name = cases[i].name;
        pair.options.sni = cases[i].sni;
        publish();
        err = dial(cases[i].authority, &fault);
        cr_expect_eq(err, cases[i].is_right ? ERR_OK : ERR_DENIED, "case %zu", i);
        asked = SSL_get_servername(pair.server, TLSEXT_NAMETYPE_host_name);
        if (cases[i].is_right)
            cr_expect(asked != NULL && strcmp(asked, cases[i].asked) == 0, "case %zu", i);
        else
            cr_expect_eq(fault, FAULT_TARGET_CERT, "case %zu: %s", i, tls_dial_words());
        hang_up();
    }
}

Test(tls_dial, tickets_do_not_make_it_stale)
{
    must_dial();
    pair.stream.readable = true;
    cr_expect_not(stream_is_stale(&pair.stream), "the tickets of the handshake");
    cr_assert_eq(SSL_new_session_ticket(pair.server), 1);
    cr_assert_eq(SSL_do_handshake(pair.server), 1);
    pair.stream.readable = true;
    cr_expect_not(stream_is_stale(&pair.stream), "a ticket that came late");
    cr_assert_eq(SSL_key_update(pair.server, SSL_KEY_UPDATE_REQUESTED), 1);
    cr_assert_eq(SSL_do_handshake(pair.server), 1);
    pair.stream.readable = true;
    cr_expect_not(stream_is_stale(&pair.stream), "new keys");
    hear("and it still works");
    hang_up();
}

Test(tls_dial, bytes_make_it_stale)
{
    must_dial();
    cr_assert_eq(SSL_write(pair.server, "x", 1), 1);
    cr_expect(stream_is_stale(&pair.stream));
    hang_up();
}

Test(tls_dial, ends_make_it_stale)
{
    for (unsigned kind = 0; kind < 3; kind++) {
        must_dial();
        if (kind == 0)
            (void)SSL_shutdown(pair.server);
        else if (kind == 1)
            cr_assert_eq(shutdown(pair.fd, SHUT_WR), 0);
        else
            cr_assert_eq(send(pair.fd, "rubbish", 7, 0), 7);
        pair.stream.readable = pair.stream.hung_up = true;
        cr_expect(stream_is_stale(&pair.stream), "kind %u", kind);
        hang_up();
    }
}

static bool is_resumed_next(void)
{
    bool is_resumed = false;

    must_dial();
    is_resumed = tls_stream_is_resumed(&pair.stream);
    hear("x");
    hang_up();
    return is_resumed;
}

Test(tls_dial, sessions_belong_to_their_terms)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

    for (unsigned v = 0; v < 2; v++) {
        cr_assert_eq(SSL_CTX_set_max_proto_version(pair.ctx, versions[v]), 1);
        publish();
        cr_expect_not(is_resumed_next());
        for (unsigned i = 0; i < 5; i++)
            cr_expect(is_resumed_next(), "version %u", v);
        publish();
        cr_expect_not(is_resumed_next(), "of terms that are no more");
        cr_expect(is_resumed_next());
    }
}

Test(tls_dial, a_broken_record_spoils_its_sessions)
{
    char byte = 0;

    cr_expect_not(is_resumed_next());
    must_dial();
    hear("x");
    cr_assert_eq(send(pair.fd, "\x17\x03\x03\x00\x20 a record that nobody has sealed", 37, 0), 37);
    pair.stream.readable = true;
    cr_expect_eq(stream_recv(&pair.stream, &byte, 1), ERR_RESET);
    hang_up();
    cr_expect_not(is_resumed_next());
}

Test(tls_dial, connections_know_their_terms)
{
    must_dial();
    cr_expect(tls_dial_is_current(&pair.stream, pair.dialer));
    publish();
    cr_expect_not(tls_dial_is_current(&pair.stream, pair.dialer));
    hang_up();
}

/* What a peer said before it hung up is heard, although nothing can be sent any more. */
Test(tls_dial, last_words)
{
    char bytes[64] = "";
    struct iovec piece = { bytes, sizeof bytes };

    must_dial();
    cr_assert_eq(SSL_write(pair.server, "too large", 9), 9);
    close(pair.fd);
    cr_expect_eq(stream_send(&pair.stream, &piece, 1, false), ERR_RESET);
    cr_expect_eq(stream_recv(&pair.stream, bytes, sizeof bytes), 9);
    cr_expect_str_eq(bytes, "too large");
    cr_expect_eq(stream_recv(&pair.stream, bytes, sizeof bytes), ERR_RESET);
    stream_close(&pair.stream);
    SSL_free(pair.server);
}

Test(tls_dial, an_alert_is_told)
{
    enum fault fault = FAULT_NONE;
    int theirs = 0;
    char byte = 0;

    SSL_CTX_set_verify(pair.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    begin("shop.test");
    cr_assert_eq(shake_hands(&theirs, &fault), ERR_OK, "with TLS 1.3 the refusal comes later");
    cr_assert_neq(theirs, 1);
    pair.stream.readable = true;
    cr_expect_eq(stream_recv(&pair.stream, &byte, 1), ERR_RESET);
    cr_assert_neq(tls_dial_alert(&pair.stream), NULL);
    cr_expect(strstr(tls_dial_alert(&pair.stream), "refused with the alert: ") != NULL, "%s",
              tls_dial_alert(&pair.stream));
    hang_up();
}

Test(tls_dial, terms_that_are_refused)
{
    static const struct {
        struct tls_dialer_options options;
        const char *words;
    } cases[] = {
        { { .ciphers = "NONE", .ciphersuites = "", .groups = "X25519" }, "ciphers has a name" },
        { { .ciphers = "ECDHE+AESGCM", .ciphersuites = "NONE", .groups = "X25519" },
          "ciphersuites has a name" },
        { { .ciphers = "ECDHE+AESGCM", .ciphersuites = "", .groups = "NONE" },
          "groups has a name" },
        { { .ciphers = "ECDHE+AESGCM",
            .ciphersuites = "",
            .groups = "X25519",
            .verifies = true,
            .ca = "/none/ca.pem" },
          "ca /none/ca.pem has no certificate that can be read" },
        { { .ciphers = "ECDHE+AESGCM",
            .ciphersuites = "",
            .groups = "X25519",
            .certificate = "/none/we.pem" },
          "/none/we.pem cannot be read" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tls_terms *terms = NULL;
        struct text words;

        text_init(&words, 4096);
        cr_expect_neq(tls_dialer_build(&cases[i].options, &words, &terms), ERR_OK, "case %zu", i);
        cr_expect(strstr(words.bytes, cases[i].words) != NULL, "%s", words.bytes);
        cr_expect_eq(terms, NULL);
        text_fini(&words);
    }
}

Test(tls_dial, every_setting_makes_another_stamp)
{
    struct tls_dialer_options more[9];
    uint64_t first = tls_dialer_stamp(&pair.options);

    for (size_t i = 0; i < 9; i++)
        more[i] = pair.options;
    more[0].verifies = false;
    more[1].ca = pair.bench.paths[1];
    more[2].name = "a";
    more[3].sni = "a";
    more[4].certificate = pair.bench.paths[1];
    more[5].needs_13 = true;
    more[6].ciphers = "ALL";
    more[7].ciphersuites = "TLS_AES_256_GCM_SHA384";
    more[8].groups = "P-256";
    cr_expect_eq(tls_dialer_stamp(&pair.options), first);
    for (size_t i = 0; i < 9; i++) {
        cr_expect_neq(tls_dialer_stamp(&more[i]), first, "setting %zu", i);
        for (size_t k = 0; k < i; k++)
            cr_expect_neq(tls_dialer_stamp(&more[i]), tls_dialer_stamp(&more[k]));
    }
    pem_shop(pair.bench.paths[0], "DNS:new.test", PEM_EC);
    cr_expect_neq(tls_dialer_stamp(&pair.options), first, "the file has changed");
}
