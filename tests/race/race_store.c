/* room: store
 *
 * Control thread and thread of the store: sets that change, tests, looks and views, the end in the middle of all of it.
 * There is no server: what is tried fails at once.
 */
#include <stdio.h>

#include "base/check.h"
#include "base/err.h"
#include "net/loop.h"
#include "net/timer.h"
#include "store/store.h"

enum { ROUNDS = 200, DATABASES = 6, STORES = 3 };

struct bench {
    struct loop *loop;
    struct timer *timer;
    struct store *store;
    unsigned round;
    unsigned answers;
};

static void on_tested(void *arg, const struct store_test *found)
{
    struct bench *bench = arg;

    (void)found;
    bench->answers++;
}

static void set_databases(struct bench *bench)
{
    static const char *const names[DATABASES] = { "a", "b", "c", "d", "e", "f" };
    static const char *const dsns[3] = { "host=/nowhere/at/all dbname=a", "host=127.0.0.1 port=1",
                                         "host=localhost port=1" };
    struct store_database databases[DATABASES];
    size_t count = bench->round % (DATABASES + 1);

    for (size_t i = 0; i < count; i++)
        databases[i] = (struct store_database){
            .name = names[i],
            .dsn = dsns[(bench->round / 7 + i) % 3],
            .search_path = "public",
            .interval_us = 100000,
            .connect_timeout_us = 50000,
            .query_timeout_us = 50000,
        };
    store_reconfigure(bench->store, databases, count);
}

static void on_round(void *arg)
{
    struct bench *bench = arg;
    struct store_view view;

    if (bench->round % 10 == 0)
        set_databases(bench);
    for (size_t i = 0; i < store_count(bench->store); i++) {
        store_view_at(bench->store, i, &view);
        CHECK(store_look_at(bench->store, view.name) == NULL);
        if (store_test(bench->store, view.name, on_tested, bench) != ERR_OK)
            continue;
    }
    if (++bench->round < ROUNDS)
        timer_arm(bench->timer, 2);
    else
        loop_stop(bench->loop);
}

int main(void)
{
    struct bench bench = { .answers = 0 };

    for (unsigned i = 0; i < STORES; i++) {
        bench.loop = loop_new();
        bench.timer = timer_new(bench.loop, on_round, &bench);
        bench.store = store_new(bench.loop);
        bench.round = i;
        timer_arm(bench.timer, 0);
        loop_run(bench.loop);
        store_free(bench.store);
        timer_free(bench.timer);
        loop_free(bench.loop);
    }
    CHECK(bench.answers > 0);
    printf("%u tests were answered\n", bench.answers);
    return 0;
}
