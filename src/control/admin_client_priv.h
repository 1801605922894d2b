/*
 * One connection to the admin socket: lines in, commands one after the other, answers out. While an answer is
 * not sent or a command is parked nothing further is read, so a client costs at most one line and one answer. A line
 * that ends with the word << is followed by a payload: lines up to an empty one, which go to its last command as they come,
 * a bounded part in each turn of the loop.
 * Owner: the admin socket. Thread: control.
 */
#ifndef CONTROL_ADMIN_CLIENT_PRIV_H
#define CONTROL_ADMIN_CLIENT_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/check.h"
#include "control/admin.h"
#include "control/peer_priv.h"

enum { ADMIN_LINE_MAX = 16 * 1024, ADMIN_PAYLOAD_MAX = 256 << 20 };

struct admin_client;
TAILQ_HEAD(admin_client_list, admin_client);

/* What a client asks of its owner. */
struct admin_client_owner {
    unsigned idle_ms;        /* for the next whole line */
    unsigned prompt_idle_ms; /* the same after `prompt` */
    unsigned send_ms;        /* without any progress of the answer */
    const struct control_room *room;
    void (*on_park)(void *arg); /* a command waits: ticks are needed */
    void (*on_close)(void *arg,
                     struct admin_client *client); /* it leaves the list; memory dies later */
    void *arg;
};

/* Takes fd. ERR_*: it could not be registered; fd is closed. */
MUST_CHECK int admin_client_open(const struct admin_client_owner *owner, int fd,
                                 const struct peer *peer, struct admin_client_list *list);
void admin_client_close(struct admin_client *client); /* may be called twice */

/* Every CALL_TICK_MS while something is parked: asks waiting commands, and notices clients that are gone. */
void admin_client_tick(struct admin_client *client);
bool admin_client_is_parked(const struct admin_client *client);

/* How long it has been waited for without a command at work; 0 while one is. */
uint64_t admin_client_idle_us(const struct admin_client *client, uint64_t now_us);
struct admin_client *admin_client_next(const struct admin_client *client);

#endif
