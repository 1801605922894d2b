/* Connections to the admin socket, well behaved and not: src/control/admin.c, admin_client.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config_api.h"
#include "control/admin.h"
#include "control/admin_client_priv.h"
#include "net/loop.h"
#include "unit/control/world.h"

static struct world world;
static struct admin *admin;
static struct text out;
static struct text logged;

static void keep_line(void *arg, const char *line, size_t len)
{
    text_add_slice(arg, slice_of(line, len));
}

static void start(void)
{
    text_init(&out, 64 << 20);
    text_init(&logged, 1 << 20);
    log_set_sink(keep_line, &logged);
    world_init(&world);
    cr_assert_eq(admin_new(&world.room, world.path, &(struct config_admin){ .mode = 0660 }, &admin),
                 0);
}

static void stop(void)
{
    admin_free(admin);
    world_fini(&world);
    log_set_sink(NULL, NULL);
    text_fini(&out);
    text_fini(&logged);
}

TestSuite(admin_client, .init = start, .fini = stop);

/* One line on a connection of its own; the whole answer with its empty line. */
static const char *ask(const char *line)
{
    int fd = world_connect(world.path);
    bool is_answered = false;

    cr_assert_geq(fd, 0);
    is_answered = world_ask(&world, fd, line, "\n\n", &out);
    cr_assert(is_answered, "no answer to %s", line);
    close(fd);
    world_turn(&world, 2);
    return out.bytes;
}

Test(admin_client, prompt_keeps_the_connection_open)
{
    int fd = world_connect(world.path);

    cr_assert(world_ask(&world, fd, "prompt\n", "> ", &out));
    cr_assert_str_eq(out.bytes, "\n> ");
    cr_assert(world_ask(&world, fd, "\n", "> ", &out));
    cr_assert_str_eq(out.bytes, "> ");
    cr_assert(world_ask(&world, fd, "version; version\n", "\n\n> ", &out));
    cr_assert_null(strstr(out.bytes, "> switchyard"), "one prompt per line");
    cr_assert(world_ask(&world, fd, "quit\n", NULL, &out));
    cr_assert_str_eq(out.bytes, "\n");
    close(fd);
}

Test(admin_client, lines_may_end_with_crlf_or_with_the_connection)
{
    int fd = -1;

    ask("version\r\n");
    cr_expect_eq(strncmp(out.bytes, "switchyard ", 11), 0);
    fd = world_connect(world.path);
    cr_assert_eq(send(fd, "version", 7, MSG_NOSIGNAL), 7);
    shutdown(fd, SHUT_WR);
    cr_assert(world_ask(&world, fd, "", NULL, &out));
    cr_expect_eq(strncmp(out.bytes, "switchyard ", 11), 0);
    cr_expect_str_eq(out.bytes + out.len - 2, "\n\n");
    close(fd);
}

Test(admin_client, half_closed_client_still_gets_its_answer_when_it_comes)
{
    int fd = world_connect(world.path);

    target_set_verdict(world.targets[0][1][0], VERDICT_DOWN);
    cr_assert_eq(send(fd, "wait healthy shop\n", 18, MSG_NOSIGNAL), 18);
    shutdown(fd, SHUT_WR);
    world_turn(&world, 60);
    target_set_verdict(world.targets[0][1][0], VERDICT_UP);
    cr_assert(world_ask(&world, fd, "", NULL, &out));
    cr_expect_str_eq(out.bytes, "shop is healthy: 4 of 4 targets up\n\n");
    close(fd);
}

Test(admin_client, garbage_is_answered_and_leaves_the_connection_usable)
{
    int fd = world_connect(world.path);

    cr_assert(world_ask(&world, fd, "\x01\x02\n", "\n\n", &out));
    cr_expect_eq(strncmp(out.bytes, "error 2 usage (usage): ", 23), 0);
    cr_assert(world_ask(&world, fd, "GET / HTTP/1.1\r\n", "\n\n", &out));
    cr_expect_eq(strncmp(out.bytes, "error 2 usage (usage): unknown command GET", 42), 0);
    cr_assert(world_ask(&world, fd, "version\n", "\n\n", &out));
    cr_expect_eq(strncmp(out.bytes, "switchyard ", 11), 0);
    close(fd);
}

