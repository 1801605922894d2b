/* The thread of the store: see store_thread_priv.h. */
#include "store/store_thread_priv.h"

#include <errno.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/loop.h"
#include "store/db_spec_priv.h"
#include "store/db_state_priv.h"
#include "store/db_test_priv.h"
#include "store/db_watch_priv.h"
#include "store/store_test.h"

enum { LONGEST_END_S = 3 };

enum order { ORDER_SET, ORDER_TEST, ORDER_HURRY, ORDER_STOP };

struct wanted_set {
    size_t count;
    struct store_wanted items[];
};

/* One database and the test that is under way there. */
struct charge {
    struct store_thread *thread;
    struct db_watch *watch;
    struct db_test *test; /* NULL: none */
};

struct store_thread {
    pthread_t thread;
    struct loop *loop;
    struct mailbox *orders;
    struct mailbox *control;
    struct charge **charges;
    size_t count;
};

static void on_state(void *arg, uint64_t id, const struct db_state *state)
{
    struct store_thread *thread = arg;
    struct db_state *copy = mem_alloc(sizeof *copy);

    *copy = *state;
    mailbox_post(thread->control,
                 &(struct mail){ .kind = STORE_STATE, .number = id, .object = copy });
}

static void post_test(struct store_thread *thread, uint64_t id, const struct store_test *found)
{
    struct store_test *copy = mem_alloc(sizeof *copy);

    *copy = *found;
    mailbox_post(thread->control,
                 &(struct mail){ .kind = STORE_TESTED, .number = id, .object = copy });
}

static void post_gone(struct store_thread *thread, uint64_t id)
{
    struct store_test found = { .is_ok = false };

    snprintf(found.words, sizeof found.words, "the configuration of the database was changed");
    snprintf(found.remedy, sizeof found.remedy, "test it again");
    post_test(thread, id, &found);
}

static void on_tested(void *arg, const struct store_test *found)
{
    struct charge *charge = arg;

    post_test(charge->thread, db_watch_id(charge->watch), found);
    db_test_free(charge->test);
    charge->test = NULL;
}

static void drop_charge(struct store_thread *thread, struct charge *charge)
{
    if (charge->test != NULL)
        post_gone(thread, db_watch_id(charge->watch));
    db_test_free(charge->test);
    db_watch_free(charge->watch);
    free(charge);
}

static struct charge *take_charge(struct store_thread *thread, uint64_t id)
{
    for (size_t i = 0; i < thread->count; i++) {
        struct charge *charge = thread->charges[i];

        if (charge == NULL || db_watch_id(charge->watch) != id)
            continue;
        thread->charges[i] = NULL;
        return charge;
    }
    return NULL;
}

static void take_set(struct store_thread *thread, struct wanted_set *set)
{
    struct charge **charges = mem_zalloc((set->count + 1) * sizeof *charges);

    for (size_t i = 0; i < set->count; i++) {
        charges[i] = take_charge(thread, set->items[i].id);
        if (charges[i] != NULL)
            continue;
        charges[i] = mem_zalloc(sizeof *charges[i]);
        charges[i]->thread = thread;
        charges[i]->watch =
            db_watch_new(thread->loop, set->items[i].id, set->items[i].spec, on_state, thread);
    }
    for (size_t i = 0; i < thread->count; i++)
        if (thread->charges[i] != NULL)
            drop_charge(thread, thread->charges[i]);
    free(thread->charges);
    thread->charges = charges;
    thread->count = set->count;
    free(set);
}

static struct charge *find_charge(const struct store_thread *thread, uint64_t id)
{
    for (size_t i = 0; i < thread->count; i++)
        if (db_watch_id(thread->charges[i]->watch) == id)
            return thread->charges[i];
    return NULL;
}

static void hurry(struct store_thread *thread, uint64_t id)
{
    struct charge *charge = find_charge(thread, id);

    if (charge != NULL)
        db_watch_hurry(charge->watch);
}

static void begin_test(struct store_thread *thread, uint64_t id)
{
    struct charge *charge = find_charge(thread, id);

    if (charge == NULL || charge->test != NULL) {
        post_gone(thread, id);
        return;
    }
    charge->test = db_test_new(thread->loop, db_watch_spec(charge->watch),
                               db_watch_names(charge->watch), on_tested, charge);
}

static void on_order(void *arg, const struct mail *mail)
{
    struct store_thread *thread = arg;

    switch ((enum order)mail->kind) {
    case ORDER_SET: take_set(thread, mail->object); break;
    case ORDER_TEST: begin_test(thread, mail->number); break;
    case ORDER_HURRY: hurry(thread, mail->number); break;
    case ORDER_STOP: loop_stop(thread->loop); break;
    }
}

/* Sessions end here, too: the end of one may have to be sent. */
static void *run_thread(void *arg)
{
    struct store_thread *thread = arg;

    loop_run(thread->loop);
    for (size_t i = 0; i < thread->count; i++)
        drop_charge(thread, thread->charges[i]);
    free(thread->charges);
    return NULL;
}

struct store_thread *store_thread_new(struct mailbox *control)
{
    struct store_thread *thread = mem_zalloc(sizeof *thread);

    PQinitOpenSSL(0, 0); /* the process has done it */
    thread->control = control;
    thread->loop = loop_new();
    thread->orders = mailbox_new(thread->loop, on_order, thread);
    CHECK(pthread_create(&thread->thread, NULL, run_thread, thread) == 0);
    return thread;
}

bool store_thread_free(struct store_thread *thread)
{
    struct timespec until;

    mailbox_post(thread->orders, &(struct mail){ .kind = ORDER_STOP });
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LONGEST_END_S;
    if (pthread_timedjoin_np(thread->thread, NULL, &until) != 0)
        return false;
    mailbox_free(thread->orders);
    loop_free(thread->loop);
    free(thread);
    return true;
}

void store_thread_set(struct store_thread *thread, const struct store_wanted *wanted, size_t count)
{
    struct wanted_set *set = mem_zalloc(sizeof *set + count * sizeof *set->items);

    set->count = count;
    if (count > 0)
        memcpy(set->items, wanted, count * sizeof *wanted);
    mailbox_post(thread->orders, &(struct mail){ .kind = ORDER_SET, .object = set });
}

void store_thread_hurry(struct store_thread *thread, uint64_t id)
{
    mailbox_post(thread->orders, &(struct mail){ .kind = ORDER_HURRY, .number = id });
}

void store_thread_test(struct store_thread *thread, uint64_t id)
{
    mailbox_post(thread->orders, &(struct mail){ .kind = ORDER_TEST, .number = id });
}
