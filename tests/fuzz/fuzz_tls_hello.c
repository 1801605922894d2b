/* room: net */
/*
 * What a client says before it is known to speak TLS: the input goes through a socket into a handshake, in pieces whose
 * size the first byte says. Whatever it is, the handshake waits for more, or fails under a fault of its own and leaves a
 * plain stream behind. Names of the hello reach our search and the keys of tickets.
 */
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rcu.h"
#include "base/text.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tls_keeper.h"
#include "net/tls_stream.h"
#include "support/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_tls_hello: %d: %s\n", __LINE__, #condition);                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { INPUT_MAX = 60000 };

static struct loop *loop;
static struct tls_keeper *keepers[2]; /* the second refuses unknown names */

static void on_ready(struct stream *stream)
{
    (void)stream;
}

static const struct stream_ops ops = { .on_ready = on_ready };

static void make_keepers(void)
{
    static char http[] = "http/1.1";
    static char *alpn[] = { http };
    char folder[] = "/tmp/switchyard-fuzz-XXXXXX";
    char path[sizeof folder + 8];
    char *paths[] = { path };
    struct tls_options options = { .certificates = paths,
                                   .certificate_count = 1,
                                   .ciphers = "ECDHE+AESGCM",
                                   .ciphersuites = "TLS_AES_128_GCM_SHA256",
                                   .groups = "X25519:P-256",
                                   .alpn = alpn,
                                   .alpn_count = 1,
                                   .has_tickets = true };
    struct text words;

    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/a.pem", folder);
    pem_shop(path, "DNS:a.test,DNS:*.a.test", PEM_EC);
    text_init(&words, 4096);
    for (unsigned i = 0; i < 2; i++) {
        struct tls_context *context = NULL;

        keepers[i] = tls_keeper_new("fuzz");
        options.refuses_unknown = i == 1;
        REQUIRE(tls_keeper_build(keepers[i], &options, &words, &context) == ERR_OK);
        tls_keeper_publish(keepers[i], context);
    }
    text_fini(&words);
    unlink(path);
    rmdir(folder);
}

/* Once per process; the end of the process is the end of it. */
static void set_up(void)
{
    if (loop != NULL)
        return;
    rcu_thread_begin();
    loop = loop_new();
    make_keepers();
}

/* Steps until it waits for bytes that are not there; true while it goes on. */
static bool step(struct stream *stream)
{
    enum fault fault = FAULT_NONE;
    int err = ERR_AGAIN;

    stream->readable = true;
    while (stream->readable && err == ERR_AGAIN)
        err = tls_stream_handshake(stream, &fault);
    if (err == ERR_AGAIN)
        return true;
    REQUIRE(err == ERR_DENIED); /* nobody shakes hands by chance */
    REQUIRE(fault >= FAULT_TLS_HANDSHAKE && fault <= FAULT_TLS_PLAIN);
    REQUIRE(!tls_stream_is_on(stream));
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct stream stream;
    int fds[2];
    size_t piece = 0;
    bool goes_on = true;

    set_up();
    if (size < 2 || size > INPUT_MAX)
        return 0;
    piece = bytes[0] == 0 ? INPUT_MAX : bytes[0];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    REQUIRE(stream_open(&stream, loop, fds[0], &ops) == ERR_OK);
    tls_stream_begin(&stream, keepers[bytes[1] & 1], slice_of(NULL, 0));
    for (size_t at = 2; at < size && goes_on; at += piece) {
        size_t count = size - at < piece ? size - at : piece;

        REQUIRE(write(fds[1], bytes + at, count) == (ssize_t)count);
        goes_on = step(&stream);
    }
    close(fds[1]);
    if (goes_on) {
        enum fault fault = FAULT_NONE;

        stream.readable = true;
        REQUIRE(tls_stream_handshake(&stream, &fault) == ERR_DENIED);
    }
    stream_close(&stream);
    return 0;
}