Test(admin_client, line_may_have_16_kib_and_no_more)
{
    char *line = mem_alloc(ADMIN_LINE_MAX + 3);
    int fd = world_connect(world.path);

    memset(line, ' ', ADMIN_LINE_MAX);
    memcpy(line, "version", 7);
    memcpy(line + ADMIN_LINE_MAX, "\n", 2);
    cr_assert(world_ask(&world, fd, line, "\n\n", &out));
    cr_expect_eq(strncmp(out.bytes, "switchyard ", 11), 0);
    memcpy(line + ADMIN_LINE_MAX, " \n", 3);
    cr_assert(world_ask(&world, fd, line, NULL, &out));
    cr_expect_eq(strncmp(out.bytes, "error 2 usage (usage): the line is longer than 16 KiB", 53), 0,
                 "%s", out.bytes);
    close(fd);
    free(line);
}

Test(admin_client, pipelined_lines_are_answered_in_order)
{
    struct text lines;
    int fd = world_connect(world.path);
    unsigned count = 0;

    text_init(&lines, 1 << 20);
    for (unsigned i = 0; i < 500; i++)
        text_add_format(&lines, "json switch shop --key %u\n", i);
    text_add(&lines, "quit\n");
    cr_assert(world_ask(&world, fd, lines.bytes, NULL, &out));
    for (const char *at = out.bytes; (at = strstr(at, "\"ok\":true")) != NULL; at++)
        count++;
    cr_assert_eq(count, 500);
    close(fd);
    text_fini(&lines);
}

