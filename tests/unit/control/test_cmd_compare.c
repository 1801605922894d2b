/* status NAME --compare: rows, marks and who is meant. A stand-in counts. */
#include <criterion/criterion.h>
#include <string.h>

#include "asker.h"
#include "pilot/comparison.h"

static struct comparison found;
static bool is_found;

bool comparison_look(struct pilot *pilot, unsigned service_index, struct comparison *out)
{
    (void)pilot;
    cr_assert_eq(service_index, 0);
    *out = found;
    return is_found;
}

static void begin(void)
{
    is_found = true;
    found = (struct comparison){
        .is_trial = true,
        .since_us = 65000000,
        .baseline = { .slot = "blue",
                      .requests = 10000,
                      .errors = 10,
                      .mean_us = 50000,
                      .p95_us = 200000,
                      .per_second = 95.5 },
        .candidate = { .slot = "green",
                       .requests = 500,
                       .errors = 20,
                       .mean_us = 40000,
                       .p95_us = 300000,
                       .per_second = 5 },
    };
    asker_start();
}

TestSuite(cmd_compare, .init = begin, .fini = asker_stop);

static const char *verdict_of(const cJSON *json, const char *what)
{
    static char verdict[32];
    const cJSON *row = NULL;

    verdict[0] = '\0';
    cJSON_ArrayForEach(row,
                       json_result(json, "compare")) if (strcmp(json_text(row, "what"), what) == 0)
        strncpy(verdict, json_text(row, "verdict"), sizeof verdict - 1);
    return verdict;
}

Test(cmd_compare, marks_what_is_better_and_worse)
{
    cJSON *json = ask_json("json status shop --compare\n");

    cr_expect_str_eq(verdict_of(json, "error rate"), "worse");
    cr_expect_str_eq(verdict_of(json, "mean latency"), "better");
    cr_expect_str_eq(verdict_of(json, "p95 latency"), "worse");
    cr_expect_str_eq(verdict_of(json, "requests/s"), "");
    cr_expect_str_eq(json_text(cJSON_GetObjectItem(json, "result"), "candidate"), "green");
    cJSON_Delete(json);
    found.candidate.errors = 1; /* 0.2% where 0.25% is allowed */
    found.candidate.p95_us = 240000;
    json = ask_json("json status shop --compare\n");
    cr_expect_str_eq(verdict_of(json, "error rate"), "same");
    cr_expect_str_eq(verdict_of(json, "p95 latency"), "same");
    cJSON_Delete(json);
}

Test(cmd_compare, is_unknown_with_few_requests)
{
    cJSON *json = NULL;

    found.candidate.requests = 99;
    json = ask_json("json status shop --compare\n");
    cr_expect_str_eq(verdict_of(json, "error rate"), "unknown");
    cr_expect_str_eq(verdict_of(json, "mean latency"), "unknown");
    cJSON_Delete(json);
}

Test(cmd_compare, has_a_table_for_people)
{
    ask("status shop --compare\n");
    cr_expect(
        ask_has("shop: blue (before) and green (after), counted since the trial began, 1m 5s"));
    cr_expect(ask_has("4.000% (20 of 500)"));
    cr_expect(ask_has("200.0ms"));
    cr_expect(ask_has("95.5"));
    cr_expect(ask_has("targets up"));
}

Test(cmd_compare, wants_one_service)
{
    ask_refused("status --compare\n", OUTCOME_USAGE, "--compare needs the NAME");
    ask_refused("status shop/blue --compare\n", OUTCOME_USAGE, "--compare takes one service");
    ask_refused("status release --compare\n", OUTCOME_USAGE, "--compare takes one service");
    is_found = false;
    ask_refused("status shop --compare\n", OUTCOME_REFUSED, "shop has nothing to compare");
}
