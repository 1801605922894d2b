/* Many tunnels over one epoll: see swarm.h. */
#include "support/swarm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "support/client.h"
#include "support/dial.h"
#include "support/scene.h"

enum { IN_MAX = 512, EVENTS = 256, OPEN_MS = 20000, OP_CLOSE = 8 };

#define ASK_WEB                                                                                    \
    "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"            \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define ASK_RAW "GET /raw HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
#define ACCEPT  "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

struct member {
    int fd;
    unsigned sent;
    size_t have;
    char in[IN_MAX];
    struct swarm_view view;
};

struct swarm {
    int epoll;
    unsigned count;
    unsigned open;
    bool is_raw;
    struct member *members;
};

void swarm_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void join(struct swarm *swarm, unsigned index, const char *address, const char *slot)
{
    struct member *member = &swarm->members[index];
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = index };
    struct client client;
    struct reply reply = { 0 };

    client_open(&client, address);
    client_send_text(&client, swarm->is_raw ? ASK_RAW : ASK_WEB);
    if (client_reply(&client, false, OPEN_MS, &reply) == REPLY_MORE || reply.status != 101)
        scene_fail("member %u: status %d instead of 101", index, reply.status);
    if (!slice_is_equal(reply_value(&reply, "X-Slot"), slice_from(slot)) ||
        (!swarm->is_raw &&
         !slice_is_equal(reply_value(&reply, "Sec-WebSocket-Accept"), SLICE(ACCEPT))))
        scene_fail("member %u: a wrong 101", index);
    reply_fini(&reply);
    text_fini(&client.in);
    member->fd = client.fd;
    member->view.is_open = true;
    swarm->open++;
    if (fcntl(member->fd, F_SETFL, O_NONBLOCK) < 0 ||
        epoll_ctl(swarm->epoll, EPOLL_CTL_ADD, member->fd, &event) < 0)
        scene_fail("member %u: %s", index, strerror(errno));
}

struct swarm *swarm_open(const char *address, const char *slot, unsigned count, bool is_raw)
{
    struct swarm *swarm = mem_zalloc(sizeof *swarm);

    swarm_raise_limit();
    swarm->epoll = epoll_create1(EPOLL_CLOEXEC);
    swarm->count = count;
    swarm->is_raw = is_raw;
    swarm->members = mem_zalloc(count * sizeof *swarm->members);
    for (unsigned i = 0; i < count; i++)
        join(swarm, i, address, slot);
    return swarm;
}

static void leave(struct swarm *swarm, struct member *member, bool was_reset)
{
    if (member->fd < 0)
        return;
    close(member->fd);
    member->fd = -1;
    member->view.is_open = false;
    member->view.was_reset = was_reset;
    member->view.end_us = clock_monotonic_us();
    swarm->open--;
}

void swarm_free(struct swarm *swarm)
{
    for (unsigned i = 0; i < swarm->count; i++)
        leave(swarm, &swarm->members[i], false);
    close(swarm->epoll);
    free(swarm->members);
    free(swarm);
}

/* A masked frame; the mask is zero, which is as good as any other for a test. */
static void send_frame(struct member *member, unsigned opcode, const void *payload, size_t size)
{
    char frame[6 + 125] = { (char)(0x80 | opcode), (char)(0x80 | size) };

    memcpy(frame + 6, payload, size);
    (void)!send(member->fd, frame, 6 + size, MSG_NOSIGNAL);
}

static size_t write_message(const struct member *member, unsigned index, char *out, size_t size)
{
    return (size_t)snprintf(out, size, "member %u message %u.", index, member->sent);
}

static void say(struct swarm *swarm, unsigned index)
{
    struct member *member = &swarm->members[index];
    char message[64];
    size_t size = 0;

    member->sent++;
    size = write_message(member, index, message, sizeof message);
    if (swarm->is_raw)
        (void)!send(member->fd, message, size, MSG_NOSIGNAL);
    else
        send_frame(member, 1, message, size);
}

static void drop(struct member *member, size_t size)
{
    member->have -= size;
    memmove(member->in, member->in + size, member->have);
}