Test(admin_client, socket_has_its_mode_and_goes_with_the_daemon)
{
    struct stat st;
    struct admin *second = NULL;

    cr_assert_eq(stat(world.path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0660);
    cr_assert_eq(
        admin_new(&world.room, world.path, &(struct config_admin){ .mode = 0600 }, &second),
        ERR_EXISTS, "somebody answers there");
    admin_free(admin);
    admin = NULL;
    cr_assert_eq(stat(world.path, &st), -1);
}

/* What a daemon that was killed leaves behind. */
static void leave_dead_socket(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    cr_assert_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

Test(admin_client, dead_socket_is_replaced)
{
    char path[128];
    struct admin *second = NULL;

    snprintf(path, sizeof path, "%s/dead.sock", world.folder);
    leave_dead_socket(path);
    cr_assert_eq(admin_new(&world.room, path, &(struct config_admin){ .mode = 0600 }, &second), 0);
    admin_free(second);
    cr_assert_eq(access(path, F_OK), -1);
}

Test(admin_client, socket_that_is_no_longer_ours_stays)
{
    admin_free(admin);
    cr_assert_eq(admin_new(&world.room, world.path, &(struct config_admin){ .mode = 0600 }, &admin),
                 0);
    cr_assert_eq(unlink(world.path), 0);
    leave_dead_socket(world.path);
    admin_free(admin);
    admin = NULL;
    cr_assert_eq(access(world.path, F_OK), 0);
}

Test(admin_client, refuses_a_path_or_group_that_cannot_be)
{
    static char group[] = "no-such-group-here";
    char path[200];
    struct admin *second = NULL;

    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    cr_expect_eq(admin_new(&world.room, path, &(struct config_admin){ .mode = 0600 }, &second),
                 ERR_RANGE);
    snprintf(path, sizeof path, "%s/x.sock", world.folder);
    cr_expect_eq(admin_new(&world.room, path,
                           &(struct config_admin){ .mode = 0600, .group = group }, &second),
                 ERR_NOT_FOUND);
    cr_expect_eq(access(path, F_OK), -1);
}

Test(admin_client, crowd_of_idle_clients_does_not_lock_out_a_new_one)
{
    int fds[80];

    for (unsigned i = 0; i < 80; i++) {
        fds[i] = world_connect(world.path);
        cr_assert_geq(fds[i], 0);
        if (i % 40 == 39)
            world_turn(&world, 300); /* no more wait to be let in than the socket takes */
    }
    ask("version\n"); /* the one that was silent longest has made room */
    cr_expect_eq(strncmp(out.bytes, "switchyard ", 11), 0);
    for (unsigned i = 0; i < 80; i++)
        close(fds[i]);
}

Test(admin_client, crowd_at_once_is_refused_in_words)
{
    int fds[65];

    for (unsigned i = 0; i < 64; i++)
        fds[i] = world_connect(world.path);
    world_turn(&world, 5);
    fds[64] = world_connect(world.path);
    cr_assert(world_ask(&world, fds[64], "", NULL, &out));
    cr_expect_not_null(strstr(out.bytes, "too many clients of the admin socket"), "%s", out.bytes);
    for (unsigned i = 0; i < 65; i++)
        close(fds[i]);
}

/* Clients with short times, without a listener. */
static struct admin_client_list clients = TAILQ_HEAD_INITIALIZER(clients);
static unsigned closed;

static void on_park(void *arg)
{
    (void)arg;
}

static void on_close(void *arg, struct admin_client *client)
{
    (void)arg;
    (void)client;
    closed++;
}

static int open_short_client(void)
{
    struct admin_client_owner owner = { .room = &world.room,
                                        .idle_ms = 40,
                                        .prompt_idle_ms = 5000,
                                        .send_ms = 40,
                                        .on_park = on_park,
                                        .on_close = on_close };
    struct peer peer = { .level = LEVEL_ADMIN, .actor = "uid=0 pid=1" };
    int pair[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    cr_assert_eq(admin_client_open(&owner, pair[0], &peer, &clients), 0);
    return pair[1];
}

static void close_clients(void)
{
    while (!TAILQ_EMPTY(&clients))
        admin_client_close(TAILQ_FIRST(&clients));
}

Test(admin_client, silent_client_is_closed)
{
    int fd = open_short_client();

    cr_assert(world_is_closed(&world, fd, 2000));
    cr_assert_eq(closed, 1);
    close(fd);
}

static int drip_fd;
static unsigned drips;

static bool drip(void *arg)
{
    (void)arg;
    (void)!send(drip_fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return ++drips > 2000 || closed > 0;
}

Test(admin_client, dripping_client_is_closed_all_the_same)
{
    drip_fd = open_short_client();
    cr_assert(world_run(&world, drip, NULL, 2000));
    cr_assert_eq(closed, 1, "bytes do not prolong the time for a line");
    close(drip_fd);
}

Test(admin_client, prompt_has_more_time)
{
    int fd = open_short_client();

    cr_assert(world_ask(&world, fd, "prompt\n", "> ", &out));
    cr_assert_not(world_is_closed(&world, fd, 150));
    close_clients();
    close(fd);
}

Test(admin_client, client_that_does_not_read_is_closed_and_blocks_nobody)
{
    int fd = open_short_client();
    struct text lines;
    ssize_t sent = 0;

    text_init(&lines, 1 << 20);
    for (unsigned i = 0; i < 200; i++)
        text_add(&lines, "status;status;status;help\n");
    sent = send(fd, lines.bytes, lines.len, MSG_NOSIGNAL);
    cr_assert_gt(sent, 0);
    ask("version\n");
    cr_expect_eq(strncmp(out.bytes, "switchyard ", 11), 0);
    world_turn(&world, 200);
    cr_assert_eq(closed, 1);
    close(fd);
    text_fini(&lines);
}

Test(admin_client, parked_client_may_be_silent)
{
    int fd = open_short_client();

    world.deploy.holds = true;
    cr_assert_eq(send(fd, "switch shop\n", 12, MSG_NOSIGNAL), 12);
    world_turn(&world, 150);
    cr_assert_eq(closed, 0);
    deploy_release_held(&world.deploy);
    cr_assert(world_ask(&world, fd, "", "\n\n", &out));
    cr_assert_eq(strncmp(out.bytes, "switched shop", 13), 0);
    close_clients();
    close(fd);
}

Test(admin_client, waiting_client_that_is_gone_gives_its_place_back)
{
    int fds[64];

    target_set_verdict(world.targets[0][1][0], VERDICT_DOWN);
    for (unsigned i = 0; i < 64; i++) {
        fds[i] = world_connect(world.path);
        cr_assert_eq(send(fds[i], "wait healthy shop\n", 18, MSG_NOSIGNAL), 18);
    }
    world_turn(&world, 50);
    for (unsigned i = 0; i < 64; i++)
        close(fds[i]);
    world_turn(&world, 60);
    ask("version\n");
    cr_expect_eq(strncmp(out.bytes, "switchyard ", 11), 0, "%s", out.bytes);
}
