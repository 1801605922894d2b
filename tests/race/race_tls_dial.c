/* room: net */
/*
 * Handshakes with targets on several threads, each with a loop and sessions of its own, while another thread replaces the
 * terms without a pause: every handshake succeeds, and terms are freed by whoever lets go of them last.
 */
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rcu.h"
#include "base/text.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tls_dial.h"
#include "net/tls_dialer.h"
#include "net/tls_sessions.h"
#include "support/pem.h"

enum { WORKERS = 3, HANDSHAKES = 60 };

static struct tls_dialer *dialer;
static atomic_uint running;
static char path[64];

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "race_tls_dial: %s\n", what);
    abort();
}

static void on_ready(struct stream *stream)
{
    (void)stream;
}

static const struct stream_ops ops = { .on_ready = on_ready };

/* One connection, both ends on this thread; its tickets are kept for the next. */
static void shake_hands(struct loop *loop, SSL_CTX *ctx, struct tls_sessions *sessions)
{
    struct stream stream;
    enum fault fault = FAULT_NONE;
    SSL *server = SSL_new(ctx);
    int fds[2];
    int ours = ERR_AGAIN;
    int theirs = 0;
    char byte = 0;

    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0, "sockets");
    require(stream_open(&stream, loop, fds[0], &ops) == ERR_OK, "a stream");
    require(SSL_set_fd(server, fds[1]) == 1, "a server");
    tls_dial_begin(&stream, dialer, SLICE("shop.test:443"), sessions);
    for (unsigned i = 0; i < 50 && (ours != ERR_OK || theirs != 1); i++) {
        stream.readable = true;
        ours = tls_dial_handshake(&stream, &fault);
        theirs = SSL_accept(server);
    }
    require(ours == ERR_OK && theirs == 1, tls_dial_words());
    require(SSL_write(server, &byte, 1) == 1, "a byte");
    stream.readable = true;
    require(stream_recv(&stream, &byte, 1) == 1, "the byte");
    (void)tls_dial_is_current(&stream, dialer);
    stream_close(&stream);
    SSL_free(server);
    close(fds[1]);
}

static SSL_CTX *make_server(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    require(SSL_CTX_use_certificate_chain_file(ctx, path) == 1, "a certificate");
    require(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1, "a key");
    return ctx;
}

static void *work(void *arg)
{
    struct loop *loop = NULL;
    SSL_CTX *ctx = make_server();
    struct tls_sessions *sessions = tls_sessions_new();

    (void)arg;
    rcu_thread_begin();
    loop = loop_new();
    for (unsigned i = 0; i < HANDSHAKES; i++)
        shake_hands(loop, ctx, sessions);
    tls_sessions_unpin(sessions);
    SSL_CTX_free(ctx);
    loop_free(loop);
    rcu_thread_end();
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void publish(void)
{
    struct tls_dialer_options options = { .verifies = true,
                                          .ca = path,
                                          .ciphers = "ECDHE+AESGCM",
                                          .ciphersuites = "TLS_AES_128_GCM_SHA256",
                                          .groups = "X25519:P-256" };
    struct tls_terms *terms = NULL;
    struct text words;

    text_init(&words, 4096);
    require(tls_dialer_build(&options, &words, &terms) == ERR_OK, "terms");
    tls_dialer_publish(dialer, terms);
    text_fini(&words);
}

int main(void)
{
    pthread_t threads[WORKERS];
    char folder[] = "/tmp/switchyard-race-XXXXXX";
    unsigned turns = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    require(mkdtemp(folder) != NULL, "a folder");
    snprintf(path, sizeof path, "%s/shop.pem", folder);
    pem_shop(path, "DNS:shop.test", PEM_EC);
    rcu_thread_begin();
    dialer = tls_dialer_new();
    publish();
    atomic_store(&running, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++)
        require(pthread_create(&threads[i], NULL, work, NULL) == 0, "a thread");
    for (; atomic_load(&running) > 0; turns++)
        publish();
    for (unsigned i = 0; i < WORKERS; i++)
        require(pthread_join(threads[i], NULL) == 0, "an end");
    tls_dialer_free(dialer);
    rcu_thread_end();
    unlink(path);
    rmdir(folder);
    printf("race_tls_dial: terms were replaced %u times\n", turns);
    return 0;
}
