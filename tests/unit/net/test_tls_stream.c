/*
 * A stream with TLS against OpenSSL's own client, over a pair of sockets whose buffers are small: what is sealed and not
 * taken is neither lost nor sent twice, ends are told apart, and nothing is forgotten inside of OpenSSL.
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
#include "base/hash.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tls_stream.h"
#include "unit/net/tls_bench.h"

enum { BYTES = 700 * 1000, SMALL_BUFFER = 8192 };

struct pair {
    struct tls_bench bench;
    struct loop *loop;
    struct stream stream;
    SSL_CTX *ctx;
    SSL *client;
    int fd;
};

static void on_ready(struct stream *stream)
{
    (void)stream;
}

static const struct stream_ops ops = { .on_ready = on_ready };
static struct pair pair;

static void open_pair(void)
{
    char shop[] = "shop.test"; /* the macro casts const away */
    int fds[2];
    int size = SMALL_BUFFER;

    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL's client writes without MSG_NOSIGNAL */
    rcu_thread_begin();
    tls_bench_open(&pair.bench);
    cr_assert_eq(tls_bench_build(&pair.bench), ERR_OK, "%s", pair.bench.words.bytes);
    pair.loop = loop_new();
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    cr_assert_eq(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    cr_assert_eq(stream_open(&pair.stream, pair.loop, fds[0], &ops), ERR_OK);
    pair.fd = fds[1];
    pair.ctx = SSL_CTX_new(TLS_client_method());
    pair.client = SSL_new(pair.ctx);
    cr_assert_eq(SSL_set_fd(pair.client, pair.fd), 1);
    (void)SSL_set_tlsext_host_name(pair.client, shop);
}

static void close_pair(void)
{
    stream_close(&pair.stream);
    SSL_free(pair.client);
    SSL_CTX_free(pair.ctx);
    close(pair.fd);
    loop_free(pair.loop);
    tls_bench_close(&pair.bench);
    rcu_thread_end();
}

TestSuite(tls_stream, .init = open_pair, .fini = close_pair);

static void shake_hands(void)
{
    enum fault fault = FAULT_NONE;
    int ours = ERR_AGAIN;
    int theirs = 0;

    tls_stream_begin(&pair.stream, pair.bench.keeper, slice_of(NULL, 0));
    for (unsigned i = 0; i < 100 && (ours != ERR_OK || theirs != 1); i++) {
        theirs = SSL_connect(pair.client);
        pair.stream.readable = true;
        ours = tls_stream_handshake(&pair.stream, &fault);
        cr_assert(ours == ERR_OK || ours == ERR_AGAIN, "%d %s", ours, tls_stream_words());
    }
    cr_assert_eq(theirs, 1);
}

static char *make_bytes(size_t size)
{
    char *bytes = mem_alloc(size);
    uint64_t state = 7;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)hash_random(&state);
    return bytes;
}

/* Sends as the proxy does: from where it stands, in pieces of changing number; the client reads a little each time. */
static void send_all(const char *bytes, unsigned parts, size_t bite)
{
    char *got = mem_alloc(BYTES);
    size_t sent = 0;
    size_t read = 0;
    unsigned stalls = 0;

    while (read < BYTES) {
        struct iovec pieces[8];
        size_t left = BYTES - sent;
        size_t count = 0;

        for (unsigned i = 0; i < parts; i++) {
            size_t at = left * i / parts;

            memcpy(&pieces[i].iov_base, &(const char *){ bytes + sent + at }, sizeof(char *));
            pieces[i].iov_len = left * (i + 1) / parts - at;
        }
        if (left > 0) {
            ssize_t result = stream_send(&pair.stream, pieces, (int)parts, false);

            cr_assert(result > 0 || result == ERR_AGAIN, "%zd", result);
            stalls += result == ERR_AGAIN;
            sent += result > 0 ? (size_t)result : 0;
            cr_assert_leq(sent, (size_t)BYTES);
        }
        if (SSL_read_ex(pair.client, got + read, BYTES - read < bite ? BYTES - read : bite,
                        &count) == 1)
            read += count;
    }
    cr_expect_eq(memcmp(got, bytes, BYTES), 0);
    cr_expect_gt(stalls, 0u);
    free(got);
}

Test(tls_stream, sends_through_a_narrow_pipe)
{
    static const size_t bites[] = { 100, 4096, 20000 };
    char *bytes = make_bytes(BYTES);

    shake_hands();
    for (unsigned i = 0; i < sizeof bites / sizeof bites[0]; i++)
        for (unsigned parts = 1; parts <= 8; parts += 3)
            send_all(bytes, parts, bites[i]);
    free(bytes);
}

