/*
 * switchyard-demo: a small app to put behind the switch. Opens its address, says so on standard
 * output, and serves until SIGTERM or SIGINT; a second signal ends it at once.
 */
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "demo/demo.h"
#include "demo/demo_options.h"
#include "demo/demo_session.h"

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer,
                      int peer_len, void *arg)
{
    (void)listener;
    (void)peer;
    (void)peer_len;
    demo_session_start(arg, fd);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct demo *demo = arg;

    (void)fd;
    (void)what;
    if (demo->listener != NULL)
        evconnlistener_enable(demo->listener);
}

/* Out of descriptors: stop asking for a moment instead of spinning. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct demo *demo = arg;
    struct timeval pause = { .tv_usec = 100000 };

    fprintf(stderr, "switchyard-demo: accept: %s\n", strerror(errno));
    evconnlistener_disable(listener);
    CHECK(event_base_once(demo->base, -1, EV_TIMEOUT, on_resume, demo, &pause) == 0);
}

static void close_listener(struct demo *demo)
{
    if (demo->listener == NULL)
        return;
    evconnlistener_free(demo->listener);
    demo->listener = NULL;
    if (address_is_unix(&demo->bind))
        (void)unlink(demo->bind.sa.un.sun_path);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct demo *demo = arg;
    struct timeval grace = { .tv_sec = (time_t)(demo->grace_us / 1000000),
                             .tv_usec = (suseconds_t)(demo->grace_us % 1000000) };

    (void)number;
    (void)what;
    close_listener(demo);
    if (demo->is_stopping) {
        event_base_loopbreak(demo->base);
        return;
    }
    demo->is_stopping = true;
    demo_session_stop_all(demo);
    event_base_loopexit(demo->base, TAILQ_EMPTY(&demo->sessions) ? NULL : &grace);
}

/* A socket file that nobody answers on is left over from a killed run. */
static void remove_stale_socket(const struct address *bind_to)
{
    struct stat file = { 0 };
    const char *path = bind_to->sa.un.sun_path;

    if (!address_is_unix(bind_to) || stat(path, &file) != 0 || !S_ISSOCK(file.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, &bind_to->sa.any, bind_to->len) != 0 && errno == ECONNREFUSED)
        (void)unlink(path);
    close(fd);
}

static int open_listener(struct demo *demo)
{
    struct address bound = { .len = sizeof bound.sa };
    char text[ADDRESS_TEXT_SIZE] = "";
    int on = 1;

    remove_stale_socket(&demo->bind);
    demo->listener =
        evconnlistener_new_bind(demo->base, on_accept, demo,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                4096, &demo->bind.sa.any, (int)demo->bind.len);
    if (demo->listener == NULL) {
        address_format(&demo->bind, text);
        fprintf(stderr, "switchyard-demo: cannot listen on %s: %s\n", text, strerror(errno));
        return ERR_IO;
    }
    evutil_socket_t fd = evconnlistener_get_fd(demo->listener);
    if (!address_is_unix(&demo->bind)) /* accepted sockets inherit it */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    evconnlistener_set_error_cb(demo->listener, on_accept_error);
    if (getsockname(fd, &bound.sa.any, &bound.len) != 0)
        return ERR_IO;
    address_format(address_is_unix(&demo->bind) ? &demo->bind : &bound, text);
    printf("listening on %s\n", text);
    return fflush(stdout) == 0 ? ERR_OK : ERR_IO;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit = { 0 };

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void run(struct demo *demo)
{
    struct event *term = evsignal_new(demo->base, SIGTERM, on_signal, demo);
    struct event *interrupt = evsignal_new(demo->base, SIGINT, on_signal, demo);

    CHECK(term != NULL && event_add(term, NULL) == 0);
    CHECK(interrupt != NULL && event_add(interrupt, NULL) == 0);
    event_base_dispatch(demo->base);
    while (!TAILQ_EMPTY(&demo->sessions))
        demo_session_close(TAILQ_FIRST(&demo->sessions));
    event_free(term);
    event_free(interrupt);
}

int main(int argc, char **argv)
{
    struct demo demo = { .slot = "blue", .version = "v1.0", .grace_us = 5000000 };

    TAILQ_INIT(&demo.sessions);
    demo.started_us = clock_monotonic_us();
    demo.random = hash_mix(demo.started_us ^ (uint64_t)getpid() << 32) | 1;
    demo_fault_init(&demo.fault_at_start);
    CHECK(address_parse(SLICE("127.0.0.1:5000"), &demo.bind) == ERR_OK);
    switch (demo_options_read(argc, argv, &demo)) {
    case DEMO_OPTIONS_RUN: break;
    case DEMO_OPTIONS_DONE: return 0;
    case DEMO_OPTIONS_BAD: return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    demo.base = event_base_new();
    CHECK(demo.base != NULL);
    int err = open_listener(&demo);
    if (err == ERR_OK)
        run(&demo);
    close_listener(&demo);
    demo_tally_clear(&demo.tally);
    event_base_free(demo.base);
    return err == ERR_OK ? 0 : 1;
}
