/* The table of signals: levels with hysteresis, words, old values, other configurations. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "config/config.h"
#include "pilot/signals.h"

#define MINUTE 60000000ull

static char cpu_name[] = "cpu", complaints_name[] = "complaints", free_name[] = "free";
static char warn[] = "> 70", critical[] = "> 85", high[] = "= high", few[] = "< 20", none[] = "< 5";
static char shop_name[] = "shop", api_name[] = "api";

static struct config_signal shop_signals[3];
static struct config_signal api_signals[1];
static struct config_service services[2];
static struct config config;
static struct signals *signals;
static char changes[400]; /* "cpu:unknown>ok " … */

static void on_change(void *arg, const struct signal_view *view, enum signal_level was)
{
    size_t len = strlen(changes);

    (void)arg;
    snprintf(changes + len, sizeof changes - len, "%s:%s>%s ", view->signal->name,
             signal_level_name(was), signal_level_name(view->level));
}

static void begin(void)
{
    shop_signals[0] = (struct config_signal){
        .name = cpu_name, .warn = warn, .critical = critical, .stale = 5 * MINUTE, .consecutive = 2
    };
    shop_signals[1] = (struct config_signal){
        .name = complaints_name, .critical = high, .stale = 0, .consecutive = 1
    };
    shop_signals[2] = (struct config_signal){
        .name = free_name, .warn = few, .critical = none, .stale = MINUTE, .consecutive = 1
    };
    api_signals[0] = shop_signals[0];
    services[0] =
        (struct config_service){ .name = shop_name, .signals = shop_signals, .signal_count = 3 };
    services[1] =
        (struct config_service){ .name = api_name, .signals = api_signals, .signal_count = 1 };
    config = (struct config){ .services = services, .service_count = 2 };
    changes[0] = '\0';
    signals = signals_new(on_change, NULL);
    signals_configure(signals, &config);
}

static void end(void)
{
    signals_free(signals);
}

TestSuite(signals, .init = begin, .fini = end);

static void set(const char *name, const char *value)
{
    char words[SIGNALS_WORDS];

    cr_assert_eq(signals_check(signals, 0, name, value, words), 0, "%s", words);
    signals_set(signals, 0, name, value, 1000);
}

static struct signal_view look(unsigned index)
{
    struct signal_view view;

    cr_assert(signals_at(signals, index, &view));
    return view;
}

Test(signals, are_unknown_until_told)
{
    struct signal_view view;

    for (unsigned i = 0; i < 4; i++) {
        cr_expect_eq(look(i).level, SIGNAL_UNKNOWN);
        cr_expect_eq(look(i).set_us, 0);
        cr_expect(!look(i).is_stale);
    }
    cr_expect(!signals_at(signals, 4, &view));
    cr_expect_str_eq(look(3).service, "api");
    cr_expect_eq(look(3).service_index, 1);
}

Test(signals, need_as_many_values_to_reach_a_level_as_to_leave_it)
{
    set("cpu", "60");
    cr_expect_str_eq(changes, "cpu:unknown>ok ");
    set("cpu", "75");
    set("cpu", "60");
    set("cpu", "75");
    cr_expect_eq(look(0).level, SIGNAL_OK, "single values reach no level");
    set("cpu", "90");
    cr_expect_eq(look(0).level, SIGNAL_WARN, "two in a row were beyond it");
    set("cpu", "90");
    cr_expect_eq(look(0).level, SIGNAL_CRITICAL);
    set("cpu", "50");
    set("cpu", "90");
    set("cpu", "50");
    cr_expect_eq(look(0).level, SIGNAL_CRITICAL, "single values leave none");
    set("cpu", "75");
    cr_expect_eq(look(0).level, SIGNAL_WARN);
    set("cpu", "50");
    cr_expect_eq(look(0).level, SIGNAL_WARN);
    set("cpu", "50");
    cr_expect_eq(look(0).level, SIGNAL_OK);
    cr_expect_str_eq(changes, "cpu:unknown>ok cpu:ok>warn cpu:warn>critical cpu:critical>warn "
                              "cpu:warn>ok ");
    cr_expect_str_eq(look(0).value, "50");
    cr_expect_eq(look(3).level, SIGNAL_UNKNOWN, "the other service's is another one");
}

