/*
 * Messages between threads: any thread posts, the loop's thread receives in order. For the control plane;
 * nothing on the request path posts.
 */
#ifndef NET_MAILBOX_H
#define NET_MAILBOX_H

#include <stdint.h>

struct loop;
struct mailbox;

struct mail {
    int kind;
    uint64_t number;
    void *object;
    void *more;
};

typedef void mailbox_fn(void *arg, const struct mail *mail);

struct mailbox *mailbox_new(struct loop *loop, mailbox_fn *on_mail, void *arg);

/* Receives what was posted so far, without waiting for the loop's turn; also after the loop has ended. */
void mailbox_receive(struct mailbox *mailbox);

/* What was posted and not received is dropped; nobody may post any more. */
void mailbox_free(struct mailbox *mailbox);
void mailbox_post(struct mailbox *mailbox, const struct mail *mail); /* any thread */

#endif
