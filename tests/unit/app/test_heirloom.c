/* Sockets that were opened for us: src/app/heirloom.c. The tests put them where a service manager does. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/heirloom.h"
#include "base/address.h"
#include "base/err.h"
#include "base/log.h"

enum { FIRST_FD = 3, SOCKETS = 3, ASIDE_FD = 500 };

static struct address addresses[SOCKETS];

static void pass(unsigned count, const char *names, pid_t pid)
{
    char number[32];

    for (unsigned i = 0; i < count; i++) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        addresses[i].len = sizeof addresses[i].sa;
        if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0 ||
            getsockname(fd, &addresses[i].sa.any, &addresses[i].len) != 0 ||
            dup2(fd, ASIDE_FD + (int)i) < 0)
            _exit(__LINE__);
        close(fd);
    }
    for (unsigned i = 0; i < count; i++)
        if (dup2(ASIDE_FD + (int)i, FIRST_FD + (int)i) < 0)
            _exit(__LINE__);
    snprintf(number, sizeof number, "%d", (int)pid);
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof number, "%u", count);
    setenv("LISTEN_FDS", number, 1);
    if (names != NULL)
        setenv("LISTEN_FDNAMES", names, 1);
}

static void quiet(void *arg, const char *line, size_t len)
{
    (void)arg;
    (void)line;
    (void)len;
}

static void start(void)
{
    log_set_sink(quiet, NULL);
}

TestSuite(heirloom, .init = start);

/* In a process of its own: the test program needs the descriptors from 3 on. 0, or the line that is not so. */
static int in_child(int (*check)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(check());
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define IS_SO(condition)                                                                           \
    if (!(condition))                                                                              \
    return __LINE__

static int take_by_name(void)
{
    struct heirloom *heirloom = NULL;
    int fd = -1;

    pass(SOCKETS, "http:https:", getpid());
    heirloom = heirloom_new();
    IS_SO(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PID") == NULL);
    IS_SO(getenv("LISTEN_FDNAMES") == NULL);
    fd = heirloom_take(heirloom, "https", &addresses[0]);
    IS_SO(fd == FIRST_FD + 1);
    IS_SO((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    IS_SO((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    IS_SO(heirloom_take(heirloom, "other", &addresses[2]) == FIRST_FD + 2);
    IS_SO(heirloom_take(heirloom, "https", NULL) == -1);
    IS_SO(heirloom_take(heirloom, "other", &addresses[2]) == -1);
    heirloom_free(heirloom);
    IS_SO(fcntl(FIRST_FD, F_GETFD) < 0); /* nobody took it */
    IS_SO(fcntl(FIRST_FD + 1, F_GETFD) >= 0);
    return 0;
}

Test(heirloom, name_first_then_address)
{
    int line = in_child(take_by_name);

    cr_expect_eq(line, 0, "line %d", line);
}

static int leave_alone(void)
{
    struct heirloom *heirloom = NULL;

    pass(1, "http", getpid() + 1);
    heirloom = heirloom_new();
    IS_SO(heirloom_take(heirloom, "http", &addresses[0]) == -1);
    heirloom_free(heirloom);
    IS_SO(fcntl(FIRST_FD, F_GETFD) >= 0);
    return 0;
}

Test(heirloom, what_is_meant_for_another_is_left_alone)
{
    int line = in_child(leave_alone);

    cr_expect_eq(line, 0, "line %d", line);
}

Test(heirloom, nonsense_is_no_socket)
{
    static const char *const counts[] = { "", "x", "-1", "99999999999999999999", "0" };
    char pid[32];

    snprintf(pid, sizeof pid, "%d", (int)getpid());
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct heirloom *heirloom = NULL;

        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", counts[i], 1);
        heirloom = heirloom_new();
        cr_expect_eq(heirloom_take(heirloom, "", NULL), -1, "%s", counts[i]);
        heirloom_free(heirloom);
    }
}
