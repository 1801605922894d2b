/* What a running daemon shows of itself, in logs and in /metrics: see support/daemon.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/client.h"
#include "support/daemon.h"
#include "support/scene.h"
#include "support/tls_client.h"

enum { SCRAPE_MS = 15000 };

struct log_wish {
    const struct daemon *daemon;
    char *(*read)(const struct daemon *daemon);
    const char *part;
};

static bool has_part(void *arg)
{
    const struct log_wish *wish = arg;
    char *log = wish->read(wish->daemon);
    bool found = log != NULL && strstr(log, wish->part) != NULL;

    free(log);
    return found;
}

bool daemon_await_log(const struct daemon *daemon, const char *part, unsigned ms)
{
    struct log_wish wish = { daemon, daemon_log, part };

    return scene_await(has_part, &wish, ms);
}

bool daemon_await_access(const struct daemon *daemon, const char *part, unsigned ms)
{
    struct log_wish wish = { daemon, daemon_access_log, part };

    return scene_await(has_part, &wish, ms);
}

static const char scrape[] =
    "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/* The same over TLS, without a certificate. */
static int fetch_over_tls(const struct daemon *daemon, struct text *body)
{
    static const struct tls_client_options options = { .sni = NULL };
    struct tls_client client;
    struct reply reply = { 0 };
    int status = -1;

    if (tls_client_open(&client, daemon_api(daemon), &options) &&
        tls_client_send_text(&client, scrape) &&
        tls_client_reply(&client, SCRAPE_MS, &reply) == REPLY_WHOLE) {
        status = reply.status;
        text_add_slice(body, text_slice(&reply.body));
    }
    reply_fini(&reply);
    tls_client_close(&client);
    return status;
}

/* An API that speaks TLS says 400 to what is in clear. */
static int fetch_metrics(const struct daemon *daemon, struct text *body)
{
    int status = client_ask(daemon_api(daemon), scrape, body);

    if (status != 400)
        return status;
    text_clear(body);
    return fetch_over_tls(daemon, body);
}

double daemon_metric(const struct daemon *daemon, const char *name, const char *part)
{
    struct text body;
    size_t length = strlen(name);
    double sum = -1;
    char *rest = NULL;

    text_init(&body, 16 << 20);
    if (fetch_metrics(daemon, &body) != 200 || body.bytes == NULL) {
        text_fini(&body);
        return -1;
    }
    rest = body.bytes;
    for (char *line = scene_cut(&rest, '\n'); line != NULL; line = scene_cut(&rest, '\n')) {
        const char *value = strrchr(line, ' ');

        if (strncmp(line, name, length) != 0 || (line[length] != '{' && line[length] != ' ') ||
            value == NULL || strstr(line, part) == NULL)
            continue;
        sum = (sum < 0 ? 0 : sum) + strtod(value, NULL);
    }
    text_fini(&body);
    return sum;
}

static bool is_idle(void *arg)
{
    return daemon_metric(arg, "switchyard_http_requests_in_flight", "") <= 0;
}

bool daemon_await_idle(const struct daemon *daemon, unsigned ms)
{
    struct daemon *same = NULL;

    memcpy(&same, &daemon, sizeof same);
    return scene_await(is_idle, same, ms);
}
