/* The admin socket itself: see control/admin.h. */
#include "control/admin.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config_api.h"
#include "control/admin_client_priv.h"
#include "control/call_priv.h"
#include "control/peer_rule_priv.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/timer.h"

enum {
    IDLE_MS = 10 * 1000,
    PROMPT_IDLE_MS = 10 * 60 * 1000,
    SEND_MS = 10 * 1000,
    CLIENTS_MAX = 64,
    RESERVED = 2,            /* of them for root and the daemon's own user */
    EVICT_AFTER_US = 250000, /* a client that says nothing for so long may be asked to make room */
};

struct admin {
    struct control_room room;
    struct admin_client_owner owner;
    struct listener *listener;
    struct timer *tick;
    struct admin_client_list clients;
    unsigned client_count;
    struct peer_rules rules;
    char *path;
    char from[128]; /* of its clients, for the audit trail: struct peer has as much */
    dev_t device;   /* of the socket file as we made it */
    ino_t inode;
    bool is_closing;
};

static void on_tick(void *arg)
{
    struct admin *admin = arg;
    struct admin_client *client = TAILQ_FIRST(&admin->clients);
    bool is_needed = false;

    while (client != NULL) {
        struct admin_client *next = admin_client_next(client);

        admin_client_tick(client);
        client = next;
    }
    for (client = TAILQ_FIRST(&admin->clients); client != NULL; client = admin_client_next(client))
        is_needed = is_needed || admin_client_is_parked(client);
    if (is_needed)
        timer_arm(admin->tick, CALL_TICK_MS);
}

static void on_park(void *arg)
{
    struct admin *admin = arg;

    if (!timer_is_armed(admin->tick))
        timer_arm(admin->tick, CALL_TICK_MS);
}

static void on_close(void *arg, struct admin_client *client)
{
    struct admin *admin = arg;

    (void)client;
    admin->client_count--;
}

/* The client that has kept us waiting longest, if it did so for long enough; closing it makes room. */
static bool evict_idle(struct admin *admin)
{
    uint64_t now_us = loop_now_us(admin->room.loop);
    struct admin_client *longest = NULL;
    uint64_t longest_us = EVICT_AFTER_US;

    for (struct admin_client *client = TAILQ_FIRST(&admin->clients); client != NULL;
         client = admin_client_next(client)) {
        uint64_t idle_us = admin_client_idle_us(client, now_us);

        if (idle_us >= longest_us) {
            longest = client;
            longest_us = idle_us;
        }
    }
    if (longest != NULL)
        admin_client_close(longest);
    return longest != NULL;
}

static bool has_room(struct admin *admin, const struct peer *peer)
{
    unsigned max = peer->level == LEVEL_ADMIN ? CLIENTS_MAX : CLIENTS_MAX - RESERVED;

    return admin->client_count < max || evict_idle(admin);
}

static void refuse(int fd, const char *words)
{
    ssize_t sent = send(fd, words, strlen(words), MSG_DONTWAIT | MSG_NOSIGNAL);

    (void)sent; /* it is only a courtesy */
    close(fd);
}

static void on_accept(void *arg, int fd, const struct address *address)
{
    struct admin *admin = arg;
    struct peer peer;

    (void)address;
    if (admin->is_closing) {
        close(fd);
        return;
    }
    if (peer_identify(fd, &admin->rules.rule, admin->rules.scope, &admin->rules.logins, &peer) <
        0) {
        refuse(fd, "error 6 denied (not_authorised): the kernel does not say who you are\n\n");
        return;
    }
    snprintf(peer.from, sizeof peer.from, "%s", admin->from);
    if (!has_room(admin, &peer)) {
        LOG_WARN("admin-full", "actor=\"%s\" clients=%u", peer.actor, admin->client_count);
        refuse(fd, "error 1 failed (overloaded): too many clients of the admin socket\n\n");
        return;
    }
    if (admin_client_open(&admin->owner, fd, &peer, &admin->clients) == 0)
        admin->client_count++;
}

static void on_starved(void *arg, int err)
{
    (void)arg;
    LOG_ERROR("admin-starved", "error=\"%s\"", err_name(err));
}

static const struct listener_ops admin_listener_ops = {
    .on_accept = on_accept,
    .on_starved = on_starved,
};

