/* Bodies and what is asked of them: assertions that hold and fail, other slots, clocks, databases, numbers. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health/probe_body_priv.h"

#define NOW_US    1772323200000000 /* 2026-03-01T00:00:00Z */
#define COUNT(of) (sizeof(of) / sizeof(of)[0])

static const char body[] =
    "{ \"status\": \"healthy\", \"environment\": \"green\", \"version\": \"v3.1\", \"build\": 17,"
    "  \"uptime\": 12.5, \"ready\": true, \"off\": false, \"nothing\": null, \"empty\": \"\","
    "  \"checks\": { \"database\": { \"status\": \"ok\", \"pools\": [ { \"active\": 3 }, 8 ] } },"
    "  \"host\": \"app-green-1\", \"other\": \"blue\", \"time\": \"2026-03-01T00:00:20Z\" }";

static struct probe_result judge(const struct probe_body_spec *spec, const char *text)
{
    struct probe_result result = { .fault = FAULT_NONE };

    probe_body_judge(spec, slice_from(text), false, NOW_US, &result);
    return result;
}

static struct probe_result ask(const char *assertion)
{
    static const char *const rivals[] = { "blue", "staging" };
    struct probe_body_spec spec = {
        .assertion_count = 1,
        .assertions = &assertion,
        .slot = "green",
        .version = "v3.1",
        .rival_count = 2,
        .rivals = rivals,
    };

    return judge(&spec, body);
}

static const char *const holding[] = {
    "status=healthy",
    "status!=down",
    "status?",
    "environment=$slot",
    "version=$version",
    "host=app-$slot-1",
    "build=17",
    "build=17.0",
    "build!=18",
    "uptime>=12.5",
    "uptime<=12.5",
    "uptime>12",
    "uptime<13",
    "ready=true",
    "off=false",
    "nothing=null",
    "nothing?",
    "ready!=false",
    "checks.database.status=ok",
    "checks.database.pools[0].active=3",
    "checks.database.pools[1]>7",
    "checks?",
    "checks!=ok",
    "other!=$slot",
};

Test(probe_body, assertions_that_hold)
{
    for (size_t i = 0; i < COUNT(holding); i++) {
        struct probe_result result = ask(holding[i]);

        cr_assert_eq(result.fault, FAULT_NONE, "%s: %s", holding[i], result.words);
        cr_assert_str_eq(result.words, "");
    }
}

static const struct {
    const char *assertion;
    const char *words;
} failing[] = {
    { "status=down", "status is \"healthy\", wanted is down" },
    { "status!=healthy", "status is \"healthy\", wanted is other than healthy" },
    { "Status=healthy", "Status is not in the body" },
    { "missing?", "missing is not in the body" },
    { "missing!=x", "missing is not in the body" },
    { "build=18", "build is 17, wanted is 18" },
    { "build=seventeen", "build is 17, wanted is seventeen" },
    { "uptime>=13", "uptime is 12.5, wanted is at least 13" },
    { "uptime<=12", "uptime is 12.5, wanted is at most 12" },
    { "uptime>12.5", "uptime is 12.5, wanted is more than 12.5" },
    { "uptime<12.5", "uptime is 12.5, wanted is less than 12.5" },
    { "status>=1", "status is \"healthy\", wanted is at least 1" },
    { "ready=false", "ready is true, wanted is false" },
    { "ready=1", "ready is true, wanted is 1" },
    { "nothing=0", "nothing is null, wanted is 0" },
    { "checks=ok", "checks is an object, wanted is ok" },
    { "checks.database.pools=x", "checks.database.pools is an array, wanted is x" },
    { "checks.database.pools[2]?", "checks.database.pools[2] is not in the body" },
    { "checks[0]?", "checks[0] is not in the body" },
    { "checks.database.pools.active?", "checks.database.pools.active is not in the body" },
    { "status.code?", "status.code is not in the body" },
    { "version=$version-rc", "version is \"v3.1\", wanted is v3.1-rc" },
    { "status=$slot", "status is \"healthy\", wanted is green" },
};

Test(probe_body, assertions_that_fail)
{
    for (size_t i = 0; i < COUNT(failing); i++) {
        struct probe_result result = ask(failing[i].assertion);

        cr_assert_eq(result.fault, FAULT_HEALTH_ASSERTION, "%s", failing[i].assertion);
        cr_assert_str_eq(result.words, failing[i].words, "%s", failing[i].assertion);
    }
}

