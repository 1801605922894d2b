/* A raw client for tests: see support/client.h. */
#include "support/client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/dial.h"
#include "support/scene.h"

enum { SEND_MS = 20000, ASK_MS = 10000 };

bool client_try(struct client *client, const char *address)
{
    *client = (struct client){ .fd = dial_connect(address) };
    text_init(&client->in, (size_t)1 << 30);
    return client->fd >= 0;
}

void client_open(struct client *client, const char *address)
{
    if (!client_try(client, address))
        scene_fail("cannot connect to %s: %s", address, strerror(errno));
}

void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    text_fini(&client->in);
}

void client_reset(struct client *client)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    if (client->fd >= 0)
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    client_close(client);
}

void client_half_close(struct client *client)
{
    shutdown(client->fd, SHUT_WR);
}

bool client_send(struct client *client, const void *bytes, size_t size)
{
    const char *at = bytes;
    uint64_t end = clock_monotonic_us() + (uint64_t)SEND_MS * 1000;

    while (size > 0) {
        struct pollfd wait = { .fd = client->fd, .events = POLLOUT };
        ssize_t count = send(client->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (count < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (count > 0) {
            at += count;
            size -= (size_t)count;
        } else if (clock_monotonic_us() > end) {
            return false;
        } else {
            poll(&wait, 1, 100);
        }
    }
    return true;
}

bool client_send_text(struct client *client, const char *text)
{
    return client_send(client, text, strlen(text));
}

bool client_send_bytewise(struct client *client, const void *bytes, size_t size)
{
    int on = 1;

    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < size; i++) {
        if (!client_send(client, (const char *)bytes + i, 1))
            return false;
    }
    return true;
}

bool client_pull(struct client *client, unsigned ms)
{
    struct pollfd wait = { .fd = client->fd, .events = POLLIN };
    char part[65536];
    ssize_t count = 0;

    if (client->ended || client->fd < 0)
        return false;
    if (poll(&wait, 1, (int)ms) <= 0)
        return false;
    count = recv(client->fd, part, sizeof part, 0);
    if (count > 0) {
        text_add_slice(&client->in, slice_of(part, (size_t)count));
        return true;
    }
    client->ended = true;
    client->was_reset = count < 0;
    return false;
}

/* Milliseconds left until end, at least 0. */
static unsigned left_ms(uint64_t end)
{
    uint64_t now = clock_monotonic_us();

    return now < end ? (unsigned)((end - now + 999) / 1000) : 0;
}

enum reply_state client_reply(struct client *client, bool to_head, unsigned ms, struct reply *reply)
{
    uint64_t end = clock_monotonic_us() + (uint64_t)ms * 1000;
    enum reply_state state = REPLY_MORE;

    for (;;) {
        struct slice left =
            slice_of(client->in.bytes == NULL ? "" : client->in.bytes + client->taken,
                     client->in.len - client->taken);

        state = reply_parse(reply, left, to_head, client->ended);
        if (state != REPLY_MORE || client->ended || left_ms(end) == 0)
            break;
        client_pull(client, left_ms(end));
    }
    if (state == REPLY_WHOLE)
        client->taken += reply->size;
    return state;
}

bool client_await_end(struct client *client, unsigned ms)
{
    uint64_t end = clock_monotonic_us() + (uint64_t)ms * 1000;

    while (client->in.len == client->taken && !client->ended && left_ms(end) > 0)
        client_pull(client, left_ms(end));
    return client->ended && client->in.len == client->taken;
}

bool client_drain(struct client *client, unsigned ms)
{
    uint64_t end = clock_monotonic_us() + (uint64_t)ms * 1000;

    while (!client->ended && left_ms(end) > 0)
        client_pull(client, left_ms(end));
    return client->ended;
}

int client_ask(const char *address, const char *request, struct text *body)
{
    struct client client;
    struct reply reply = { 0 };
    int status = -1;

    if (!client_try(&client, address))
        return -1;
    if (client_send_text(&client, request) &&
        client_reply(&client, false, ASK_MS, &reply) == REPLY_WHOLE && !reply.truncated) {
        status = reply.status;
        if (body != NULL)
            text_add_slice(body, text_slice(&reply.body));
    }
    reply_fini(&reply);
    client_close(&client);
    return status;
}
