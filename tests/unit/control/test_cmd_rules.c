/* How the judgement is shown and let go: src/control/cmd_rules.c, cmd_alerts.c, metrics_judgement.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "control/metrics_judgement_priv.h"
#include "route/split.h"
#include "unit/control/asker.h"

static void furnish(void)
{
    asker_world.room.pilot = &asker_world.pilot;
}

static void start(void)
{
    asker_furnish = furnish;
    asker_start();
}

TestSuite(cmd_rules, .init = start, .fini = asker_stop);

/* shop has a canary on green, with two rows and the four guards. */
static void put_on_trial(void)
{
    struct pilot_trial *trial = &asker_world.pilot.trials[0];
    struct engine_guard_view *guards = trial->engine.guards;

    asker_world.deploy.trial[0] = (struct deploy_trial_view){ .kind = TRIAL_CANARY,
                                                              .candidate = "green",
                                                              .baseline = "blue",
                                                              .version = "v2",
                                                              .share = SPLIT_WHOLE / 20 };
    *trial = (struct pilot_trial){ .is_judged = true, .is_watched = true, .is_automatic = true };
    trial->engine.row_count = 2;
    trial->engine.rows[0] = (struct engine_row_view){
        .name = "err_mod", .is_active = true, .evidence = 3.25, .threshold = 8.29
    };
    trial->engine.rows[1] =
        (struct engine_row_view){ .name = "lat50", .evidence = -INFINITY, .threshold = 9.43 };
    guards[0] = (struct engine_guard_view){
        .name = "guard_error", .is_on = true, .value = 0.031, .limit = 0.0625, .needed = 3
    };
    guards[1] = (struct engine_guard_view){
        .name = "guard_mean", .is_on = true, .value = 7e6, .limit = 5e6, .run = 3, .needed = 3
    };
    guards[2] = (struct engine_guard_view){ .name = "guard_spike" };
    guards[3] = (struct engine_guard_view){
        .name = "guard_slow", .is_on = true, .value = 1.2, .limit = 1.5, .muted_ms = 9, .needed = 3
    };
}

Test(cmd_rules, shows_every_rule_with_value_limit_and_state)
{
    put_on_trial();
    ask("show rules shop\n");
    cr_expect(ask_has("shop is on trial: green (v2) with 5.00% against blue; err_mod has 3.25 of "
                      "8.29; taken back by itself\n"),
              "%s", asker_out.bytes);
    cr_expect(ask_has("err_mod      3.25      8.29      suspects"), "%s", asker_out.bytes);
    cr_expect(ask_has("lat50        -         9.43      waits"), "%s", asker_out.bytes);
    cr_expect(ask_has("guard_error  3.100%    6.250%    judges"), "%s", asker_out.bytes);
    cr_expect(ask_has("guard_mean   7000.0ms  5000.0ms  reached"), "%s", asker_out.bytes);
    cr_expect(ask_has("guard_spike  0.000%    -         off"), "%s", asker_out.bytes);
    cr_expect(ask_has("guard_slow   1.20      1.50      silent"), "%s", asker_out.bytes);
}

Test(cmd_rules, says_the_same_to_programs)
{
    const cJSON *rule = NULL;
    const cJSON *trial = NULL;
    cJSON *json = NULL;

    put_on_trial();
    json = ask_json("json show rules shop\n");
    rule = cJSON_GetArrayItem(json_result(json, "rules"), 0);
    cr_expect_str_eq(json_text(rule, "rule"), "err_mod");
    cr_expect_str_eq(json_text(rule, "unit"), "nats");
    cr_expect_float_eq(json_number(rule, "value"), 3.25, 1e-9);
    cr_expect_float_eq(json_number(rule, "threshold"), 8.29, 1e-9);
    rule = cJSON_GetArrayItem(json_result(json, "rules"), 1);
    cr_expect(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(rule, "value")));
    trial = cJSON_GetArrayItem(json_result(json, "trials"), 0);
    cr_expect_str_eq(json_text(trial, "leading"), "err_mod");
    cr_expect_str_eq(json_text(trial, "candidate"), "green");
    cJSON_Delete(json);
}

Test(cmd_rules, status_says_what_is_on_trial_and_in_quarantine)
{
    put_on_trial();
    asker_world.deploy.trial[0].kind = TRIAL_SWITCHED;
    asker_world.pilot.trials[0].left_us = 3120ull * 1000 * 1000;
    asker_world.pilot.trials[0].is_blocked = true;
    asker_world.deploy.book[1] = (struct deploy_book_view){
        .rollbacks = 1, .cooldown_us = 60ull * 1000 * 1000, .blocked = 1, .quarantined = "v7"
    };
    ask("status\n");
    cr_expect(ask_has("taken back by itself for 52m 0s, but blocked: the other side is not fit\n"),
              "%s", asker_out.bytes);
    cr_expect(ask_has("api: v7 was taken back by itself and is in quarantine; nothing is started "
                      "for 1m"),
              "%s", asker_out.bytes);
    asker_world.deploy.book[1].is_limited = true;
    asker_world.pilot.trials[0].is_automatic = false;
    ask("canary status\n");
    cr_expect(ask_has("only alerts"), "%s", asker_out.bytes);
    cr_expect(ask_has("nothing is started before switchctl release api\n"), "%s", asker_out.bytes);
}

