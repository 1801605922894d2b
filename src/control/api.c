/* The control plane over HTTP: see control/api.h. */
#include "control/api.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/api_client_priv.h"
#include "control/metrics_priv.h"
#include "control/stats.h"
#include "control/tally_priv.h"
#include "health/health.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/timer.h"

enum {
    CLIENTS_MAX = 64,
    FOLD_MS = 100,
    EVICT_AFTER_US = 250000,
    HEAD_MS = 10 * 1000,
    SEND_MS = 10 * 1000,
    IDLE_MS = 75 * 1000,
};

struct api {
    struct control_room room;
    struct api_client_owner owner;
    struct address address;
    struct listener *listener;
    struct tally *tally;
    struct timer *fold;
    struct api_client_list clients;
    unsigned client_count;
    bool is_closing;
};

static void on_fold(void *arg)
{
    struct api *api = arg;

    tally_fold(api->tally);
    timer_arm(api->fold, FOLD_MS);
}

static bool is_stopping(const struct api *api)
{
    struct control_stats *stats = mem_zalloc(sizeof *stats);
    bool stopping = false;

    if (api->room.stats != NULL)
        api->room.stats(api->room.arg, stats);
    stopping = stats->is_stopping;
    free(stats);
    return stopping;
}

static void answer_ready(const struct api *api, struct api_reply *reply)
{
    bool is_known = health_all_known(api->room.health);
    bool stopping = is_stopping(api);
    const char *separator = !is_known && stopping ? "," : "";

    reply->status = is_known && !stopping ? 200 : 503;
    text_add_format(&reply->body, "{\"ready\":%s,\"reasons\":[%s%s%s]}\n",
                    reply->status == 200 ? "true" : "false",
                    is_known ? "" : "\"the first health checks are not in\"", separator,
                    stopping ? "\"stopping\"" : "");
}

static void on_request(void *arg, struct slice path, struct api_reply *reply)
{
    struct api *api = arg;
    bool is_metrics = slice_is_equal(path, SLICE("/metrics"));
    bool is_live = slice_is_equal(path, SLICE("/livez"));
    bool is_ready = slice_is_equal(path, SLICE("/readyz"));

    if (!is_metrics && !is_live && !is_ready)
        return;
    text_clear(&reply->body);
    reply->status = 200;
    if (is_live) {
        text_add(&reply->body, "{\"live\":true}\n");
    } else if (is_ready) {
        answer_ready(api, reply);
    } else {
        tally_fold(api->tally);
        reply->type = "text/plain; version=0.0.4; charset=utf-8";
        metrics_write(&api->room, api->tally, &reply->body);
    }
    if (text_is_cut(&reply->body)) { /* half the metrics would look like a whole */
        text_clear(&reply->body);
        reply->status = 500;
        LOG_ERROR("metrics-too-large", "limit_bytes=%d", API_BODY_MAX);
    }
}

static void on_close(void *arg)
{
    struct api *api = arg;

    api->client_count--;
}

/* Makes room by closing the client that has kept us waiting longest. */
static bool evict_idle(struct api *api)
{
    uint64_t now_us = loop_now_us(api->room.loop);
    struct api_client *longest = NULL;
    uint64_t longest_us = EVICT_AFTER_US;

    for (struct api_client *client = TAILQ_FIRST(&api->clients); client != NULL;
         client = api_client_next(client)) {
        uint64_t idle_us = api_client_idle_us(client, now_us);

        if (idle_us >= longest_us) {
            longest = client;
            longest_us = idle_us;
        }
    }
    if (longest != NULL)
        api_client_close(longest);
    return longest != NULL;
}

static void on_accept(void *arg, int fd, const struct address *peer)
{
    struct api *api = arg;

    (void)peer;
    if (api->is_closing || (api->client_count >= CLIENTS_MAX && !evict_idle(api))) {
        close(fd);
        return;
    }
    if (api_client_open(&api->owner, fd, &api->clients) == 0)
        api->client_count++;
}

static void on_starved(void *arg, int err)
{
    (void)arg;
    LOG_ERROR("api-starved", "error=\"%s\"", err_name(err));
}

static const struct listener_ops api_listener_ops = {
    .on_accept = on_accept,
    .on_starved = on_starved,
};

int api_new(const struct control_room *room, const struct address *address, struct api **out)
{
    struct api *api = NULL;
    struct address bound = { .len = sizeof bound.sa };
    int fd = -1;
    int err = listener_bind(address, 64, 0660, &fd);

    if (err < 0)
        return err;
    if (getsockname(fd, &bound.sa.any, &bound.len) != 0)
        bound = *address;
    api = mem_zalloc(sizeof *api);
    api->room = *room;
    api->address = bound;
    TAILQ_INIT(&api->clients);
    api->owner = (struct api_client_owner){
        .head_ms = HEAD_MS,
        .send_ms = SEND_MS,
        .idle_ms = IDLE_MS,
        .loop = room->loop,
        .answer = on_request,
        .on_close = on_close,
        .arg = api,
    };
    api->tally = tally_new(room->deploy, room->started_wall_us);
    api->fold = timer_new(room->loop, on_fold, api);
    timer_arm(api->fold, FOLD_MS);
    api->listener = listener_new(room->loop, fd, &api_listener_ops, api);
    *out = api;
    return 0;
}

void api_free(struct api *api)
{
    struct api_client *client = NULL;

    if (api == NULL)
        return;
    api->is_closing = true;
    listener_free(api->listener);
    while ((client = TAILQ_FIRST(&api->clients)) != NULL)
        api_client_close(client);
    timer_free(api->fold);
    tally_free(api->tally);
    free(api);
}

void api_address(const struct api *api, struct address *out)
{
    *out = api->address;
}