Test(signals, may_fall_from_critical_to_good)
{
    set("free", "3");
    set("free", "50");
    cr_expect_str_eq(changes, "free:unknown>critical free:critical>ok ");
}

Test(signals, stay_unknown_until_bad_values_are_enough)
{
    set("cpu", "99");
    cr_expect_eq(look(0).level, SIGNAL_UNKNOWN);
    cr_expect(!look(0).is_stale);
    set("cpu", "99");
    cr_expect_str_eq(changes, "cpu:unknown>critical ");
}

Test(signals, may_be_words)
{
    set("complaints", "few");
    set("complaints", "high");
    set("complaints", "some");
    cr_expect_str_eq(changes,
                     "complaints:unknown>ok complaints:ok>critical complaints:critical>ok ");
}

Test(signals, grow_old_and_are_then_unknown_never_good)
{
    set("cpu", "10");
    set("complaints", "few");
    signals_tick(signals, 1000 + 5 * MINUTE - 1);
    cr_expect_eq(look(0).level, SIGNAL_OK);
    signals_tick(signals, 1000 + 5 * MINUTE);
    cr_expect_eq(look(0).level, SIGNAL_UNKNOWN);
    cr_expect(look(0).is_stale);
    cr_expect_str_eq(look(0).value, "10");
    signals_tick(signals, 1000 + 500 * MINUTE);
    cr_expect_eq(look(1).level, SIGNAL_OK, "stale = 0 never grows old");
    set("cpu", "99"); /* what was before the silence does not count */
    cr_expect_eq(look(0).level, SIGNAL_UNKNOWN);
    cr_expect(!look(0).is_stale);
    set("cpu", "99");
    cr_expect_str_eq(changes, "cpu:unknown>ok complaints:unknown>ok cpu:ok>unknown "
                              "cpu:unknown>critical ");
}

Test(signals, refuse_what_they_do_not_know)
{
    char words[SIGNALS_WORDS];

    cr_expect_eq(signals_check(signals, 0, "cpus", "1", words), ERR_NOT_FOUND);
    cr_expect_str_eq(words, "no signal cpus of shop; there are: cpu, complaints, free");
    cr_expect_eq(signals_check(signals, 0, "cpu", "much", words), ERR_INVALID);
    cr_expect_str_eq(words, "\"much\" is no value of signal cpu, which is compared with \"> 85\"");
    cr_expect_eq(signals_check(signals, 0, "complaints", "a b", words), ERR_INVALID);
    services[1].signal_count = 0;
    signals_configure(signals, &config);
    cr_expect_eq(signals_check(signals, 1, "cpu", "1", words), ERR_NOT_FOUND);
    cr_expect_str_eq(words,
                     "no signal cpu of api; none is configured (service { signal NAME { … } })");
    cr_expect(signals_has(signals, 0, "cpu"));
    cr_expect(!signals_has(signals, 1, "cpu"));
}

Test(signals, keep_their_values_over_a_reload)
{
    struct config_signal fewer[2];

    set("cpu", "99");
    set("cpu", "99");
    set("complaints", "high");
    fewer[0] = shop_signals[0];
    fewer[1] = shop_signals[1];
    services[0].signals = fewer;
    services[0].signal_count = 2;
    signals_configure(signals, &config);
    cr_expect_eq(look(0).level, SIGNAL_CRITICAL);
    cr_expect_str_eq(look(0).value, "99");
    cr_expect_eq(look(1).level, SIGNAL_CRITICAL);
    fewer[1].critical = critical; /* a number now: the word means nothing any more */
    signals_configure(signals, &config);
    cr_expect_eq(look(0).level, SIGNAL_CRITICAL);
    cr_expect_eq(look(1).level, SIGNAL_UNKNOWN);
    cr_expect_str_eq(look(1).value, "");
    services[0].signal_count = 1;
    signals_configure(signals, &config);
    services[0].signals = shop_signals;
    services[0].signal_count = 3;
    signals_configure(signals, &config);
    cr_expect_eq(look(1).level, SIGNAL_UNKNOWN, "it was gone in between");
}