Test(tls_stream, sends_records_as_small_as_the_client_asks)
{
    char *bytes = make_bytes(BYTES);

    cr_assert_eq(SSL_set_tlsext_max_fragment_length(pair.client, TLSEXT_max_fragment_length_512),
                 1); /* RFC 6066 4 */
    shake_hands();
    send_all(bytes, 4, 20000);
    free(bytes);
}

/* What the kernel has told of since the last read is not lost behind bytes that were there before. */
Test(tls_stream, an_end_behind_the_last_bytes_is_told)
{
    char got[16];

    shake_hands();
    cr_assert_eq(SSL_write(pair.client, "bytes", 5), 5);
    (void)SSL_shutdown(pair.client);
    pair.stream.readable = true;
    cr_assert_eq(stream_recv(&pair.stream, got, 5), 5);
    stream_settle(&pair.stream);
    cr_expect(pair.stream.readable, "the end waits to be read");
    cr_expect_eq(stream_recv(&pair.stream, got, sizeof got), 0);
}

Test(tls_stream, receives_what_there_is_room_for)
{
    static const size_t rooms[] = { 1, 1000, 16384, 65536 };
    char *bytes = make_bytes(BYTES);
    char *got = mem_alloc(BYTES);

    shake_hands();
    for (unsigned i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        size_t all = rooms[i] == 1 ? 3000 : BYTES;
        size_t sent = 0;
        size_t read = 0;

        while (read < all) {
            size_t count = 0;
            ssize_t result = 0;

            if (sent < all && SSL_write_ex(pair.client, bytes + sent,
                                           all - sent < 16384 ? all - sent : 16384, &count) == 1)
                sent += count;
            pair.stream.readable = true;
            result = stream_recv(&pair.stream, got + read,
                                 all - read < rooms[i] ? all - read : rooms[i]);
            cr_assert(result > 0 || result == ERR_AGAIN, "%zd", result);
            read += result > 0 ? (size_t)result : 0;
        }
        cr_expect_eq(memcmp(got, bytes, all), 0, "room %zu", rooms[i]);
    }
    free(got);
    free(bytes);
}

/* A short read settles the stream only when OpenSSL has nothing left either. */
Test(tls_stream, settles_when_nothing_is_left)
{
    char bytes[8];
    size_t count = 0;

    shake_hands();
    cr_assert_eq(SSL_write_ex(pair.client, "first", 5, &count), 1);
    cr_assert_eq(SSL_write_ex(pair.client, "second", 6, &count), 1);
    pair.stream.readable = true;
    cr_expect_eq(stream_recv(&pair.stream, bytes, 5), 5);
    stream_settle(&pair.stream);
    cr_expect(pair.stream.readable, "the second record lies in OpenSSL or the kernel");
    cr_expect_eq(stream_recv(&pair.stream, bytes, sizeof bytes), 6);
    stream_settle(&pair.stream);
    cr_expect_not(pair.stream.readable);
}

Test(tls_stream, tells_ends_apart)
{
    char byte = 0;

    shake_hands();
    cr_expect_eq(SSL_shutdown(pair.client), 0);
    pair.stream.readable = true;
    cr_expect_eq(stream_recv(&pair.stream, &byte, 1), 0, "a close_notify is an end");
    cr_expect_eq(stream_recv(&pair.stream, &byte, 1), 0);
    stream_shutdown(&pair.stream);
    cr_expect_eq(SSL_shutdown(pair.client), 1, "ours came");
}

Test(tls_stream, a_bare_end_is_a_cut)
{
    char byte = 0;

    shake_hands();
    cr_assert_eq(shutdown(pair.fd, SHUT_WR), 0);
    pair.stream.readable = true;
    cr_expect_eq(stream_recv(&pair.stream, &byte, 1), ERR_RESET);
    cr_expect_eq(stream_recv(&pair.stream, &byte, 1), ERR_RESET);
    cr_expect_eq(stream_send(&pair.stream, &(struct iovec){ &byte, 1 }, 1, false), ERR_RESET);
}

Test(tls_stream, a_reset_is_no_end)
{
    char byte = 0;
    size_t count = 0;
    int result = 0;

    shake_hands();
    stream_reset(&pair.stream);
    cr_expect_not(stream_is_open(&pair.stream));
    cr_expect_not(tls_stream_is_on(&pair.stream));
    result = SSL_read_ex(pair.client, &byte, 1, &count);
    cr_expect_neq(SSL_get_error(pair.client, result), SSL_ERROR_ZERO_RETURN);
}

