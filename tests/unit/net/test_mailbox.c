/* Messages from other threads, in order: net/mailbox.h. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "drive.h"
#include "net/mailbox.h"

enum { THREADS = 4, LETTERS = 2000 };

struct receiver {
    struct loop *loop;
    struct mailbox *mailbox;
    unsigned received;
    uint64_t next[THREADS];
    unsigned disordered;
};

struct sender {
    pthread_t thread;
    struct mailbox *mailbox;
    int number;
};

static void on_mail(void *arg, const struct mail *mail)
{
    struct receiver *receiver = arg;

    receiver->received++;
    if (mail->object != receiver || mail->number != receiver->next[mail->kind])
        receiver->disordered++;
    receiver->next[mail->kind] = mail->number + 1;
    if (mail->more != NULL) /* a receiver may post to itself */
        mailbox_post(
            receiver->mailbox,
            &(struct mail){ .kind = mail->kind, .number = mail->number + 1, .object = receiver });
}

static void set_up_receiver(struct receiver *receiver)
{
    *receiver = (struct receiver){ .loop = loop_new() };
    receiver->mailbox = mailbox_new(receiver->loop, on_mail, receiver);
}

static struct receiver receiver;

static void *run_sender(void *arg)
{
    const struct sender *sender = arg;

    for (uint64_t i = 0; i < LETTERS; i++)
        mailbox_post(sender->mailbox,
                     &(struct mail){ .kind = sender->number, .number = i, .object = &receiver });
    return NULL;
}

static bool has_all(void *arg)
{
    (void)arg;
    return receiver.received == THREADS * LETTERS;
}

static bool has_two(void *arg)
{
    (void)arg;
    return receiver.received == 2;
}

Test(mailbox, keeps_the_order_of_each_sender)
{
    struct sender senders[THREADS];

    set_up_receiver(&receiver);
    for (int i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){ .mailbox = receiver.mailbox, .number = i };
        cr_assert_eq(pthread_create(&senders[i].thread, NULL, run_sender, &senders[i]), 0);
    }
    cr_assert(drive_until(receiver.loop, has_all, NULL), "%u received", receiver.received);
    for (int i = 0; i < THREADS; i++)
        pthread_join(senders[i].thread, NULL);
    cr_assert_eq(receiver.disordered, 0);
    mailbox_free(receiver.mailbox);
    loop_free(receiver.loop);
}

Test(mailbox, a_receiver_may_post)
{
    set_up_receiver(&receiver);
    mailbox_post(receiver.mailbox, &(struct mail){ .object = &receiver, .more = &receiver });
    cr_assert(drive_until(receiver.loop, has_two, NULL));
    cr_assert_eq(receiver.disordered, 0);
    mailbox_free(receiver.mailbox);
    loop_free(receiver.loop);
}

Test(mailbox, what_was_not_received_is_dropped)
{
    set_up_receiver(&receiver);
    for (int i = 0; i < 10; i++)
        mailbox_post(receiver.mailbox, &(struct mail){ .object = &receiver });
    mailbox_free(receiver.mailbox); /* the leak check speaks */
    drive_for(receiver.loop, 5);
    cr_assert_eq(receiver.received, 0);
    mailbox_free(NULL);
    loop_free(receiver.loop);
}
