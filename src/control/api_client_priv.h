/*
 * One connection to the control plane's HTTP listener: one request at a time, GET and HEAD, no bodies. A head
 * has at most 8 KiB; times are the owner's. Owner: the api. Thread: control.
 */
#ifndef CONTROL_API_CLIENT_PRIV_H
#define CONTROL_API_CLIENT_PRIV_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

enum {
    API_HEAD_BYTES = 8 * 1024,
    API_BODY_MAX = 64 << 20,
};

struct loop;
struct api_client;
TAILQ_HEAD(api_client_list, api_client);

struct api_reply {
    int status;
    const char *type; /* media type of body */
    struct text body;
};

struct api_client_owner {
    unsigned head_ms; /* for a whole head, from its first byte; also for the first request */
    unsigned send_ms; /* without any progress of the response */
    unsigned idle_ms; /* between two requests */
    struct loop *loop;
    void (*answer)(void *arg, struct slice path,
                   struct api_reply *reply); /* reply is a 404 before */
    void (*on_close)(void *arg);
    void *arg;
};

/* Takes fd. */
MUST_CHECK int api_client_open(const struct api_client_owner *owner, int fd,
                               struct api_client_list *list);
void api_client_close(struct api_client *client); /* may be called twice */
struct api_client *api_client_next(const struct api_client *client);

/* How long it has been waited for; 0: it is being served. */
uint64_t api_client_idle_us(const struct api_client *client, uint64_t now_us);

#endif