Test(tls_stream, knows_what_it_covers)
{
    shake_hands();
    cr_expect(tls_stream_is_on(&pair.stream));
    cr_expect_not(stream_can_splice(&pair.stream));
    cr_expect(tls_stream_covers(&pair.stream, SLICE("shop.test")));
    cr_expect(tls_stream_covers(&pair.stream, SLICE("SHOP.test.")));
    cr_expect(tls_stream_covers(&pair.stream, SLICE("x.shop.test")));
    cr_expect_not(tls_stream_covers(&pair.stream, SLICE("x.y.shop.test")));
    cr_expect_not(tls_stream_covers(&pair.stream, SLICE("192.0.2.7")));
    cr_expect_not(tls_stream_covers(&pair.stream, SLICE("[2001:db8::7]")));
    cr_expect_not(tls_stream_covers(&pair.stream, slice_of("shop.test\0x", 11)));
    cr_expect(tls_stream_covers(&pair.stream, slice_of(NULL, 0)));
    cr_expect_eq(tls_stream_client(&pair.stream).len, 0);
    cr_expect_not(tls_stream_is_resumed(&pair.stream));
}

/* Bytes that were read before: here all of the client's first flight. */
Test(tls_stream, begins_with_early_bytes)
{
    char hello[4096];
    ssize_t size = 0;
    enum fault fault = FAULT_NONE;

    cr_expect_neq(SSL_connect(pair.client), 1);
    pair.stream.readable = true;
    size = stream_recv(&pair.stream, hello, sizeof hello);
    cr_assert_gt(size, 0);
    tls_stream_begin(&pair.stream, pair.bench.keeper, slice_of(hello, (size_t)size));
    cr_expect_eq(tls_stream_handshake(&pair.stream, &fault), ERR_AGAIN);
    cr_expect_eq(SSL_connect(pair.client), 1);
    pair.stream.readable = true;
    cr_expect_eq(tls_stream_handshake(&pair.stream, &fault), ERR_OK);
}

/* The server asks for certificates of this authority from now on. */
static void ask_for(const struct pem *authority, enum tls_verify verify)
{
    struct pem_file file = { .certs = { authority->cert } };
    char *path = tls_bench_path(&pair.bench, "ca.pem");

    pem_write(path, &file);
    pair.bench.options.client_ca = path;
    pair.bench.options.client_verify = verify;
    cr_assert_eq(tls_bench_build(&pair.bench), ERR_OK, "%s", pair.bench.words.bytes);
    pair.bench.options.client_ca = NULL;
    free(path);
}

/* A certificate is who the client is, for as long as its authority is believed. */
Test(tls_stream, knows_who_the_client_is)
{
    static const struct pem_options root = { .subject = "/CN=people", .is_authority = true };
    struct pem people;
    struct pem others;
    struct pem ann;
    struct tls_identity who;
    char fingerprint[65];

    pem_make(&root, &people);
    pem_make(&root, &others);
    pem_make(&(struct pem_options){ .subject = "/O=Acme, Inc./CN=ann", .issuer = &people }, &ann);
    pem_fingerprint(ann.cert, fingerprint);
    ask_for(&people, TLS_VERIFY_OPTIONAL);
    cr_assert_eq(SSL_use_cert_and_key(pair.client, ann.cert, ann.key, NULL, 1), 1);
    cr_expect_not(tls_stream_identity(&pair.stream, &who), "in clear nobody is known");
    shake_hands();
    cr_assert(tls_stream_identity(&pair.stream, &who));
    cr_expect_str_eq(who.subject, "CN=ann,O=Acme\\, Inc.");
    cr_expect_str_eq(who.sha256, fingerprint);
    cr_expect(tls_stream_is_believed(&pair.stream, pair.bench.keeper));
    ask_for(&others, TLS_VERIFY_OPTIONAL);
    cr_expect_not(tls_stream_is_believed(&pair.stream, pair.bench.keeper), "the same name only");
    ask_for(&people, TLS_VERIFY_REQUIRED);
    cr_expect(tls_stream_is_believed(&pair.stream, pair.bench.keeper));
    ask_for(&people, TLS_VERIFY_OFF);
    cr_expect_not(tls_stream_is_believed(&pair.stream, pair.bench.keeper), "nobody is asked");
    cr_expect(tls_stream_identity(&pair.stream, &who), "what was shown stays known");
    pem_free(&people);
    pem_free(&others);
    pem_free(&ann);
}

/* A certificate that was good in the handshake ends while its connection goes on. */
Test(tls_stream, believes_nobody_for_longer_than_the_dates)
{
    static const struct pem_options root = { .subject = "/CN=people", .is_authority = true };
    struct pem people;
    struct pem ann;
    bool is_believed = true;

    pem_make(&root, &people);
    pem_make(&(struct pem_options){ .subject = "/CN=ann", .issuer = &people }, &ann);
    cr_assert_not_null(X509_gmtime_adj(X509_getm_notAfter(ann.cert), 5));
    cr_assert_gt(X509_sign(ann.cert, people.key, EVP_sha256()), 0);
    ask_for(&people, TLS_VERIFY_REQUIRED);
    cr_assert_eq(SSL_use_cert_and_key(pair.client, ann.cert, ann.key, NULL, 1), 1);
    shake_hands();
    for (unsigned i = 0; i < 200 && is_believed; i++) {
        is_believed = tls_stream_is_believed(&pair.stream, pair.bench.keeper);
        if (is_believed)
            usleep(100000);
    }
    cr_expect_not(is_believed);
    pem_free(&people);
    pem_free(&ann);
}

