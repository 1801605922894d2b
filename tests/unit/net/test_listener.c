/* Listening sockets: net/listener.h. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "drive.h"
#include "net/listener.h"

enum { CLIENTS = 150 };

static struct loop *loop;
static unsigned accepted;
static unsigned starved;
static bool was_blocking;
static char folder[] = "/tmp/listener-XXXXXX";
static char path[64];

static void on_accept(void *arg, int fd, const struct address *peer)
{
    (void)arg;
    (void)peer;
    accepted++;
    was_blocking = was_blocking || (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 ||
                   (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
    close(fd);
}

static void on_starved(void *arg, int err)
{
    (void)arg;
    cr_assert_eq(err, ERR_NO_FD);
    starved++;
}

static const struct listener_ops ops = { .on_accept = on_accept, .on_starved = on_starved };

static void set_up(void)
{
    loop = loop_new();
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
}

static void tear_down(void)
{
    loop_free(loop);
    unlink(path);
    rmdir(folder);
}

TestSuite(listener, .init = set_up, .fini = tear_down);

static int bind_tcp(struct address *address)
{
    int fd = -1;

    cr_assert_eq(address_parse(SLICE("127.0.0.1:0"), address), 0);
    cr_assert_eq(listener_bind(address, 1024, 0, &fd), 0);
    address->len = sizeof address->sa;
    cr_assert_eq(getsockname(fd, &address->sa.any, &address->len), 0);
    return fd;
}

static int dial(const struct address *address)
{
    int fd = socket(address->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(connect(fd, &address->sa.any, address->len), 0);
    return fd;
}

static bool has_all(void *arg)
{
    return accepted == *(unsigned *)arg;
}

Test(listener, takes_all_who_come)
{
    struct address address;
    struct listener *listener = listener_new(loop, bind_tcp(&address), &ops, NULL);
    int clients[CLIENTS];
    unsigned all = CLIENTS;

    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i] = dial(&address);
    cr_assert(drive_until(loop, has_all, &all));
    cr_assert_not(was_blocking);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(clients[i]);
    listener_free(listener);
    listener_free(NULL);
}

/* Who was let in by the kernel is not reset by the end of the listener. */
Test(listener, empties_its_queue_at_the_end)
{
    struct address address;
    struct listener *listener = listener_new(loop, bind_tcp(&address), &ops, NULL);
    int clients[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i] = dial(&address);
    listener_free(listener);
    cr_assert_eq(accepted, CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(clients[i]);
}

static bool was_starved(void *arg)
{
    (void)arg;
    return starved > 0;
}

Test(listener, rests_without_descriptors)
{
    struct address address;
    struct listener *listener = listener_new(loop, bind_tcp(&address), &ops, NULL);
    int client = dial(&address);
    struct rlimit before;
    struct rlimit few;
    unsigned all = 1;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){ .rlim_cur = 3, .rlim_max = before.rlim_max };
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    cr_assert(drive_until(loop, was_starved, NULL));
    drive_for(loop, 100);
    cr_assert(starved <= 8, "%u times in a tenth of a second: it does not rest", starved);
    cr_assert_eq(accepted, 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert(drive_until(loop, has_all, &all), "it goes on by itself");
    close(client);
    listener_free(listener);
}

Test(listener, unix_sockets)
{
    struct address address;
    struct stat st;
    char text[80];
    int fd = -1;
    int second = -1;

    snprintf(text, sizeof text, "unix:%s", path);
    cr_assert_eq(address_parse(slice_from(text), &address), 0);
    cr_assert_eq(listener_bind(&address, 8, 0600, &fd), 0);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(listener_bind(&address, 8, 0600, &second), ERR_EXISTS, "it answers");
    close(fd);
    cr_assert_eq(listener_bind(&address, 8, 0660, &fd), 0, "a dead one is replaced");
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0660);
    close(fd);
    cr_assert_eq(unlink(path), 0);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    cr_assert_eq(listener_bind(&address, 8, 0600, &fd), ERR_EXISTS, "a file is not removed");
    cr_assert_eq(errno, EEXIST);
    cr_assert_eq(stat(path, &st), 0);
}

Test(listener, one_per_worker)
{
    struct address address;
    int first = bind_tcp(&address);
    int second = -1;

    cr_assert_eq(listener_bind(&address, 8, 0, &second), 0, "SO_REUSEPORT");
    close(first);
    close(second);
    second = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(second, &address.sa.any, address.len), 0);
    cr_assert_eq(listen(second, 1), 0);
    cr_assert_eq(listener_bind(&address, 8, 0, &first), ERR_EXISTS);
    close(second);
}
