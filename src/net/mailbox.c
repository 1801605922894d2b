/* Messages to a loop from other threads: a locked queue and an eventfd. See net/mailbox.h. */
#include "net/mailbox.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/loop.h"

struct letter {
    STAILQ_ENTRY(letter) entry;
    struct mail mail;
};

STAILQ_HEAD(letters, letter);

struct mailbox {
    struct event event;
    int fd;
    pthread_mutex_t lock;
    struct letters letters;
    mailbox_fn *on_mail;
    void *arg;
};

void mailbox_receive(struct mailbox *mailbox)
{
    struct letters taken = STAILQ_HEAD_INITIALIZER(taken);

    pthread_mutex_lock(&mailbox->lock);
    STAILQ_CONCAT(&taken, &mailbox->letters);
    pthread_mutex_unlock(&mailbox->lock);
    while (!STAILQ_EMPTY(&taken)) {
        struct letter *letter = STAILQ_FIRST(&taken);
        struct mail mail = letter->mail;

        STAILQ_REMOVE_HEAD(&taken, entry);
        free(letter);
        mailbox->on_mail(mailbox->arg, &mail);
    }
}

static void on_letters(evutil_socket_t fd, short what, void *arg)
{
    uint64_t count = 0;

    (void)what;
    if (read(fd, &count, sizeof count) < 0)
        return; /* spurious */
    mailbox_receive(arg);
}

struct mailbox *mailbox_new(struct loop *loop, mailbox_fn *on_mail, void *arg)
{
    struct mailbox *mailbox = mem_zalloc(sizeof *mailbox);

    mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(mailbox->fd >= 0);
    pthread_mutex_init(&mailbox->lock, NULL);
    STAILQ_INIT(&mailbox->letters);
    mailbox->on_mail = on_mail;
    mailbox->arg = arg;
    event_assign(&mailbox->event, loop_base(loop), mailbox->fd, EV_READ | EV_PERSIST, on_letters,
                 mailbox);
    CHECK(event_add(&mailbox->event, NULL) == 0);
    return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    event_del(&mailbox->event);
    close(mailbox->fd);
    while (!STAILQ_EMPTY(&mailbox->letters)) {
        struct letter *letter = STAILQ_FIRST(&mailbox->letters);

        STAILQ_REMOVE_HEAD(&mailbox->letters, entry);
        free(letter);
    }
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

void mailbox_post(struct mailbox *mailbox, const struct mail *mail)
{
    struct letter *letter = mem_zalloc(sizeof *letter);
    uint64_t one = 1;

    letter->mail = *mail;
    pthread_mutex_lock(&mailbox->lock);
    STAILQ_INSERT_TAIL(&mailbox->letters, letter, entry);
    pthread_mutex_unlock(&mailbox->lock);
    /* fails only when the counter is at its maximum, and then the loop is awake already */
    if (write(mailbox->fd, &one, sizeof one) < 0)
        return;
}
