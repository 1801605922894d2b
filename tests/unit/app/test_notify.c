/* Datagrams to the service manager: src/app/notify.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/notify.h"
#include "net/loop.h"

static struct loop *loop;
static char path[64];
static char heard[2048];
static int manager = -1;

static void start(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    loop = loop_new();
    snprintf(path, sizeof path, "/tmp/switchyard-notify-%d", (int)getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(manager, (struct sockaddr *)&address, sizeof address), 0);
}

static void stop(void)
{
    close(manager);
    unlink(path);
    loop_free(loop);
}

TestSuite(notify, .init = start, .fini = stop);

/* The next datagram, "" : there is none. */
static const char *hear(void)
{
    ssize_t count = recv(manager, heard, sizeof heard - 1, 0);

    heard[count > 0 ? count : 0] = '\0';
    return heard;
}

Test(notify, says_what_it_is_told_and_leaves_no_trace)
{
    struct notify *notify = NULL;
    unsigned long long us = 0;

    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "1000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    notify = notify_new(loop);
    cr_expect_null(getenv("NOTIFY_SOCKET"));
    cr_expect_null(getenv("WATCHDOG_USEC"));
    cr_expect_null(getenv("WATCHDOG_PID"));
    notify_ready(notify);
    cr_expect_str_eq(hear(), "READY=1\n");
    notify_reloading(notify);
    cr_expect_eq(sscanf(hear(), "RELOADING=1\nMONOTONIC_USEC=%llu\n", &us), 1, "%s", heard);
    cr_expect_gt(us, 0);
    notify_stopping(notify, 7000000);
    cr_expect_str_eq(hear(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=7000000\n");
    notify_free(notify);
}

/* One line, whatever is in it; and not again and again. */
Test(notify, a_status_is_one_line_and_news)
{
    struct notify *notify = NULL;
    char longest[4000];

    setenv("NOTIFY_SOCKET", path, 1);
    notify = notify_new(loop);
    notify_status(notify, "all\nREADY=1\nis well");
    cr_expect_str_eq(hear(), "STATUS=all READY=1 is well\n");
    notify_status(notify, "all\nREADY=1\nis well");
    cr_expect_str_eq(hear(), "");
    notify_status(notify, "other");
    cr_expect_str_eq(hear(), "STATUS=other\n");
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    notify_status(notify, longest);
    cr_expect_eq(strlen(hear()), 488);
    notify_free(notify);
}

Test(notify, without_a_manager_nothing_happens)
{
    static const char *const names[] = { "", "relative", "/", "@", "vsock:2:1", NULL };
    char longest[400];

    memset(longest, '/', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0] + 1; i++) {
        const char *name = i < sizeof names / sizeof names[0] ? names[i] : longest;
        struct notify *notify = NULL;

        if (name != NULL)
            setenv("NOTIFY_SOCKET", name, 1);
        notify = notify_new(loop);
        notify_ready(notify);
        notify_status(notify, "x");
        notify_free(notify);
    }
    cr_expect_str_eq(hear(), "");
}
