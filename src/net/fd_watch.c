/* Descriptors of others: see net/fd_watch.h. */
#include "net/fd_watch.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"

struct fd_watch {
    struct event event;
    struct loop *loop;
    bool is_set;
    void (*fn)(void *arg);
    void *arg;
};

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct fd_watch *watch = arg;

    (void)fd;
    (void)what;
    watch->fn(watch->arg);
}

struct fd_watch *fd_watch_new(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct fd_watch *watch = mem_zalloc(sizeof *watch);

    watch->loop = loop;
    watch->fn = fn;
    watch->arg = arg;
    return watch;
}

void fd_watch_clear(struct fd_watch *watch)
{
    if (watch->is_set)
        event_del(&watch->event);
    watch->is_set = false;
}

void fd_watch_free(struct fd_watch *watch)
{
    if (watch == NULL)
        return;
    fd_watch_clear(watch);
    free(watch);
}

int fd_watch_set(struct fd_watch *watch, int fd, bool want_read, bool want_write)
{
    short what = (short)(EV_PERSIST | (want_read ? EV_READ : 0) | (want_write ? EV_WRITE : 0));

    fd_watch_clear(watch);
    event_assign(&watch->event, loop_base(watch->loop), fd, what, on_ready, watch);
    if (event_add(&watch->event, NULL) != 0)
        return ERR_IO;
    watch->is_set = true;
    return ERR_OK;
}