Test(probe_body, who_names_another_slot_is_misdeployed)
{
    struct probe_result result = ask("other=$slot");

    cr_assert_eq(result.fault, FAULT_MISDEPLOYED);
    cr_assert_str_eq(result.words,
                     "misdeployed: it says that it is blue, and is a target of green");
    cr_assert_eq(ask("other=green").fault, FAULT_HEALTH_ASSERTION, "nobody asked for the slot");
    cr_assert_eq(ask("build=$slot").fault, FAULT_HEALTH_ASSERTION, "that is no slot");
}

Test(probe_body, another_slot_is_worse_than_all_else)
{
    const char *const assertions[] = { "status=down", "other=$slot", "missing?" };
    const char *const rivals[] = { "blue" };
    struct probe_body_spec spec = { .assertion_count = 3,
                                    .assertions = assertions,
                                    .slot = "green",
                                    .rival_count = 1,
                                    .rivals = rivals };

    cr_assert_eq(judge(&spec, body).fault, FAULT_MISDEPLOYED);
    spec.rivals = &assertions[2];
    cr_assert_str_eq(judge(&spec, body).words, "status is \"healthy\", wanted is down",
                     "the first is told");
}

Test(probe_body, what_cannot_be_read_is_a_fault_where_something_is_asserted)
{
    static const char *const bad[] = {
        "",
        "healthy",
        "{",
        "{ \"a\": 1, \"a\": 2 }",
        "{ \"status\": \"\xff\" }",
        "{} x",
        "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
    };
    const char *assertion = "status=healthy";
    struct probe_body_spec strict = { .assertion_count = 1, .assertions = &assertion };
    struct probe_body_spec loose = { .database = "database" };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct probe_result result = judge(&strict, bad[i]);

        cr_assert_eq(result.fault, FAULT_HEALTH_ASSERTION, "%s", bad[i]);
        cr_assert_not_null(strstr(result.words, "no JSON that can be read"), "%s", result.words);
        result = judge(&loose, bad[i]);
        cr_assert_eq(result.fault, FAULT_NONE, "%s", bad[i]);
        cr_assert_eq(result.database, PROBE_DATABASE_UNKNOWN);
    }
}

Test(probe_body, a_body_that_was_cut_is_not_read)
{
    const char *assertion = "status=healthy";
    struct probe_body_spec spec = { .assertion_count = 1, .assertions = &assertion };
    struct probe_result result = { .fault = FAULT_NONE };

    probe_body_judge(&spec, slice_from(body), true, NOW_US, &result);
    cr_assert_eq(result.fault, FAULT_HEALTH_ASSERTION);
    cr_assert_not_null(strstr(result.words, "larger than 64 KiB"), "%s", result.words);
}

Test(probe_body, words_are_cut_and_escaped)
{
    const char *assertion = "name=x";
    struct probe_body_spec spec = { .assertion_count = 1, .assertions = &assertion };
    struct probe_result result =
        judge(&spec,
              "{ \"name\": \"a\\u0001\\u000ab\\\"01234567890123456789012345678901234567890123\" }");

    cr_assert_str_eq(
        result.words,
        "name is \"a\\u0001\\u000ab\\\"01234567890123456789012345678901234\", wanted is x");
}

struct clock_case {
    const char *value;
    enum fault fault;
    const char *words;
};

static const struct clock_case clocks[] = {
    { "\"2026-03-01T00:00:20Z\"", FAULT_NONE, "" },
    { "\"2026-02-28T23:59:30Z\"", FAULT_NONE, "" },
    { "1772323210", FAULT_NONE, "" },
    { "1772323190000", FAULT_NONE, "" },
    { "\"2026-03-01T00:00:45Z\"", FAULT_HEALTH_ASSERTION,
      "time is 45s ahead of our clock, at most 30s is wanted" },
    { "1772323100", FAULT_HEALTH_ASSERTION,
      "time is 100s behind our clock, at most 30s is wanted" },
    { "\"soon\"", FAULT_HEALTH_ASSERTION, "time is no time" },
    { "true", FAULT_HEALTH_ASSERTION, "time is no time" },
};

