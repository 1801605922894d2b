/*
 * Listeners and targets of every kind: IPv6, unix sockets on both sides, several listeners at once, names; and what
 * is refused at start.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/dial.h"
#include "support/scene.h"

#define DOWN "GET /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

static bool has_ipv6(void)
{
    char bound[DIAL_TEXT];
    int fd = dial_listen("[::1]:0", 1, bound);

    if (fd < 0) {
        scene_skip("listeners::ipv6", "no IPv6 loopback");
        return false;
    }
    close(fd);
    return true;
}

static struct slice seen(struct origin *origin)
{
    return origin_request(origin, origin_requests(origin) - 1);
}

Test(listeners, ipv6_on_both_sides)
{
    struct origin *origin = NULL;
    struct daemon *daemon = NULL;
    char *config = NULL;

    if (!has_ipv6())
        return;
    origin = origin_start("[::1]:0");
    config = mem_format(
        "listener http { bind = \"[::1]:0\" }\n"
        "service shop { slot blue { targets = { \"%s\" } } health { enabled = false } }\n",
        origin_address(origin));
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    cr_expect_eq(strncmp(daemon_front(daemon), "[::1]:", 6), 0, "%s", daemon_front(daemon));
    cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200);
    cr_expect(memmem(seen(origin).ptr, seen(origin).len, "X-Forwarded-For: ::1\r\n", 22) != NULL,
              "%.*s", SLICE_ARG(seen(origin)));
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}

Test(listeners, unix_on_both_sides)
{
    char folder[SCENE_PATH];
    char *front = NULL;
    char *back = NULL;
    char *config = NULL;
    struct origin *origin = NULL;
    struct daemon *daemon = NULL;

    scene_folder(folder);
    front = mem_format("unix:%s/front.sock", folder);
    back = mem_format("unix:%s/back.sock", folder);
    origin = origin_start(back);
    config = mem_format("listener http { bind = \"%s\" }\n"
                        "service shop { slot blue { targets = { \"%s\" } } health { type = \"tcp\" "
                        "interval = \"100ms\" timeout = \"1s\" rise = 1 } }\n",
                        front, back);
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    cr_expect_str_eq(daemon_front(daemon), front);
    cr_expect_eq(ctl_code(daemon, "wait healthy shop --timeout 5s"), 0);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(client_ask(front, DOWN, NULL), 200);
    origin_drop_connections(origin);
    STOP(daemon);
    cr_expect(!scene_exists(front + 5), "the unix socket was left behind");
    origin_stop(origin);
    scene_remove(folder);
    free(front);
    free(back);
    free(config);
}

Test(listeners, several_at_once)
{
    char folder[SCENE_PATH];
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = NULL;
    struct daemon *daemon = NULL;
    static const char *const names[] = { "http", "second", "third" };

    scene_folder(folder);
    config = mem_format(
        "listener http { bind = \"127.0.0.1:0\" }\n"
        "listener second { bind = \"127.0.0.1:0\" }\n"
        "listener third { bind = \"unix:%s/third.sock\" }\n"
        "service shop { slot blue { targets = { \"%s\" } } health { enabled = false } }\n",
        folder, origin_address(origin));
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *want = mem_format("\"listener\":\"%s\"", names[i]);

        cr_expect_eq(client_ask(daemon_address(daemon, names[i]), DOWN, NULL), 200, "%s", names[i]);
        cr_expect(daemon_await_access(daemon, want, 5000), "no access line with %s", want);
        free(want);
    }
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    scene_remove(folder);
    free(config);
}

Test(listeners, target_by_name)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"localhost%s\" } }\n"
                              "  health { enabled = false } }\n",
                              strrchr(origin_address(origin), ':'));
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });

    cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}

/* A dead unix socket in the way is taken over; one that answers is not. */
Test(listeners, unix_socket_in_the_way)
{
    char folder[SCENE_PATH];
    char *path = NULL;
    char *config = NULL;
    char *words = NULL;
    struct origin *other = NULL;
    struct daemon *daemon = NULL;
    char bound[DIAL_TEXT];
    int fd = -1;

    scene_folder(folder);
    path = mem_format("unix:%s/front.sock", folder);
    config = mem_format("listener http { bind = \"%s\" }\n"
                        "service shop { slot blue { targets = { \"127.0.0.1:1\" } }\n"
                        "  health { enabled = false } }\n",
                        path);
    fd = dial_listen(path, 1, bound);
    cr_assert(fd >= 0);
    close(fd);
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    cr_expect_eq(client_ask(path, DOWN, NULL), 502);
    STOP(daemon);
    other = origin_start(path);
    cr_expect(daemon_refusal(&(struct daemon_options){ .config = config }, &words) > 0,
              "it took a living socket away");
    cr_expect(words != NULL && strstr(words, "front.sock") != NULL, "%s", words);
    free(words);
    cr_expect_eq(client_ask(path, DOWN, NULL), 200, "the other one was harmed");
    origin_stop(other);
    scene_remove(folder);
    free(path);
    free(config);
}

/* What must be refused at start, with words that name the place. */
struct refusal_case {
    const char *config;
    const char *part;
};

static const struct refusal_case refusal_cases[] = {
    { "", "listener" },
    { "listener http { bind = \"127.0.0.1:0\" }\n", "service" },
    { "listener http { bind = \"nonsense\" }\nservice a { slot b { targets = { \"127.0.0.1:1\" } } "
      "}\n",
      "bind" },
    { "listener http { bind = \"127.0.0.1:0\" nonsense = 1 }\nservice a { slot b { } }\n",
      "nonsense" },
    { "listener http { bind = \"127.0.0.1:0\" }\nservice a { active = \"green\" slot blue { "
      "targets = { "
      "\"127.0.0.1:1\" } } }\n",
      "green" },
    { "listener http { bind = \"127.0.0.1:0\" }\nservice a { slot b { targets = { \"127.0.0.1:1\" "
      "} }\n"
      "  timeouts { head = \"5 parsecs\" } }\n",
      "parsecs" },
    { "listener http { bind = \"127.0.0.1:0\" tls { } }\nservice a { slot b { targets = { "
      "\"127.0.0.1:1\" } } }\n",
      "certificates" },
    { "listener http { bind = \"127.0.0.1:0\" tls { certificates = { \"/nowhere.pem\" } } }\n"
      "service a { slot b { targets = { \"127.0.0.1:1\" } } }\n",
      "/nowhere.pem cannot be read: No such file or directory" },
    { "listener http { bind = \"127.0.0.1:0\" }\nlistener http { bind = \"127.0.0.1:0\" }\n"
      "service a { slot b { targets = { \"127.0.0.1:1\" } } }\n",
      "http" },
    { "listener http { bind = \"192.0.2.1:80\" }\nservice a { slot b { targets = { \"127.0.0.1:1\" "
      "} } }\n",
      "192.0.2.1" },
};

Test(listeners, refused_at_start)
{
    for (size_t i = 0; i < COUNT_OF(refusal_cases); i++) {
        char *words = NULL;
        int status =
            daemon_refusal(&(struct daemon_options){ .config = refusal_cases[i].config }, &words);

        cr_expect(status > 0, "case %zu: exit %d", i, status);
        cr_expect(words != NULL && strstr(words, refusal_cases[i].part) != NULL,
                  "case %zu: \"%s\" is not in: %s", i, refusal_cases[i].part, words);
        free(words);
    }
}
