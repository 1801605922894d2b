/* See origin.h. */
#include "origin.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

struct origin {
    int fd;
    pthread_t thread;
    struct address address;
    _Atomic(const struct origin_script *) script;
    atomic_uint accepted;
    pthread_mutex_t lock;
    char request[8192];
    char shown[8192];
};

static int open_socket(struct address *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(address_parse(SLICE("127.0.0.1:0"), address), 0);
    cr_assert_eq(bind(fd, &address->sa.any, address->len), 0);
    cr_assert_eq(getsockname(fd, &address->sa.any, &address->len), 0);
    return fd;
}

static void keep_request(struct origin *origin, const char *bytes, size_t count)
{
    pthread_mutex_lock(&origin->lock);
    memcpy(origin->request, bytes, count);
    origin->request[count] = '\0';
    pthread_mutex_unlock(&origin->lock);
}

static void read_request(struct origin *origin, int fd, bool to_end)
{
    char bytes[sizeof origin->request] = "";
    size_t count = 0;

    while (count < sizeof bytes - 1) {
        ssize_t got = recv(fd, bytes + count, sizeof bytes - 1 - count, 0);

        if (got <= 0)
            break;
        count += (size_t)got;
        bytes[count] = '\0';
        if (!to_end && strstr(bytes, "\r\n\r\n") != NULL)
            break;
    }
    keep_request(origin, bytes, count);
}

static void send_script(const struct origin_script *script, int fd)
{
    size_t count = script->bytes == NULL ? 0
                   : script->count > 0   ? script->count
                                         : strlen(script->bytes);
    size_t step = script->drip_ms > 0 ? 1 : count;
    struct timespec pause = { 0, (long)script->drip_ms * 1000000 };

    for (size_t at = 0; at < count; at += step) {
        if (send(fd, script->bytes + at, step, MSG_NOSIGNAL) < 0)
            return;
        if (script->drip_ms > 0)
            nanosleep(&pause, NULL);
    }
}

static void end_client(const struct origin_script *script, int fd)
{
    struct linger linger = { 1, 0 };
    char byte = 0;

    if (script->end == ORIGIN_RESET)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    while (script->end == ORIGIN_HANG && recv(fd, &byte, 1, 0) > 0)
        ;
    close(fd);
}

static void *serve(void *arg)
{
    struct origin *origin = arg;

    for (;;) {
        int fd = accept4(origin->fd, NULL, NULL, SOCK_CLOEXEC);
        const struct origin_script *script = atomic_load(&origin->script);

        if (fd < 0 && errno != EMFILE)
            return NULL;
        if (fd < 0) {
            sched_yield();
            continue;
        }
        atomic_fetch_add(&origin->accepted, 1);
        if (!script->is_hasty)
            read_request(origin, fd, script->is_deaf);
        send_script(script, fd);
        end_client(script, fd);
    }
}

struct origin *origin_new(const struct origin_script *script)
{
    struct origin *origin = mem_zalloc(sizeof *origin);

    origin->fd = open_socket(&origin->address);
    cr_assert_eq(listen(origin->fd, 1024), 0);
    pthread_mutex_init(&origin->lock, NULL);
    atomic_store(&origin->script, script);
    cr_assert_eq(pthread_create(&origin->thread, NULL, serve, origin), 0);
    return origin;
}

void origin_free(struct origin *origin)
{
    shutdown(origin->fd, SHUT_RDWR);
    pthread_join(origin->thread, NULL);
    close(origin->fd);
    pthread_mutex_destroy(&origin->lock);
    free(origin);
}

void origin_set(struct origin *origin, const struct origin_script *script)
{
    atomic_store(&origin->script, script);
}

struct address origin_address(const struct origin *origin)
{
    return origin->address;
}

unsigned origin_accepted(const struct origin *origin)
{
    return atomic_load(&((struct origin *)(uintptr_t)origin)->accepted);
}

const char *origin_request(const struct origin *origin)
{
    struct origin *mine = (struct origin *)(uintptr_t)origin;

    pthread_mutex_lock(&mine->lock);
    memcpy(mine->shown, mine->request, sizeof mine->shown);
    pthread_mutex_unlock(&mine->lock);
    return mine->shown;
}

struct address origin_refusing(int *fd)
{
    struct address address;

    *fd = open_socket(&address);
    return address;
}

/* With a backlog of 0 one connection fits; the kernel drops the SYN of those that come later. */
struct address origin_full(int fds[4])
{
    struct address address;

    fds[0] = open_socket(&address);
    cr_assert_eq(listen(fds[0], 0), 0);
    for (int i = 1; i < 4; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(fds[i], &address.sa.any, address.len);
    }
    return address;
}
