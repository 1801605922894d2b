/*
 * Reaching slots that are not live: by header and by cookie, with a secret or from networks. Who may not is sent to
 * the live slot and counted; the app never sees what asked; previews are in no other count of the slot.
 */
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/scene.h"

enum { BLUE, GREEN, STAGING, SLOTS };

#define SECRET "open-sesame"

static const char services[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop { hosts = { \"shop.test\" }\n"
    "  slot blue { targets = { \"%s\" } }  slot green { targets = { \"%s\" } }\n"
    "  slot staging { targets = { \"%s\" }  role = \"staging\" }\n"
    "  slot old { targets = { \"127.0.0.1:1\" }  role = \"off\" }\n"
    "  preview { header = \"X-Try\"  cookie = \"try\"  secret = \"" SECRET "\" }\n"
    "  health { enabled = false } }\n"
    "service near { hosts = { \"near.test\" }\n"
    "  slot blue { targets = { \"%s\" } }  slot green { targets = { \"%s\" } }\n"
    "  preview { header = \"X-Try\"  from = { \"127.0.0.0/8\" } }\n"
    "  health { enabled = false } }\n"
    "service far { hosts = { \"far.test\" }\n"
    "  slot blue { targets = { \"%s\" } }  slot green { targets = { \"%s\" } }\n"
    "  preview { header = \"X-Try\"  secret = \"" SECRET "\"  from = { \"192.0.2.0/24\" } }\n"
    "  health { enabled = false } }\n"
    "service none { hosts = { \"none.test\" }\n"
    "  slot blue { targets = { \"%s\" } }  slot green { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n";

struct preview_case {
    const char *name;
    const char *host;
    const char *fields;
    int slot;        /* whose app server gets it */
    int refused;     /* 1: counted as one that may not */
    bool is_preview; /* counted apart */
};

static const struct preview_case cases[] = {
    { "plain", "shop.test", "", BLUE, 0, false },
    { "header", "shop.test", "X-Try: green:" SECRET "\r\n", GREEN, 0, true },
    { "header-in-any-case", "shop.test", "x-TRY: green:" SECRET "\r\n", GREEN, 0, true },
    { "header-for-the-live-one", "shop.test", "X-Try: blue:" SECRET "\r\n", BLUE, 0, true },
    { "header-staging", "shop.test", "X-Try: staging:" SECRET "\r\n", STAGING, 0, true },
    { "cookie", "shop.test", "Cookie: a=1; try=green:" SECRET "; b=2\r\n", GREEN, 0, true },
    { "cookie-staging", "shop.test", "Cookie: try=staging:" SECRET "\r\n", STAGING, 0, true },
    { "no-secret", "shop.test", "X-Try: green\r\n", BLUE, 1, false },
    { "empty-secret", "shop.test", "X-Try: green:\r\n", BLUE, 1, false },
    { "wrong-secret", "shop.test", "X-Try: green:open-sesamE\r\n", BLUE, 1, false },
    { "half-a-secret", "shop.test", "X-Try: green:open-sesam\r\n", BLUE, 1, false },
    { "more-than-the-secret", "shop.test", "X-Try: green:" SECRET "x\r\n", BLUE, 1, false },
    { "cookie-wrong-secret", "shop.test", "Cookie: try=green:x\r\n", BLUE, 1, false },
    { "off-is-never-reached", "shop.test", "X-Try: old:" SECRET "\r\n", BLUE, 0, false },
    { "no-such-slot", "shop.test", "X-Try: purple:" SECRET "\r\n", BLUE, 0, false },
    { "other-names", "shop.test", "X-Switchyard-Slot: green:" SECRET "\r\n", BLUE, 0, false },
    { "nets", "near.test", "X-Try: green\r\n", GREEN, 0, true },
    { "nets-and-cookie-not-configured", "near.test", "Cookie: try=green\r\n", BLUE, 0, false },
    { "nets-elsewhere", "far.test", "X-Try: green:" SECRET "\r\n", BLUE, 1, false },
    { "not-configured", "none.test", "X-Try: green:" SECRET "\r\nCookie: try=green\r\n", BLUE, 0,
      false },
};

static bool has_text(struct slice text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* What steers us stays here, wherever it was configured. */
static void check_sight(const struct preview_case *one, struct slice seen)
{
    if (strcmp(one->host, "none.test") == 0)
        return;
    cr_expect(!has_text(seen, "sesam"), "%s: %.*s", one->name, SLICE_ARG(seen));
    cr_expect(strcasestr(one->fields, "X-Try") == NULL || !has_text(seen, "green"), "%s: %.*s",
              one->name, SLICE_ARG(seen));
    cr_expect(strstr(one->fields, "a=1") == NULL || has_text(seen, "\r\nCookie: a=1; b=2\r\n"),
              "%s: %.*s", one->name, SLICE_ARG(seen));
}

static void ask(const struct daemon *daemon, struct origin *const *origins,
                const struct preview_case *one)
{
    char *request = mem_format("GET / HTTP/1.1\r\nHost: %s\r\n%sConnection: close\r\n\r\n",
                               one->host, one->fields);
    unsigned before[SLOTS];
    int status = 0;

    for (int i = 0; i < SLOTS; i++)
        before[i] = origin_requests(origins[i]);
    status = client_ask(daemon_front(daemon), request, NULL);
    cr_expect_eq(status, 200, "%s: status %d", one->name, status);
    for (int i = 0; i < SLOTS; i++)
        cr_expect_eq(origin_requests(origins[i]), before[i] + (i == one->slot), "%s: slot %d",
                     one->name, i);
    if (origin_requests(origins[one->slot]) > before[one->slot])
        check_sight(one, origin_request(origins[one->slot], before[one->slot]));
    free(request);
}

/* Previews of a slot are in their own count only. */
static void check_counts(const struct daemon *daemon)
{
    static const char *const slots[SLOTS] = { "slot=\"blue\"", "slot=\"green\"",
                                              "slot=\"staging\"" };
    unsigned previews[SLOTS] = { 0 }, others[SLOTS] = { 0 };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (cases[i].is_preview)
            previews[cases[i].slot]++;
        else
            others[cases[i].slot]++;
    for (int i = 0; i < SLOTS; i++) {
        cr_expect_float_eq(daemon_metric(daemon, "switchyard_preview_requests_total", slots[i]),
                           previews[i], 0.1, "%s", slots[i]);
        cr_expect_float_eq(daemon_metric(daemon, "switchyard_http_requests_total", slots[i]) + 0.0,
                           others[i] > 0 ? others[i] : -1.0, 0.1, "%s", slots[i]);
    }
}

Test(preview, who_reaches_what)
{
    struct origin *origins[SLOTS];
    struct daemon *daemon = NULL;
    char *config = NULL;
    int refused = 0;

    for (int i = 0; i < SLOTS; i++)
        origins[i] = origin_start("127.0.0.1:0");
    config = mem_format(services, origin_address(origins[BLUE]), origin_address(origins[GREEN]),
                        origin_address(origins[STAGING]), origin_address(origins[BLUE]),
                        origin_address(origins[GREEN]), origin_address(origins[BLUE]),
                        origin_address(origins[GREEN]), origin_address(origins[BLUE]),
                        origin_address(origins[GREEN]));
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ask(daemon, origins, &cases[i]);
        refused += cases[i].refused;
    }
    cr_expect_float_eq(daemon_metric(daemon, "switchyard_preview_refused_total", ""), refused, 0.1);
    check_counts(daemon);
    for (int i = 0; i < SLOTS; i++)
        origin_drop_connections(origins[i]);
    STOP(daemon);
    for (int i = 0; i < SLOTS; i++)
        origin_stop(origins[i]);
    free(config);
}
