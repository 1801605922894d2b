/* Plans: what would happen, which gates were looked at, and tokens that are good once and for one picture. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "net/loop.h"

static struct bench_desk desk;

static void begin(void)
{
    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(forecast, .init = begin, .fini = end);

static struct change_result plan(enum change_kind kind, const char *name, const char *slot)
{
    struct change change = bench_desk_change(kind, name, slot);

    change.plan_only = true;
    return bench_desk_do(&desk, &change);
}

struct answer {
    bool is_done;
    struct change_result result;
};

static void on_done(void *arg, const struct change_result *result)
{
    struct answer *answer = arg;

    answer->is_done = true;
    answer->result = *result;
    loop_stop(desk.loop);
}

static struct change_result apply(const char *token)
{
    struct answer answer = { 0 };
    struct deploy_approval approval = { token, "uid=5 pid=9", "as planned" };

    deploy_apply(desk.deploy, &approval, on_done, &answer);
    cr_assert(!answer.is_done, "answered from inside");
    loop_run(desk.loop);
    cr_assert(answer.is_done);
    return answer.result;
}

static const struct change_gate *find_gate(const struct change_result *result, const char *name)
{
    for (unsigned i = 0; i < result->gate_count; i++)
        if (strcmp(result->gates[i].name, name) == 0)
            return &result->gates[i];
    return NULL;
}

Test(forecast, says_what_would_happen_and_nothing_does)
{
    uint64_t epoch = bench_desk_epoch(&desk);
    uint64_t writes = desk.deploy->writes;
    struct history_entry entry;
    struct change_result result = plan(CHANGE_SWITCH, "shop", "green");

    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert(!result.changed);
    cr_assert_str_eq(result.from, "blue");
    cr_assert_str_eq(result.to, "green");
    cr_assert_eq(result.epoch, epoch);
    cr_assert_eq(strlen(result.token), 32);
    cr_assert_eq(strspn(result.token, "0123456789abcdef"), 32);
    cr_assert_not_null(strstr(result.words, "would be done"));
    cr_assert_eq(bench_desk_epoch(&desk), epoch);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    cr_assert_eq(desk.deploy->writes, writes);
    cr_assert(!deploy_history(desk.deploy, 0, &entry));
}

Test(forecast, lists_the_gates_that_passed)
{
    static const char *const names[] = {
        "epoch", "lock", "canary", "quarantine", "role", "target"
    };
    struct change_result result = plan(CHANGE_SWITCH, "shop", "green");

    cr_assert_eq(result.gate_count, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_assert_str_eq(result.gates[i].name, names[i]);
        cr_assert(result.gates[i].is_passed);
        cr_assert_neq(result.gates[i].words[0], '\0');
    }
}

Test(forecast, goes_on_behind_a_gate_that_does_not_pass)
{
    struct change lock = bench_desk_change(CHANGE_LOCK_ACQUIRE, "web", "");
    struct change_result result;

    snprintf(lock.actor, sizeof lock.actor, "uid=7 pid=1");
    bench_desk_do(&desk, &lock);
    result = plan(CHANGE_SWITCH, "web", "green");
    cr_assert_eq(result.outcome, OUTCOME_REFUSED);
    cr_assert_str_eq(result.gate, "lock", "the first one is the answer");
    cr_assert_str_eq(result.token, "");
    cr_assert(!find_gate(&result, "lock")->is_passed);
    cr_assert(!find_gate(&result, "group")->is_passed);
    cr_assert(!find_gate(&result, "target")->is_passed);
    cr_assert(find_gate(&result, "role")->is_passed);
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "blue");
}

Test(forecast, a_refusal_that_force_cannot_help_ends_it)
{
    struct change_result result = plan(CHANGE_SWITCH, "shop", "staging");

    cr_assert_eq(result.outcome, OUTCOME_REFUSED);
    cr_assert_str_eq(result.gate, "role");
    cr_assert_str_eq(result.token, "");
    result = plan(CHANGE_SWITCH, "shop", "pink");
    cr_assert_eq(result.fault, FAULT_UNKNOWN_NAME);
    cr_assert_not_null(strstr(result.words, "it has blue, green, staging"), "%s", result.words);
    result = plan(CHANGE_RELOAD, "", "");
    cr_assert_eq(result.outcome, OUTCOME_USAGE);
}

Test(forecast, the_word_of_a_person_cannot_be_planned)
{
    static const enum change_kind kinds[] = { CHANGE_APPROVE, CHANGE_REJECT, CHANGE_CHECK };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct change_result result = plan(kinds[i], "shop", "");

        cr_expect_eq(result.outcome, OUTCOME_USAGE, "%s", result.words);
        cr_expect_str_eq(result.token, "");
        cr_expect_not_null(strstr(result.words, "no plan for"), "%s", result.words);
    }
}

Test(forecast, more_gates_than_there_is_room_for_keep_the_refusal)
{
    char text[4096];
    struct change_result result;
    int len = snprintf(text, sizeof text, "listener http { bind = \"127.0.0.1:0\" }\n");

    for (int i = 0; i < 10; i++)
        len += snprintf(text + len, sizeof text - (size_t)len,
                        "service s%d { hosts = { \"s%d.example\" } health { enabled = %s }\n"
                        "slot blue { targets = { \"127.0.0.1:%d\" } }\n"
                        "slot green { targets = { \"127.0.0.1:%d\" } } }\n",
                        i, i, i < 9 ? "false" : "true", 5000 + i, 6000 + i);
    snprintf(text + len, sizeof text - (size_t)len,
             "group all { services = { \"s0\", \"s1\", \"s2\", \"s3\", \"s4\", \"s5\", \"s6\", "
             "\"s7\", \"s8\", \"s9\" } }\n");
    bench_desk_stop(&desk);
    bench_desk_write_config(&desk, text);
    bench_desk_must_start(&desk);
    result = plan(CHANGE_SWITCH, "all", "green");
    cr_assert_eq(result.outcome, OUTCOME_REFUSED);
    cr_assert_eq(result.gate_count, sizeof result.gates / sizeof result.gates[0]);
    cr_assert(!result.gates[result.gate_count - 1].is_passed);
    cr_assert_not_null(strstr(result.gates[result.gate_count - 1].words, "s9"));
}

Test(forecast, a_token_is_good_once)
{
    struct history_entry entry;
    struct change_result planned = plan(CHANGE_SWITCH, "shop", "green");
    struct change_result result = apply(planned.token);

    cr_assert(result.outcome == OUTCOME_DONE && result.changed, "%s", result.words);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_str_eq(entry.actor, "uid=5 pid=9");
    cr_assert_str_eq(entry.reason, "as planned");
    result = apply(planned.token);
    cr_assert_eq(result.outcome, OUTCOME_CONFLICT);
    cr_assert_str_eq(result.gate, "plan");
}

Test(forecast, a_token_is_good_for_one_picture)
{
    struct change_result planned = plan(CHANGE_CANARY_START, "shop", "green");
    struct change_result result;

    cr_assert_neq(planned.token[0], '\0', "%s", planned.words);
    bench_desk_switch(&desk, "shop", "green");
    bench_desk_switch(&desk, "shop", "blue");
    result = apply(planned.token);
    cr_assert_eq(result.outcome, OUTCOME_CONFLICT, "%s", result.words);
    cr_assert_eq(result.fault, FAULT_CONFLICT);
}

Test(forecast, a_reload_makes_it_stale)
{
    struct change_result planned = plan(CHANGE_SWITCH, "shop", "green");
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");

    bench_desk_do(&desk, &change);
    cr_assert_eq(apply(planned.token).outcome, OUTCOME_CONFLICT);
}

Test(forecast, unknown_and_old_tokens_are_a_conflict)
{
    struct change_result planned = plan(CHANGE_SWITCH, "shop", "green");

    cr_assert_eq(apply("").outcome, OUTCOME_CONFLICT);
    cr_assert_eq(apply("00000000000000000000000000000000").outcome, OUTCOME_CONFLICT);
    for (size_t i = 0; i < FORECASTS_MAX; i++) /* as if it had been made eleven minutes ago */
        desk.deploy->forecasts[i].made_us -= 11ULL * 60 * 1000 * 1000;
    cr_assert_eq(apply(planned.token).outcome, OUTCOME_CONFLICT);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(forecast, the_oldest_of_too_many_is_forgotten)
{
    struct change_result first = plan(CHANGE_SWITCH, "shop", "green");
    struct change_result second = plan(CHANGE_SWITCH, "shop", "green");

    for (int i = 0; i < FORECASTS_MAX - 1; i++)
        plan(CHANGE_SWITCH, "shop", "green");
    cr_assert_eq(apply(first.token).outcome, OUTCOME_CONFLICT);
    cr_assert_eq(apply(second.token).outcome, OUTCOME_DONE);
}

