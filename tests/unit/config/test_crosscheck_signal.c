/* Signals: conditions, and what no single value shows. src/config/config_signal.c, crosscheck_signal.c */
#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"
#include "config/config_signal.h"
#include "expect_load.h"

#define COUNT(cases)      (sizeof(cases) / sizeof(cases)[0])
#define SLOT              " slot b { targets = { \"127.0.0.1:2\" } } "
#define IN_SERVICE(words) LISTENER "service s {" SLOT "\n" words "\n}\n"

static const struct load_case cases[] = {
    { IN_SERVICE("signal cpu { warn = \"> 70\" critical = \"> 85\" action = rollback stale = 5m "
                 "consecutive = 3 }"),
      NULL },
    { IN_SERVICE("signal complaints { critical = \"= high\" action = hold }"), NULL },
    { IN_SERVICE("signal free { warn = \"< 20\" critical = \"< 5\" }"), NULL },
    { IN_SERVICE("signal notes { }"), NULL },
    { IN_SERVICE("signal cpu { warn = \"70\" }"), "t.conf:2: warn: '70' is no condition such as" },
    { IN_SERVICE("signal cpu { critical = \"> much\" }"), "critical: '> much' is no condition" },
    { IN_SERVICE("signal cpu { critical = \"> inf\" }"), "critical: '> inf' is no condition" },
    { IN_SERVICE("signal cpu { critical = \"=> 5\" }"), "is no condition" },
    { IN_SERVICE("signal cpu { critical = \">\" }"), "is no condition" },
    { IN_SERVICE("signal cpu { warn = \"> 85\" critical = \"> 70\" }"),
      "t.conf:2: critical: '> 70' is reached before warn '> 85'" },
    { IN_SERVICE("signal free { warn = \"<= 5\" critical = \"< 20\" }"), "is reached before warn" },
    { IN_SERVICE("signal cpu { warn = \"= some\" critical = \"> 70\" }"),
      "compares with a number in one level and with a word in the other" },
    { IN_SERVICE("signal cpu { warn = \"> 70\" action = rollback }"),
      "t.conf:2: action: signal 'cpu' has no critical level, so it would never act" },
    { IN_SERVICE("signal a-name-of-twenty-five-byte { }"), "a name has at most 24 bytes" },
    { IN_SERVICE("signal cpu { action = panic }"),
      "'panic' is not one of alert, rollback or hold" },
    { IN_SERVICE("signal cpu { consecutive = 0 }"), "consecutive" },
    { IN_SERVICE("signal cpu { } signal cpu { }"), "cpu" },
    { IN_SERVICE("signal logins { status = { 401, 403 } path = \"/login\" warn = \"> 10\" "
                 "critical = \"> 50\" per = 1m of = candidate action = rollback }"),
      NULL },
    { IN_SERVICE("signal failures { status = \"5xx\" critical = \">= 1\" }"), NULL },
    { IN_SERVICE("signal quiet { status = \"2xx\" critical = \"< 1\" }"), NULL },
    { IN_SERVICE("paths = { \"/shop/a\" } signal x { status = 401 path = \"/shop\" }"), NULL },
    { IN_SERVICE("paths = { \"/shop/\" } signal x { status = 401 path = \"/shop/login\" }"), NULL },
    { IN_SERVICE("paths = { \"/shop\" } signal x { status = 401 path = \"/sh\" }"),
      "t.conf:2: path: '/sh' is under no path of service 's', so signal 'x' would count nothing" },
    { IN_SERVICE("signal x { status = 401 path = \"/login?a=b\" }"), "has a query" },
    { IN_SERVICE("signal x { status = 1xx }"), "status: no response ends with 100" },
    { IN_SERVICE("signal x { status = 401 warn = \"= high\" }"),
      "warn: '= high' would never be reached: signal 'x' has a status" },
    { IN_SERVICE("signal x { status = 401 critical = \"< 0\" }"), "'< 0' is never so" },
    { IN_SERVICE("signal x { status = 401 critical = \"<= -1\" }"), "'<= -1' is never so" },
    { IN_SERVICE("signal x { status = 401 critical = \"= 0.5\" }"), "'= 0.5' is never so" },
    { IN_SERVICE("signal x { status = 401 critical = \">= 0\" }"), "'>= 0' is always so" },
    { IN_SERVICE("signal x { status = 401 critical = \"> -1\" }"), "'> -1' is always so" },
    { IN_SERVICE("signal x { status = 401 critical = \"!= -3\" }"), "'!= -3' is always so" },
    { IN_SERVICE("signal x { status = 401 stale = 5m }"), "stale: signal 'x' is counted" },
    { IN_SERVICE("signal x { status = 401 per = 5s }"), "per" },
    { IN_SERVICE("signal x { path = \"/login\" }"),
      "t.conf:2: path: signal 'x' has no status, so nothing is counted" },
    { IN_SERVICE("signal x { per = 1m }"), "per: signal 'x' has no status" },
    { IN_SERVICE("signal x { of = candidate }"), "of: signal 'x' has no status" },
};

Test(crosscheck_signal, finds_what_no_value_shows)
{
    expect_cases(cases, COUNT(cases));
}

Test(crosscheck_signal, conditions_hold_as_they_read)
{
    static const struct {
        const char *condition;
        const char *value;
        bool holds;
    } rows[] = {
        { "> 70", "70", false },     { "> 70", "70.01", true },  { ">=70", "70", true },
        { ">= 70", "69.9", false },  { "< 5", "4", true },       { "< 5", "5", false },
        { "<= 5", "5", true },       { "= 5", "5.0", true },     { "!= 5", "5", false },
        { "!= 5", "6", true },       { "= high", "high", true }, { "= high", "low", false },
        { "!= ok", "ok", false },    { "!= ok", "bad", true },   { "> -1", "0", true },
        { "> 1e3", "1000.5", true }, { "> 70", "words", false }, { "= high", "High", false },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct condition condition;

        cr_assert_eq(condition_parse(rows[i].condition, &condition), 0, "%s", rows[i].condition);
        cr_expect_eq(condition_holds(&condition, rows[i].value), rows[i].holds, "%s %s",
                     rows[i].condition, rows[i].value);
    }
}

Test(crosscheck_signal, a_value_is_of_the_kind_that_is_compared)
{
    struct config_signal number = { .critical = (char[]){ "> 5" } };
    struct config_signal word = { .warn = (char[]){ "= high" } };
    struct config_signal any = { .warn = NULL };

    cr_expect(config_signal_takes(&number, "-4.5e2"));
    cr_expect(!config_signal_takes(&number, "high"));
    cr_expect(!config_signal_takes(&number, "nan"));
    cr_expect(!config_signal_takes(&number, "0x10"));
    cr_expect(!config_signal_takes(&number, ""));
    cr_expect(!config_signal_takes(&number, "1 "));
    cr_expect(config_signal_takes(&word, "12"));
    cr_expect(config_signal_takes(&word, "low"));
    cr_expect(!config_signal_takes(&word, "two words"));
    cr_expect(!config_signal_takes(&word, ""));
    cr_expect(config_signal_takes(&any, "anything"));
}