/* Bound for its owner alone first; group and mode come after, so that there is no moment of wrong rights. */
static int open_socket(struct admin *admin, unsigned mode, int *fd)
{
    struct address address;
    char text[sizeof address.sa.un.sun_path + 8];
    struct stat made;
    int err = 0;

    if (strlen(admin->path) >= sizeof address.sa.un.sun_path) {
        errno = ENAMETOOLONG;
        return ERR_RANGE;
    }
    snprintf(text, sizeof text, "unix:%s", admin->path);
    err = address_parse(slice_from(text), &address);
    if (err == 0)
        err = listener_bind(&address, 64, 0600, fd);
    if (err < 0)
        return err;
    if ((admin->rules.group != (gid_t)-1 &&
         chown(admin->path, (uid_t)-1, admin->rules.group) != 0) ||
        chmod(admin->path, mode & 0777) != 0 || stat(admin->path, &made) != 0) {
        err = err_from_errno(errno);
        unlink(admin->path);
        close(*fd);
        return err;
    }
    admin->device = made.st_dev;
    admin->inode = made.st_ino;
    return 0;
}

/* All but the socket; ERR_* when a group is not there. */
static int begin(const struct control_room *room, const char *path,
                 const struct config_admin *config, struct admin **out)
{
    struct admin *admin = mem_zalloc(sizeof *admin);
    int err = 0;

    admin->room = *room;
    admin->path = mem_text(path);
    snprintf(admin->from, sizeof admin->from, "unix:%.120s", path);
    TAILQ_INIT(&admin->clients);
    err = peer_rule_read(config, &admin->rules);
    if (err == 0) {
        *out = admin;
        return 0;
    }
    free(admin->path);
    free(admin);
    return err;
}

static void serve(struct admin *admin, int fd)
{
    admin->owner = (struct admin_client_owner){
        .idle_ms = IDLE_MS,
        .prompt_idle_ms = PROMPT_IDLE_MS,
        .send_ms = SEND_MS,
        .room = &admin->room,
        .on_park = on_park,
        .on_close = on_close,
        .arg = admin,
    };
    admin->tick = timer_new(admin->room.loop, on_tick, admin);
    admin->listener = listener_new(admin->room.loop, fd, &admin_listener_ops, admin);
}

int admin_new(const struct control_room *room, const char *path, const struct config_admin *config,
              struct admin **out)
{
    struct admin *admin = NULL;
    int fd = -1;
    int err = begin(room, path, config, &admin);

    if (err < 0)
        return err;
    CHECK(admin != NULL);
    err = open_socket(admin, (unsigned)config->mode, &fd);
    if (err < 0) {
        free(admin->path);
        free(admin);
        return err;
    }
    serve(admin, fd);
    *out = admin;
    return 0;
}

/* Where a socket listens that somebody else has opened: in a file, under an abstract name, or nowhere. */
static void name_socket(struct admin *admin, int fd)
{
    struct address address = { .len = sizeof address.sa };
    const struct sockaddr_un *un = &address.sa.un;
    size_t start = offsetof(struct sockaddr_un, sun_path);
    bool is_named = getsockname(fd, &address.sa.any, &address.len) == 0 &&
                    un->sun_family == AF_UNIX && address.len > start + 1;
    int len = is_named ? (int)(address.len - start) : 0;

    if (is_named && un->sun_path[0] == '\0')
        snprintf(admin->from, sizeof admin->from, "unix:@%.*s", len - 1, un->sun_path + 1);
    else if (is_named)
        snprintf(admin->from, sizeof admin->from, "unix:%.*s", len, un->sun_path);
    else
        snprintf(admin->from, sizeof admin->from, "unix:(a socket without a name)");
}

int admin_new_open(const struct control_room *room, int fd, const struct config_admin *config,
                   struct admin **out)
{
    struct admin *admin = NULL;
    int err = begin(room, "", config, &admin);

    if (err < 0) {
        close(fd);
        return err;
    }
    CHECK(admin != NULL);
    name_socket(admin, fd);
    serve(admin, fd);
    *out = admin;
    return 0;
}

/* The file goes only while it is the one we made: a newer daemon may have put its own there. */
static void unlink_own(const struct admin *admin)
{
    struct stat now;

    if (stat(admin->path, &now) == 0 && now.st_dev == admin->device && now.st_ino == admin->inode)
        unlink(admin->path);
}

void admin_free(struct admin *admin)
{
    struct admin_client *client = NULL;

    if (admin == NULL)
        return;
    admin->is_closing = true;
    admin->room.quit = NULL; /* it stops already */
    unlink_own(admin);
    listener_free(admin->listener);
    while ((client = TAILQ_FIRST(&admin->clients)) != NULL)
        admin_client_close(client);
    timer_free(admin->tick);
    free(admin->path);
    free(admin);
}
