/* Datagrams to the service manager: see notify.h. */
#include "app/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/timer.h"

enum { LINES_MAX = 512, MS_US = 1000 };

struct notify {
    int fd; /* -1: there is no manager */
    struct sockaddr_un address;
    socklen_t address_len;
    struct timer *watchdog; /* NULL: none is wanted */
    uint64_t watchdog_ms;
    char status[LINES_MAX]; /* the last one */
};

/* A path, or with '@' a name in the abstract space; false: neither. */
static bool set_address(struct notify *notify, const char *name)
{
    size_t len = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof notify->address.sun_path)
        return false;
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, name, len);
    if (name[0] == '@')
        notify->address.sun_path[0] = '\0';
    notify->address_len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
    return true;
}

static void on_watchdog(void *arg)
{
    struct notify *notify = arg;

    notify_send(notify, "WATCHDOG=1\n");
    timer_arm(notify->watchdog, notify->watchdog_ms);
}

/* The time in which the manager wants to hear of us, 0: it does not; one that is meant for another process is none. */
static uint64_t read_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t number = 0;
    uint64_t us = 0;

    if (usec == NULL || num_parse_u64(slice_from(usec), UINT64_MAX, &us) < 0)
        return 0;
    if (pid != NULL &&
        (num_parse_u64(slice_from(pid), UINT64_MAX, &number) < 0 || number != (uint64_t)getpid()))
        return 0;
    return us;
}

struct notify *notify_new(struct loop *loop)
{
    struct notify *notify = mem_zalloc(sizeof *notify);
    const char *name = getenv("NOTIFY_SOCKET");
    uint64_t watchdog_us = read_watchdog();

    notify->fd = -1;
    if (name != NULL && name[0] != '\0') {
        if (set_address(notify, name))
            notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (notify->fd < 0)
            LOG_WARN("notify",
                     "NOTIFY_SOCKET=%.80s cannot be used; the service manager hears nothing", name);
    }
    if (notify->fd >= 0 && watchdog_us / 2 >= MS_US) {
        notify->watchdog_ms = watchdog_us / 2 / MS_US;
        notify->watchdog = timer_new(loop, on_watchdog, notify);
        timer_arm(notify->watchdog, 0);
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return notify;
}

void notify_free(struct notify *notify)
{
    if (notify == NULL)
        return;
    timer_free(notify->watchdog);
    if (notify->fd >= 0)
        close(notify->fd);
    free(notify);
}

void notify_send(const struct notify *notify, const char *lines)
{
    if (notify->fd < 0)
        return;
    if (sendto(notify->fd, lines, strlen(lines), MSG_NOSIGNAL,
               (const struct sockaddr *)&notify->address, notify->address_len) < 0)
        LOG_DEBUG("notify", "lost: %s", strerror(errno));
}

void notify_ready(const struct notify *notify)
{
    notify_send(notify, "READY=1\n");
}

void notify_reloading(const struct notify *notify)
{
    char lines[LINES_MAX];

    snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
             clock_monotonic_us());
    notify_send(notify, lines);
}

void notify_status(struct notify *notify, const char *words)
{
    char lines[LINES_MAX];

    snprintf(lines, sizeof lines, "STATUS=%.480s\n", words);
    for (char *at = lines; at[0] != '\0' && at[1] != '\0'; at++)
        if ((unsigned char)*at < ' ')
            *at = ' '; /* one line, and no other field */
    if (strcmp(lines, notify->status) == 0)
        return;
    memcpy(notify->status, lines, sizeof lines);
    notify_send(notify, lines);
}

void notify_stopping(const struct notify *notify, uint64_t more_us)
{
    char lines[LINES_MAX];

    snprintf(lines, sizeof lines, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64 "\n", more_us);
    notify_send(notify, lines);
}
