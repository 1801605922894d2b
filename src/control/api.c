/* The control plane over HTTP, its listener and its limits: see control/api.h and api_priv.h. */
#include "control/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "control/api_priv.h"
#include "control/tally_priv.h"
#include "deploy/deploy.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/timer.h"

/* Streams and commands that wait can take 30 of the places: two are always there for whoever asks shortly. */
enum {
    CLIENTS_MAX = API_CALLS_MAX + API_STREAMS_MAX + 2,
    FOLD_MS = 100,
    EVICT_AFTER_US = 250000,
    HEAD_MS = 5 * 1000,
    REQUEST_MS = 25 * 1000, /* for a body, behind the head: 30 s in all */
    SEND_MS = 10 * 1000,
    ANSWER_MS = 30 * 1000,
    IDLE_MS = 75 * 1000,
    LINGER_MS = 1000,
};

static void on_fold(void *arg)
{
    struct api *api = arg;

    tally_fold(api->tally);
    timer_arm(api->fold, FOLD_MS);
}

static void on_quit(void *arg, bool now)
{
    struct api *api = arg;

    if (api->room.quit != NULL)
        api->room.quit(api->room.arg, now);
}

static void on_close(void *arg, struct api_client *client)
{
    struct api *api = arg;

    (void)client;
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

static void refuse(int fd)
{
    static const char words[] =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: 109\r\n\r\n"
        "{\"ok\":false,\"error\":{\"code\":\"overloaded\",\"message\":\"too many clients\","
        "\"hint\":\"ask again later\",\"next\":null}}\n";
    ssize_t sent = send(fd, words, sizeof words - 1, MSG_DONTWAIT | MSG_NOSIGNAL);

    (void)sent; /* it is only a courtesy */
    close(fd);
}

/* Once a second, with how many it were. */
static void tell_full(struct api *api)
{
    uint64_t now_us = loop_now_us(api->room.loop);

    api->refused_count++;
    if (api->told_full_us != 0 && now_us - api->told_full_us < 1000000)
        return;
    LOG_WARN("api-full", "clients=%u refused=%u", api->client_count, api->refused_count);
    api->told_full_us = now_us;
    api->refused_count = 0;
}

static void on_accept(void *arg, int fd, const struct address *address)
{
    struct api *api = arg;
    bool is_unix = address_is_unix(&api->address);
    struct peer peer;

    if (api->is_closing || (is_unix && peer_identify(fd, &api->rules.rule, api->rules.scope,
                                                     &api->rules.logins, &peer) < 0)) {
        close(fd);
        return;
    }
    if (api->client_count >= CLIENTS_MAX && !evict_idle(api)) {
        tell_full(api);
        refuse(fd);
        return;
    }
    if (api_client_open(&api->owner, fd, address, is_unix ? &peer : NULL, &api->clients) == 0)
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

/* On a unix socket people are who they are on the admin socket, and its group may come in, too. */
static void open_to_group(struct api *api)
{
    static const struct config_admin nobody = { .mode = 0600 };
    const struct config *config = deploy_config(api->room.deploy);

    if (!address_is_unix(&api->address))
        return;
    if (peer_rule_read(config != NULL ? &config->admin : &nobody, &api->rules) < 0)
        CHECK(peer_rule_read(&nobody, &api->rules) == 0); /* the admin socket was refused before */
    if (api->rules.group != (gid_t)-1 &&
        chown(api->address.sa.un.sun_path, (uid_t)-1, api->rules.group) != 0)
        LOG_WARN("api", "%s cannot be given to its group", api->address.sa.un.sun_path);
}

static struct api_client_owner owner_of(struct api *api)
{
    return (struct api_client_owner){
        .head_ms = HEAD_MS,
        .request_ms = REQUEST_MS,
        .send_ms = SEND_MS,
        .answer_ms = ANSWER_MS,
        .idle_ms = IDLE_MS,
        .linger_ms = LINGER_MS,
        .loop = api->room.loop,
        .on_head = api_serve_head,
        .on_request = api_serve_request,
        .on_quit = on_quit,
        .on_close = on_close,
        .arg = api,
    };
}

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
    api_serve_check_table();
    api = mem_zalloc(sizeof *api);
    api->room = *room;
    api->address = bound;
    TAILQ_INIT(&api->clients);
    api->owner = owner_of(api);
    open_to_group(api);
    api->calls = api_calls_new(&api->room);
    api->streams = api_streams_new(&api->room);
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
    api->room.quit = NULL; /* it stops already */
    listener_free(api->listener);
    while ((client = TAILQ_FIRST(&api->clients)) != NULL)
        api_client_close(client);
    api_calls_free(api->calls);
    api_streams_free(api->streams);
    timer_free(api->fold);
    tally_free(api->tally);
    free(api);
}

void api_address(const struct api *api, struct address *out)
{
    *out = api->address;
}
