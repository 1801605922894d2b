/* Servers that mean no good, and none at all; sets that change; tests; the end. src/store/store.c and what it runs. */
#include "store/store.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "fake_server.h"
#include "net/loop.h"
#include "net/timer.h"
#include "store/store_test.h"

enum { PATIENCE_TURNS = 8000 };

/* A loop that is turned until something is so. */
struct driver {
    struct loop *loop;
    struct timer *timer;
    bool (*is_met)(struct driver *driver);
    unsigned turns;
    struct store *store;
    const char *name;
    enum store_condition wanted;
    struct store_view view;
    struct store_test found;
    unsigned answers;
};

static void on_turn(void *arg)
{
    struct driver *driver = arg;

    if (driver->is_met(driver) || ++driver->turns > PATIENCE_TURNS)
        loop_stop(driver->loop);
    else
        timer_arm(driver->timer, 1);
}

static bool drive(struct driver *driver, bool (*is_met)(struct driver *driver))
{
    driver->is_met = is_met;
    driver->turns = 0;
    timer_arm(driver->timer, 0);
    loop_run(driver->loop);
    return is_met(driver);
}

static bool is_in_condition(struct driver *driver)
{
    return store_view(driver->store, driver->name, &driver->view) &&
           driver->view.condition == driver->wanted && driver->view.connects > 0;
}

static bool is_answered(struct driver *driver)
{
    return driver->answers > 0;
}

static void open_driver(struct driver *driver)
{
    *driver = (struct driver){ .loop = loop_new(), .name = "shop", .wanted = STORE_DOWN };
    driver->timer = timer_new(driver->loop, on_turn, driver);
    driver->store = store_new(driver->loop);
}

static void close_driver(struct driver *driver)
{
    store_free(driver->store);
    timer_free(driver->timer);
    loop_free(driver->loop);
}

static struct store_database database_of(const char *name, const char *dsn)
{
    return (struct store_database){
        .name = name,
        .dsn = dsn,
        .search_path = "public",
        .interval_us = 100000,
        .connect_timeout_us = 200000,
        .query_timeout_us = 200000,
    };
}

static void watch_one(struct driver *driver, const char *dsn)
{
    struct store_database database = database_of("shop", dsn);

    store_reconfigure(driver->store, &database, 1);
}

struct manner_case {
    enum fake_manner manner;
    enum store_condition condition;
    const char *words;
};

static const struct manner_case manners[] = {
    { FAKE_NO_WORDS, STORE_DOWN, "" },
    { FAKE_GARBAGE, STORE_DOWN, "" },
    { FAKE_HUGE, STORE_DOWN, "" },
    { FAKE_CLOSES, STORE_DOWN, "server closed the connection unexpectedly" },
    { FAKE_NO_FIELDS, STORE_DOWN, "settings of the session: " },
    { FAKE_COPY, STORE_DOWN, "" },
    { FAKE_HANGS, STORE_UNKNOWN, "no login within 200 ms" },
};

Test(store, servers_that_mean_no_good)
{
    for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
        struct fake_server *server = fake_server_start(manners[i].manner);
        struct driver driver;

        open_driver(&driver);
        driver.wanted = manners[i].condition;
        watch_one(&driver, fake_server_dsn(server));
        cr_expect(drive(&driver, is_in_condition), "case %zu", i);
        cr_expect(strlen(driver.view.words) > 0, "case %zu has no words", i);
        cr_expect(strstr(driver.view.words, manners[i].words) != NULL, "case %zu: %s", i,
                  driver.view.words);
        cr_expect(strlen(driver.view.remedy) > 0);
        cr_expect_eq(driver.view.look_age_us, UINT64_MAX);
        cr_expect_null(store_look_at(driver.store, "shop"));
        close_driver(&driver);
        fake_server_stop(server);
    }
}

/* The settings are taken as they come; the facts are not. */
Test(store, an_answer_that_is_not_understood)
{
    struct fake_server *server = fake_server_start(FAKE_NO_COLUMNS);
    struct driver driver;

    open_driver(&driver);
    watch_one(&driver, fake_server_dsn(server));
    cr_expect(drive(&driver, is_in_condition));
    cr_expect(strstr(driver.view.words, "not understood") != NULL, "%s", driver.view.words);
    cr_expect_eq(driver.view.connects, 1u, "another session would not be better");
    close_driver(&driver);
    fake_server_stop(server);
}

static void on_tested(void *arg, const struct store_test *found)
{
    struct driver *driver = arg;

    driver->found = *found;
    driver->answers++;
}

Test(store, a_test_is_answered_once_whatever_comes)
{
    struct fake_server *server = fake_server_start(FAKE_HANGS);
    struct driver driver;

    open_driver(&driver);
    cr_expect_eq(store_test(driver.store, "shop", on_tested, &driver), ERR_NOT_FOUND);
    watch_one(&driver, fake_server_dsn(server));
    cr_expect_eq(store_test(driver.store, "shop", on_tested, &driver), ERR_OK);
    cr_expect_eq(store_test(driver.store, "shop", on_tested, &driver), ERR_AGAIN);
    cr_expect(drive(&driver, is_answered));
    cr_expect_not(driver.found.is_ok);
    cr_expect(strstr(driver.found.words, "no login within 200 ms") != NULL);
    driver.answers = 0;
    cr_expect_eq(store_test(driver.store, "shop", on_tested, &driver), ERR_OK);
    store_reconfigure(driver.store, NULL, 0);
    cr_expect(drive(&driver, is_answered), "the database is gone, the question is not");
    watch_one(&driver, fake_server_dsn(server));
    driver.answers = 0;
    cr_expect_eq(store_test(driver.store, "shop", on_tested, &driver), ERR_OK);
    close_driver(&driver);
    cr_expect_eq(driver.answers, 1u);
    cr_expect_str_eq(driver.found.words, "the daemon stops");
    fake_server_stop(server);
}

Test(store, what_is_as_before_is_kept)
{
    struct driver driver;
    struct store_database two[2] = { database_of("shop", "host=/nowhere/at/all dbname=a"),
                                     database_of("else", "host=/nowhere/at/all dbname=b") };
    uint64_t connects = 0;

    open_driver(&driver);
    cr_expect_eq(store_count(driver.store), 0u);
    store_reconfigure(driver.store, two, 2);
    cr_expect(drive(&driver, is_in_condition));
    connects = driver.view.connects;
    two[1].interval_us = 300000;
    store_reconfigure(driver.store, two, 2);
    cr_expect(store_view(driver.store, "shop", &driver.view));
    cr_expect(driver.view.connects >= connects && driver.view.condition == STORE_DOWN);
    cr_expect(store_view(driver.store, "else", &driver.view));
    cr_expect_eq(driver.view.connects, 0u);
    cr_expect_str_eq(driver.view.words, "it was not asked yet");
    store_reconfigure(driver.store, &two[1], 1);
    cr_expect_not(store_view(driver.store, "shop", &driver.view));
    store_view_at(driver.store, 0, &driver.view);
    cr_expect_str_eq(driver.view.name, "else");
    close_driver(&driver);
    store_free(NULL);
}

Test(store, conditions_have_names)
{
    cr_expect_str_eq(store_condition_name(STORE_UNKNOWN), "unknown");
    cr_expect_str_eq(store_condition_name(STORE_UP), "up");
    cr_expect_str_eq(store_condition_name(STORE_DOWN), "down");
}
