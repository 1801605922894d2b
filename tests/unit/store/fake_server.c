/* See fake_server.h. A client that is gone ends its turn; clients are served one after another. */
#include "fake_server.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

struct fake_server {
    enum fake_manner manner;
    char folder[64];
    char *dsn;
    int listen_fd;
    int stop[2]; /* a pipe: its end is the sign */
    atomic_uint logins;
    pthread_t thread;
};

#define MESSAGE(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

struct message {
    const char *bytes;
    size_t len;
};

static const struct message login = MESSAGE("R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I");

/* What is said instead of a login; of an empty one the login is given. */
static const struct message greetings[] = {
    [FAKE_NO_WORDS] = MESSAGE("E\0\0\0\x05\0"),
    [FAKE_GARBAGE] = MESSAGE("HTTP/1.1 400 Bad Request\r\n\r\n"),
    [FAKE_HUGE] = MESSAGE("R\x7f\xff\xff\xff\0\0\0\0"),
    [FAKE_CLOSES] = { NULL, 0 },
    [FAKE_NO_FIELDS] = { NULL, 0 },
    [FAKE_COPY] = { NULL, 0 },
    [FAKE_NO_COLUMNS] = { NULL, 0 },
    [FAKE_HANGS] = { NULL, 0 },
};

static const struct message answers[] = {
    [FAKE_NO_WORDS] = { NULL, 0 },
    [FAKE_GARBAGE] = { NULL, 0 },
    [FAKE_HUGE] = { NULL, 0 },
    [FAKE_CLOSES] = { NULL, 0 },
    [FAKE_NO_FIELDS] = MESSAGE("E\0\0\0\x05\0Z\0\0\0\x05I"),
    [FAKE_COPY] = MESSAGE("1\0\0\0\x04"
                          "2\0\0\0\x04"
                          "H\0\0\0\x07\0\0\0"),
    [FAKE_NO_COLUMNS] = MESSAGE("1\0\0\0\x04"
                                "2\0\0\0\x04"
                                "T\0\0\0\x06\0\0"
                                "C\0\0\0\x0dSELECT 0\0"
                                "Z\0\0\0\x05I"),
    [FAKE_HANGS] = { NULL, 0 },
};

/* False: there is nothing more to come, or the test is over. */
static bool await_bytes(const struct fake_server *server, int fd)
{
    struct pollfd fds[2] = { { fd, POLLIN, 0 }, { server->stop[0], POLLIN, 0 } };

    return poll(fds, 2, -1) > 0 && fds[1].revents == 0;
}

static bool send_message(int fd, const struct message *message)
{
    return send(fd, message->bytes, message->len, MSG_NOSIGNAL) == (ssize_t)message->len;
}

/* Every packet of the client is answered once: it waits for each. */
static void serve(struct fake_server *server, int fd)
{
    const struct message *greeting = &greetings[server->manner];
    char bytes[65536];

    if (!await_bytes(server, fd) || recv(fd, bytes, sizeof bytes, 0) <= 0 ||
        !send_message(fd, greeting->len > 0 ? greeting : &login) ||
        server->manner == FAKE_NO_WORDS || server->manner == FAKE_GARBAGE)
        return;
    while (await_bytes(server, fd) && recv(fd, bytes, sizeof bytes, 0) > 0) {
        if (server->manner == FAKE_CLOSES)
            return;
        if (answers[server->manner].len > 0 && !send_message(fd, &answers[server->manner]))
            return;
    }
}

static void *run(void *arg)
{
    struct fake_server *server = arg;

    while (await_bytes(server, server->listen_fd)) {
        int fd = accept(server->listen_fd, NULL, NULL);

        if (fd < 0)
            continue;
        atomic_fetch_add(&server->logins, 1);
        serve(server, fd);
        close(fd);
    }
    return NULL;
}

struct fake_server *fake_server_start(enum fake_manner manner)
{
    struct fake_server *server = mem_zalloc(sizeof *server);
    struct sockaddr_un where = { .sun_family = AF_UNIX };

    server->manner = manner;
    snprintf(server->folder, sizeof server->folder, "/tmp/fake_server.XXXXXX");
    CHECK(mkdtemp(server->folder) != NULL);
    snprintf(where.sun_path, sizeof where.sun_path, "%s/.s.PGSQL.5432", server->folder);
    server->dsn = mem_format("host=%s port=5432 user=app dbname=shop", server->folder);
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(server->listen_fd, (const struct sockaddr *)&where, sizeof where) == 0);
    CHECK(listen(server->listen_fd, 16) == 0 && pipe(server->stop) == 0);
    CHECK(pthread_create(&server->thread, NULL, run, server) == 0);
    return server;
}

const char *fake_server_dsn(const struct fake_server *server)
{
    return server->dsn;
}

unsigned fake_server_logins(const struct fake_server *server)
{
    return atomic_load(&server->logins);
}

void fake_server_stop(struct fake_server *server)
{
    char *path = mem_format("%s/.s.PGSQL.5432", server->folder);

    CHECK(write(server->stop[1], "x", 1) == 1);
    pthread_join(server->thread, NULL);
    close(server->stop[0]);
    close(server->stop[1]);
    close(server->listen_fd);
    unlink(path);
    rmdir(server->folder);
    free(path);
    free(server->dsn);
    free(server);
}
