/*
 * A raw client: sends exact bytes, however cut, and receives what comes. Blocking with deadlines. It never
 * hides how a connection ended: `ended` after a FIN, `was_reset` after a RST. Owner: the test. One thread.
 */
#ifndef SUPPORT_CLIENT_H
#define SUPPORT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "support/reply.h"

struct client {
    int fd;
    struct text in; /* all bytes received so far */
    size_t taken;   /* of them already given out as responses */
    bool ended;     /* no more bytes will come */
    bool was_reset;
};

/* Connects to "127.0.0.1:80", "[::1]:80" or "unix:/path"; false when refused. */
bool client_try(struct client *client, const char *address);
void client_open(struct client *client, const char *address); /* ends the test when refused */
void client_close(struct client *client);
void client_reset(struct client *client); /* RST instead of FIN */
void client_half_close(struct client *client);

/* false when the peer would not take all of it (closed, or ms are over). */
bool client_send(struct client *client, const void *bytes, size_t size);
bool client_send_text(struct client *client, const char *text);

/* One write per byte with TCP_NODELAY. */
bool client_send_bytewise(struct client *client, const void *bytes, size_t size);

/* Reads what is there, waiting at most ms for the first byte; false when nothing came (or it ended). */
bool client_pull(struct client *client, unsigned ms);

/* The next response, interim ones included. REPLY_MORE: not whole after ms. reply starts zeroed; its slices
 * point into client->in and are valid until the next call. */
enum reply_state client_reply(struct client *client, bool to_head, unsigned ms,
                              struct reply *reply);

/* The end of the connection without a further byte beyond what was taken; false: bytes came, or ms over. */
bool client_await_end(struct client *client, unsigned ms);

/* All until the end of the connection; false: not ended after ms. */
bool client_drain(struct client *client, unsigned ms);

/* A request on a connection of its own; the status, or -1. body may be NULL, else it gets the body. */
int client_ask(const char *address, const char *request, struct text *body);

#endif