Test(tls_stream, knows_nobody_without_a_certificate)
{
    static const struct pem_options root = { .subject = "/CN=people", .is_authority = true };
    struct pem people;
    struct tls_identity who;

    pem_make(&root, &people);
    ask_for(&people, TLS_VERIFY_OPTIONAL);
    shake_hands();
    cr_expect_not(tls_stream_identity(&pair.stream, &who));
    cr_expect_not(tls_stream_is_believed(&pair.stream, pair.bench.keeper));
    pem_free(&people);
}

static bool has_bytes(void)
{
    char byte = 0;

    return recv(pair.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* A client that asks at once gets its tickets with the answer, or with our end. */
Test(tls_stream, tickets_wait_for_the_answer)
{
    for (unsigned is_answered = 0; is_answered < 2; is_answered++) {
        char bytes[16];
        enum fault fault = FAULT_NONE;
        size_t count = 0;

        if (is_answered == 1) {
            close_pair();
            open_pair();
        }
        tls_stream_begin(&pair.stream, pair.bench.keeper, slice_of(NULL, 0));
        cr_expect_neq(SSL_connect(pair.client), 1);
        pair.stream.readable = true;
        cr_expect_eq(tls_stream_handshake(&pair.stream, &fault), ERR_AGAIN);
        cr_assert_eq(SSL_connect(pair.client), 1);
        cr_assert_eq(SSL_write_ex(pair.client, "ask", 3, &count), 1);
        pair.stream.readable = true;
        cr_expect_eq(tls_stream_handshake(&pair.stream, &fault), ERR_OK);
        cr_expect_not(has_bytes());
        cr_expect_eq(stream_recv(&pair.stream, bytes, sizeof bytes), 3);
        cr_expect_not(has_bytes());
        if (is_answered == 1) {
            cr_expect_eq(stream_send(&pair.stream, &(struct iovec){ bytes, 3 }, 1, false), 3);
            cr_expect_eq(SSL_read_ex(pair.client, bytes, sizeof bytes, &count), 1);
        } else {
            int result = 0;

            stream_close(&pair.stream);
            result = SSL_read_ex(pair.client, bytes, sizeof bytes, &count);
            cr_expect_eq(SSL_get_error(pair.client, result), SSL_ERROR_ZERO_RETURN);
        }
        cr_expect(SSL_SESSION_is_resumable(SSL_get0_session(pair.client)));
    }
}

/* What is no handshake leaves a plain stream behind. */
Test(tls_stream, gives_up)
{
    static const struct {
        const char *bytes;
        enum fault fault;
    } cases[] = {
        { "GET / HTTP/1.1\r\n", FAULT_TLS_PLAIN },
        { "get / http/1.1\r\n", FAULT_TLS_HANDSHAKE },
        { "\x16\x03\x01\x7f\xff\x01", FAULT_TLS_HANDSHAKE },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum fault fault = FAULT_NONE;
        char answer[64];

        cr_assert_eq(write(pair.fd, cases[i].bytes, strlen(cases[i].bytes)),
                     (ssize_t)strlen(cases[i].bytes));
        tls_stream_begin(&pair.stream, pair.bench.keeper, slice_of(NULL, 0));
        pair.stream.readable = true;
        cr_expect_eq(tls_stream_handshake(&pair.stream, &fault), ERR_DENIED, "case %zu", i);
        cr_expect_eq(fault, cases[i].fault, "case %zu: %s", i, fault_name(fault));
        cr_expect_not(tls_stream_is_on(&pair.stream));
        cr_expect_eq(stream_send(&pair.stream, &(struct iovec){ answer, 1 }, 1, false), 1);
        (void)!read(pair.fd, answer, sizeof answer);
    }
}

/* Another generation for new connections; the old one lives with its last one. */
Test(tls_stream, outlives_a_swap)
{
    char byte = 0;
    size_t count = 0;

    shake_hands();
    pem_shop(pair.bench.paths[0], "DNS:other.test", PEM_EC);
    cr_assert_eq(tls_bench_build(&pair.bench), ERR_OK);
    cr_expect(tls_stream_covers(&pair.stream, SLICE("a.shop.test")));
    cr_assert_eq(SSL_write_ex(pair.client, "x", 1, &count), 1);
    pair.stream.readable = true;
    cr_expect_eq(stream_recv(&pair.stream, &byte, 1), 1);
}