Test(forecast, what_is_so_already_has_a_plan_as_well)
{
    struct change_result planned = plan(CHANGE_SWITCH, "shop", "blue");
    struct change_result result;

    cr_assert_not_null(strstr(planned.words, "nothing would change"));
    result = apply(planned.token);
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed);
}

Test(forecast, of_rollback_and_canary_are_taken_back)
{
    struct change_result result;

    bench_desk_switch(&desk, "shop", "green");
    result = plan(CHANGE_ROLLBACK, "shop", "");
    cr_assert_str_eq(result.to, "blue");
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    result = plan(CHANGE_CANARY_START, "shop", "blue");
    cr_assert_eq(result.share, 100, "%s", result.words);
    cr_assert_null(bench_desk_service("shop")->steering);
    result = plan(CHANGE_PAUSE, "shop", "");
    cr_assert_eq(result.outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_service("shop")->traffic.mode, TRAFFIC_OPEN);
}

Test(forecast, remembers_no_key)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");

    change.plan_only = true;
    snprintf(change.key, sizeof change.key, "deploy-17");
    bench_desk_do(&desk, &change);
    change.plan_only = false;
    cr_assert(bench_desk_do(&desk, &change).changed);
}

Test(forecast, applied_twice_at_once_one_wins)
{
    struct change_result one = plan(CHANGE_SWITCH, "shop", "green");
    struct change_result two = plan(CHANGE_SWITCH, "shop", "green");
    struct deploy_approval first = { one.token, "uid=5", NULL };
    struct deploy_approval second = { two.token, "uid=6", NULL };
    struct answer answers[2] = { 0 };

    deploy_apply(desk.deploy, &first, on_done, &answers[0]);
    deploy_apply(desk.deploy, &second, on_done, &answers[1]);
    while (!answers[0].is_done || !answers[1].is_done)
        loop_run(desk.loop);
    cr_assert_eq(answers[0].result.outcome, OUTCOME_DONE);
    cr_assert_eq(answers[1].result.outcome, OUTCOME_CONFLICT);
    cr_assert_str_eq(answers[1].result.gate, "epoch");
}