Test(probe_body, clocks_that_differ)
{
    struct probe_body_spec spec = { .timestamp = "time", .skew_us = 30000000 };

    for (size_t i = 0; i < COUNT(clocks); i++) {
        char text[100];
        struct probe_result result;

        snprintf(text, sizeof text, "{ \"time\": %s }", clocks[i].value);
        result = judge(&spec, text);
        cr_assert_eq(result.fault, clocks[i].fault, "%s", text);
        cr_assert_str_eq(result.words, clocks[i].words, "%s", text);
    }
    cr_assert_str_eq(judge(&spec, "{}").words, "time is not in the body");
}

static const struct {
    const char *text;
    enum probe_database database;
} databases[] = {
    { "{ \"db\": \"healthy\" }", PROBE_DATABASE_GOOD },
    { "{ \"db\": \"OK\" }", PROBE_DATABASE_GOOD },
    { "{ \"db\": \"up\" }", PROBE_DATABASE_GOOD },
    { "{ \"db\": \"connected\" }", PROBE_DATABASE_GOOD },
    { "{ \"db\": \"true\" }", PROBE_DATABASE_GOOD },
    { "{ \"db\": true }", PROBE_DATABASE_GOOD },
    { "{ \"db\": { \"status\": \"ok\", \"ms\": 3 } }", PROBE_DATABASE_GOOD },
    { "{ \"db\": { \"status\": { \"status\": true } } }", PROBE_DATABASE_GOOD },
    { "{ \"db\": \"down\" }", PROBE_DATABASE_BAD },
    { "{ \"db\": \"\" }", PROBE_DATABASE_BAD },
    { "{ \"db\": false }", PROBE_DATABASE_BAD },
    { "{ \"db\": null }", PROBE_DATABASE_BAD },
    { "{ \"db\": 1 }", PROBE_DATABASE_BAD },
    { "{ \"db\": {} }", PROBE_DATABASE_BAD },
    { "{ \"db\": [ \"ok\" ] }", PROBE_DATABASE_BAD },
    { "{ \"db\": { \"status\": \"degraded\" } }", PROBE_DATABASE_BAD },
    { "{ \"database\": \"ok\" }", PROBE_DATABASE_UNKNOWN },
};

Test(probe_body, the_database_is_told_apart)
{
    struct probe_body_spec spec = { .database = "db" };

    for (size_t i = 0; i < COUNT(databases); i++) {
        struct probe_result result = judge(&spec, databases[i].text);

        cr_assert_eq(result.fault, FAULT_NONE, "%s: alive all the same", databases[i].text);
        cr_assert_eq(result.database, databases[i].database, "%s", databases[i].text);
    }
}

Test(probe_body, what_the_head_said_of_the_database_stays_when_it_is_bad)
{
    struct probe_body_spec spec = { .database = "db" };
    struct probe_result result = { .database = PROBE_DATABASE_BAD };

    probe_body_judge(&spec, SLICE("{ \"db\": \"ok\" }"), false, NOW_US, &result);
    cr_assert_eq(result.database, PROBE_DATABASE_BAD);
}

Test(probe_body, numbers_are_kept)
{
    const char *const gauges[] = { "uptime", "missing", "status",
                                   "ready",  "off",     "checks.database.pools[0].active" };
    struct probe_body_spec spec = { .gauge_count = 6, .gauges = gauges };
    struct probe_result result = judge(&spec, body);

    cr_assert_eq(result.gauge_mask, 1 | 8 | 16 | 32);
    cr_assert_float_eq(result.gauges[0], 12.5, 1e-9);
    cr_assert_float_eq(result.gauges[3], 1, 1e-9);
    cr_assert_float_eq(result.gauges[4], 0, 1e-9);
    cr_assert_float_eq(result.gauges[5], 3, 1e-9);
}

Test(probe_body, is_wanted_only_for_something)
{
    const char *text = "a?";

    cr_assert_not(probe_body_is_wanted(&(struct probe_body_spec){ .slot = "blue" }));
    cr_assert(probe_body_is_wanted(
        &(struct probe_body_spec){ .assertion_count = 1, .assertions = &text }));
    cr_assert(probe_body_is_wanted(&(struct probe_body_spec){ .skew_us = 1, .timestamp = "t" }));
    cr_assert(probe_body_is_wanted(&(struct probe_body_spec){ .database = "d" }));
    cr_assert(probe_body_is_wanted(&(struct probe_body_spec){ .gauge_count = 1, .gauges = &text }));
}