Test(cmd_rules, without_any_judgement_there_is_nothing_to_show)
{
    ask("show rules\n");
    cr_expect(ask_has("nothing is judged"), "%s", asker_out.bytes);
    ask("status\n");
    cr_expect_not(ask_has("on trial"));
    cr_expect_not(ask_has("quarantine"));
}

Test(cmd_rules, bad_words_are_refused)
{
    ask_refused("show rules shop/blue\n", OUTCOME_USAGE, "is no name of a service or group");
    ask_refused("show rules shoe\n", OUTCOME_REFUSED, "shoe");
    ask_refused("show alerts 0\n", OUTCOME_USAGE, "is no number from 1 to 256");
    ask_refused("show alerts 257\n", OUTCOME_USAGE, "is no number from 1 to 256");
    ask_refused("release\n", OUTCOME_USAGE, "too few words");
    ask_refused("release sh/op\n", OUTCOME_USAGE, "is no name of a service or group");
    ask_refused("release shop --force --reason x\n", OUTCOME_USAGE, "unknown option --force");
}

Test(cmd_rules, release_is_a_change)
{
    const struct change *change = ask_change("release shop --reason \"fixed\"\n");

    cr_expect_eq(change->kind, CHANGE_RELEASE);
    cr_expect_str_eq(change->name, "shop");
    cr_expect_str_eq(change->reason, "fixed");
}

Test(cmd_rules, alerts_are_shown_newest_first)
{
    struct pilot *pilot = &asker_world.pilot;

    ask("show alerts\n");
    cr_expect(ask_has("no alerts since the start"));
    pilot->alert_count = 2;
    pilot->alerts[0] = (struct pilot_alert){ .id = 2,
                                             .severity = PILOT_CRITICAL,
                                             .service = "shop",
                                             .trigger = "err_abs",
                                             .words = "too many errors",
                                             .decision = 7 };
    pilot->alerts[1] = (struct pilot_alert){
        .id = 1, .severity = PILOT_WARN, .service = "api", .trigger = "lat50warn", .words = "slow"
    };
    ask("show alerts\n");
    cr_expect(ask_has("critical  shop     err_abs           7  too many errors"), "%s",
              asker_out.bytes);
    cr_expect(ask_has("warn      api      lat50warn         -  slow"), "%s", asker_out.bytes);
    ask("show alerts 1\n");
    cr_expect_not(ask_has("lat50warn"));
}

Test(cmd_rules, metrics_have_evidence_thresholds_and_states)
{
    struct pilot *pilot = &asker_world.pilot;
    struct text out;

    put_on_trial();
    pilot->trials[0].left_us = 1500000;
    pilot->rollbacks[0] = (struct pilot_rollbacks){
        .service = "shop", .trigger = "err_mod", .outcome = OUTCOME_DONE, .count = 2
    };
    pilot->rollback_count = 1;
    pilot->alert_count = 3;
    text_init(&out, 1 << 20);
    metrics_judgement_write(&asker_world.room, &out);
    cr_expect_not_null(strstr(
        out.bytes, "switchyard_canary_evidence_log{service=\"shop\",rule=\"err_mod\"} 3.25\n"));
    cr_expect_not_null(strstr(
        out.bytes, "switchyard_canary_evidence_log{service=\"shop\",rule=\"lat50\"} -Inf\n"));
    cr_expect_null(
        strstr(out.bytes, "switchyard_canary_evidence_log{service=\"shop\",rule=\"guard_error\"}"));
    cr_expect_not_null(
        strstr(out.bytes, "switchyard_rule_value{service=\"shop\",rule=\"guard_error\"} 0.031\n"));
    cr_expect_not_null(strstr(
        out.bytes, "switchyard_rule_threshold{service=\"shop\",rule=\"guard_spike\"} NaN\n"));
    cr_expect_not_null(
        strstr(out.bytes, "switchyard_rule_state{service=\"shop\",rule=\"guard_mean\"} 4\n"));
    cr_expect_not_null(strstr(out.bytes,
                              "switchyard_rollbacks_total{service=\"shop\",trigger=\"err_"
                              "mod\",result=\"done\"} 2\n"));
    cr_expect_not_null(
        strstr(out.bytes, "switchyard_rollback_window_remaining_seconds{service=\"shop\"} 1.5"));
    cr_expect_not_null(
        strstr(out.bytes, "switchyard_alerts_total{service=\"shop\",severity=\"warn\"} 3\n"));
    text_fini(&out);
}
