/* drill: what the command asks for, and what becomes of the answer. A stand-in drills. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "asker.h"
#include "base/err.h"
#include "net/loop.h"
#include "pilot/drill.h"

static struct drill_spec asked;
static unsigned starts;
static int start_err;
static drill_done_fn *on_done;
static void *done_arg;
static struct drill_report report;

static void answer(void *arg)
{
    (void)arg;
    on_done(done_arg, &report);
}

int drill_start(struct pilot *pilot, const struct drill_spec *spec, drill_done_fn *done, void *arg,
                char words[DRILL_WORDS])
{
    (void)pilot;
    starts++;
    asked = *spec;
    on_done = done;
    done_arg = arg;
    snprintf(words, DRILL_WORDS, "because");
    if (start_err == 0)
        loop_reap(asker_world.loop, answer, NULL); /* at the end of the turn */
    return start_err;
}

static void begin(void)
{
    report = (struct drill_report){ .is_good = true,
                                    .slot = "green",
                                    .give_us = 11,
                                    .take_us = 12,
                                    .requests = 5,
                                    .decision = 3,
                                    .words = "green got its share" };
    asker_start();
}

TestSuite(cmd_drill, .init = begin, .fini = asker_stop);

Test(cmd_drill, asks_for_little_unless_told)
{
    cJSON *json = ask_json("json drill shop\n");

    cr_expect_eq(json_code(json), 0);
    cr_expect_eq(json_number(json_result(json, "drill"), "take_us"), 12);
    cr_expect_eq(json_number(json_result(json, "drill"), "decision"), 3);
    cJSON_Delete(json);
    cr_expect_str_eq(asked.name, "shop");
    cr_expect_eq(asked.share, 100);
    cr_expect_eq(asked.synthetic, 0);
    cr_expect_eq(asked.watch_us, 5000000);
    cr_expect_float_eq(asked.errors_max, 0.05, 1e-12);
    cr_expect_str_eq(asked.reason, "a drill");
    cr_expect_neq(asked.actor[0], '\0');
    ask("drill release --share 2.5% --synthetic 20 --duration 1m --assert errors=1% --assert "
        "requests=7 --assert slot=green --assert version=v3.1 --reason monthly\n");
    cr_expect_eq(asked.share, 250);
    cr_expect_eq(asked.synthetic, 20);
    cr_expect_eq(asked.watch_us, 60000000);
    cr_expect_float_eq(asked.errors_max, 0.01, 1e-12);
    cr_expect_eq(asked.requests_min, 7);
    cr_expect_str_eq(asked.slot, "green");
    cr_expect_str_eq(asked.version, "v3.1");
    cr_expect_str_eq(asked.reason, "monthly");
    ask("drill shop --synthetic 3\n");
    cr_expect_eq(asked.share, 0);
}

Test(cmd_drill, a_bad_one_is_a_failure_with_its_report)
{
    cJSON *json = NULL;

    report.is_good = false;
    snprintf(report.words, sizeof report.words, "3 of 5 requests to green failed");
    json = ask_json("json drill shop\n");
    cr_expect_eq(json_code(json), 1);
    cr_expect_eq(json_number(json_result(json, "drill"), "requests"), 5);
    cJSON_Delete(json);
    cr_expect_eq(strncmp(ask("drill shop\n"), "error 1 failed", 14), 0);
    cr_expect(ask_has("the drill failed: 3 of 5 requests to green failed"));
}

Test(cmd_drill, one_that_proves_nothing_has_a_code_of_its_own)
{
    cJSON *json = NULL;

    report.is_good = false;
    report.is_inconclusive = true;
    snprintf(report.words, sizeof report.words, "green got no request");
    json = ask_json("json drill shop\n");
    cr_expect_eq(json_code(json), OUTCOME_INCONCLUSIVE);
    cr_expect(
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json_result(json, "drill"), "inconclusive")));
    cJSON_Delete(json);
    ask("drill shop\n");
    cr_expect(ask_has("the drill proves nothing: green got no request"));
}

Test(cmd_drill, refuses_what_makes_no_sense)
{
    ask_refused("drill shop --share 60%\n", OUTCOME_USAGE, "--share takes 0% to 50%");
    ask_refused("drill shop --share 0%\n", OUTCOME_USAGE, "needs --share or --synthetic");
    ask_refused("drill shop --synthetic 0\n", OUTCOME_USAGE, "--synthetic takes 1 to 1000");
    ask_refused("drill shop --duration 1h\n", OUTCOME_USAGE,
                "--duration takes a duration up to 10m");
    ask_refused("drill shop --assert status=200\n", OUTCOME_USAGE, "--assert takes errors=SHARE");
    ask_refused("drill shop --assert errors\n", OUTCOME_USAGE, "--assert takes errors=SHARE");
    ask_refused("drill a/b\n", OUTCOME_USAGE, "is no name");
    cr_expect_eq(starts, 0);
    start_err = ERR_CONFLICT;
    ask_refused("drill shop\n", OUTCOME_CONFLICT, "because");
    start_err = ERR_NOT_FOUND;
    ask_refused("drill shop\n", OUTCOME_REFUSED, "because");
    start_err = 0;
}