/* A whole message of `size` bytes at `at` must be what was said last. */
static void take_message(struct member *member, unsigned index, const char *at, size_t size)
{
    char message[64];
    size_t expected = write_message(member, index, message, sizeof message);

    if (size == expected && memcmp(at, message, size) == 0)
        member->view.echoes++;
    else
        member->view.is_broken = true;
}

/* One whole frame at the start of what came; false: not yet. */
static bool take_frame(struct member *member, unsigned index)
{
    const unsigned char *head = (const unsigned char *)member->in;
    size_t size = 0;

    if (member->have < 2)
        return false;
    size = head[1];
    if (size > 125 || (head[0] & 0xf0) != 0x80 || member->view.close_code != 0) {
        member->view.is_broken = true;
        member->have = 0;
        return false;
    }
    if (member->have < 2 + size)
        return false;
    if ((head[0] & 0x0f) == OP_CLOSE && size >= 2) {
        member->view.close_code = (unsigned)head[2] << 8 | head[3];
        member->view.close_us = clock_monotonic_us();
        send_frame(member, OP_CLOSE, head + 2, 2);
    } else {
        take_message(member, index, member->in + 2, size);
    }
    drop(member, 2 + size);
    return true;
}

static void take(struct swarm *swarm, unsigned index)
{
    struct member *member = &swarm->members[index];
    const char *end = NULL;

    if (!swarm->is_raw) {
        while (take_frame(member, index))
            ;
        return;
    }
    while ((end = memchr(member->in, '.', member->have)) != NULL) {
        size_t size = (size_t)(end - member->in) + 1;

        take_message(member, index, member->in, size);
        drop(member, size);
    }
}

static void receive(struct swarm *swarm, unsigned index)
{
    struct member *member = &swarm->members[index];
    ssize_t count = 0;

    if (member->fd < 0)
        return;
    count = recv(member->fd, member->in + member->have, IN_MAX - member->have, 0);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0) {
        member->view.is_broken |= member->have > 0; /* half a frame */
        leave(swarm, member, count < 0);
        return;
    }
    member->have += (size_t)count;
    take(swarm, index);
}

/* One turn; false when nothing happened for ms. */
static bool turn(struct swarm *swarm, int ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(swarm->epoll, events, EVENTS, ms);

    for (int i = 0; i < count; i++)
        receive(swarm, events[i].data.u32);
    return count > 0;
}

/* Until end_us. */
static bool turn_until(struct swarm *swarm, uint64_t end_us)
{
    uint64_t now_us = clock_monotonic_us();

    return now_us < end_us && turn(swarm, (int)((end_us - now_us) / 1000) + 1);
}

static unsigned count_answered(const struct swarm *swarm)
{
    unsigned count = 0;

    for (unsigned i = 0; i < swarm->count; i++)
        count += swarm->members[i].view.is_open &&
                 swarm->members[i].view.echoes == swarm->members[i].sent;
    return count;
}

unsigned swarm_echo(struct swarm *swarm, unsigned ms)
{
    uint64_t end_us = clock_monotonic_us() + (uint64_t)ms * 1000;

    for (unsigned i = 0; i < swarm->count; i++) {
        if (swarm->members[i].fd >= 0 && swarm->members[i].view.close_code == 0)
            say(swarm, i);
        if (i % 64 == 63) /* what came back meanwhile is taken at once */
            while (turn(swarm, 0))
                ;
    }
    while (count_answered(swarm) < swarm->open && turn_until(swarm, end_us))
        ;
    return count_answered(swarm);
}

unsigned swarm_watch(struct swarm *swarm, unsigned left, unsigned ms)
{
    uint64_t end_us = clock_monotonic_us() + (uint64_t)ms * 1000;

    while (swarm->open > left && turn_until(swarm, end_us))
        ;
    return swarm->open;
}

const struct swarm_view *swarm_look(const struct swarm *swarm, unsigned index)
{
    return &swarm->members[index].view;
}

unsigned swarm_broken(const struct swarm *swarm)
{
    unsigned count = 0;

    for (unsigned i = 0; i < swarm->count; i++)
        count += swarm->members[i].view.is_broken || swarm->members[i].view.was_reset;
    return count;
}
