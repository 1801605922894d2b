/* room: net */
/*
 * Handshakes on several threads, each with a loop of its own, while another thread replaces certificates and ticket keys
 * without a pause: every handshake succeeds, and a context is freed by whoever lets go of it last.
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
#include "net/tls_keeper.h"
#include "net/tls_stream.h"
#include "support/pem.h"

enum { WORKERS = 3, HANDSHAKES = 60, TURNS = 40 };

static struct tls_keeper *keeper;
static atomic_uint running;
static char path[64];

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "race_tls: %s\n", what);
    abort();
}

static void on_ready(struct stream *stream)
{
    (void)stream;
}

static const struct stream_ops ops = { .on_ready = on_ready };

/* One connection, both ends on this thread; a session is taken along to the next. */
static void shake_hands(struct loop *loop, SSL_CTX *ctx, SSL_SESSION **session)
{
    struct stream stream;
    enum fault fault = FAULT_NONE;
    SSL *client = SSL_new(ctx);
    int fds[2];
    int ours = ERR_AGAIN;
    int theirs = 0;
    char byte = 0;

    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0, "sockets");
    require(stream_open(&stream, loop, fds[0], &ops) == ERR_OK, "a stream");
    require(SSL_set_fd(client, fds[1]) == 1, "a client");
    if (*session != NULL)
        (void)SSL_set_session(client, *session);
    tls_stream_begin(&stream, keeper, slice_of(NULL, 0));
    for (unsigned i = 0; i < 50 && (ours != ERR_OK || theirs != 1); i++) {
        theirs = SSL_connect(client);
        stream.readable = true;
        ours = tls_stream_handshake(&stream, &fault);
    }
    require(ours == ERR_OK && theirs == 1, fault_name(fault));
    require(stream_send(&stream, &(struct iovec){ &byte, 1 }, 1, false) == 1, "a byte");
    require(SSL_read(client, &byte, 1) == 1, "the byte");
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(client);
    (void)SSL_shutdown(client);
    SSL_free(client);
    close(fds[1]);
    stream_close(&stream);
}

static void *work(void *arg)
{
    struct loop *loop = NULL;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_SESSION *session = NULL;

    (void)arg;
    rcu_thread_begin();
    loop = loop_new();
    for (unsigned i = 0; i < HANDSHAKES; i++)
        shake_hands(loop, ctx, &session);
    SSL_SESSION_free(session);
    SSL_CTX_free(ctx);
    loop_free(loop);
    rcu_thread_end();
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void publish(void)
{
    char *paths[] = { path };
    struct tls_options options = { .certificates = paths,
                                   .certificate_count = 1,
                                   .ciphers = "ECDHE+AESGCM",
                                   .ciphersuites = "TLS_AES_128_GCM_SHA256",
                                   .groups = "X25519",
                                   .has_tickets = true };
    struct tls_context *context = NULL;
    struct text words;

    text_init(&words, 4096);
    require(tls_keeper_build(keeper, &options, &words, &context) == ERR_OK, "a context");
    tls_keeper_publish(keeper, context);
    text_fini(&words);
}

int main(void)
{
    pthread_t threads[WORKERS];
    char folder[] = "/tmp/switchyard-race-XXXXXX";
    unsigned turns = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    require(mkdtemp(folder) != NULL, "a folder");
    snprintf(path, sizeof path, "%s/a.pem", folder);
    rcu_thread_begin();
    keeper = tls_keeper_new("race");
    pem_shop(path, "DNS:a.test", PEM_EC);
    publish();
    atomic_store(&running, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++)
        require(pthread_create(&threads[i], NULL, work, NULL) == 0, "a thread");
    for (; atomic_load(&running) > 0 || turns < TURNS; turns++) {
        pem_shop(path, "DNS:a.test", PEM_EC);
        publish();
        tls_keeper_rotate(keeper);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    tls_keeper_free(keeper);
    rcu_thread_end();
    unlink(path);
    rmdir(folder);
    printf("race_tls: %u handshakes, %u generations\n", WORKERS * HANDSHAKES, turns);
    return 0;
}
