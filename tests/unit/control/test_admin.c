/* The admin socket as its clients see it: src/control/admin.c, admin_client.c, call.c, cmd_*.c. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config_api.h"
#include "control/admin.h"
#include "deploy/deploy_view.h"
#include "unit/control/world.h"

static struct world world;
static struct admin *admin;
static struct text out;
static struct text logged;

static void keep_line(void *arg, const char *line, size_t len)
{
    text_add_slice(arg, slice_of(line, len));
}

static void start(void)
{
    text_init(&out, 64 << 20);
    text_init(&logged, 1 << 20);
    log_set_sink(keep_line, &logged);
    world_init(&world);
    cr_assert_eq(admin_new(&world.room, world.path, &(struct config_admin){ .mode = 0660 }, &admin),
                 0);
}

static void stop(void)
{
    admin_free(admin);
    world_fini(&world);
    log_set_sink(NULL, NULL);
    text_fini(&out);
    text_fini(&logged);
}

TestSuite(admin, .init = start, .fini = stop);

/* One line on a connection of its own; the whole answer with its empty line. */
static const char *ask(const char *line)
{
    int fd = world_connect(world.path);
    bool is_answered = false;

    cr_assert_geq(fd, 0);
    is_answered = world_ask(&world, fd, line, "\n\n", &out);
    cr_assert(is_answered, "no answer to %s", line);
    close(fd);
    world_turn(&world, 2);
    return out.bytes;
}

static bool has(const char *part)
{
    return out.bytes != NULL && strstr(out.bytes, part) != NULL;
}

/* The answer to a json line, parsed. */
static cJSON *ask_json(const char *line)
{
    cJSON *json = cJSON_Parse(ask(line));

    cr_assert_not_null(json, "%s", out.bytes);
    cr_assert_eq(strchr(out.bytes, '\n'), out.bytes + out.len - 2);
    return json;
}

static int code_of(const cJSON *json)
{
    return cJSON_GetObjectItem(json, "code")->valueint;
}

static const char *text_at(const cJSON *json, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

    return text != NULL ? text : "(none)";
}

Test(admin, shows_slots_in_stable_columns)
{
    ask("show slots\n");
    cr_assert_str_eq(
        out.bytes,
        "SERVICE  GROUP    SLOT   ROLE     STATE    VERSION  UP   IN FLIGHT  HOSTS  SINCE\n"
        "shop     -        blue   live     LIVE     v1       2/2          0  -      1m 30s\n"
        "shop     -        green  standby  STANDBY  v2       2/2          0  -      rollback goes "
        "here\n"
        "api      release  blue   live     LIVE     v1       2/2          0  -      -\n"
        "api      release  green  standby  STANDBY  v2       2/2          0  -      -\n\n",
        "%s", out.bytes);
}

Test(admin, no_answer_holds_an_empty_line)
{
    static const char *const lines[] = {
        "status",
        "status shop",
        "list",
        "slots",
        "targets",
        "show info",
        "show errors",
        "show conns",
        "show drain",
        "show evidence",
        "show evidence shop",
        "show history",
        "show version",
        "lock",
        "help",
        "help switch",
        "nonsense",
        "switch",
        "history 5",
        "version",
        "show drain shop/blue",
        "wait healthy shop",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char line[64];

        snprintf(line, sizeof line, "%s\n", lines[i]);
        ask(line);
        cr_expect(out.len > 2 && strstr(out.bytes, "\n\n") == out.bytes + out.len - 2, "%s: %s",
                  line, out.bytes);
    }
}

Test(admin, several_commands_have_several_answers)
{
    int fd = world_connect(world.path);

    cr_assert(world_ask(&world, fd, "version; show version ;version\nversion\n", NULL, &out) ||
              out.len > 0);
    close(fd);
    cr_assert(world_ask(&world, world_connect(world.path), "version;version\n", "\n\n", &out));
    cr_assert_eq(strncmp(out.bytes, "switchyard ", 11), 0);
    cr_assert_not_null(strstr(strstr(out.bytes, "\n\n") + 2, "switchyard "));
}

Test(admin, json_line_gets_one_object)
{
    cJSON *json = ask_json("json show targets shop/green\n");
    const cJSON *targets = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "result"), "targets");
    const cJSON *target = cJSON_GetArrayItem(targets, 0);

    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(json, "ok")));
    cr_expect_eq(code_of(json), 0);
    cr_expect_eq(cJSON_GetObjectItem(json, "epoch")->valueint, 41);
    cr_expect_eq(cJSON_GetArraySize(targets), 2);
    cr_expect_str_eq(text_at(target, "service"), "shop");
    cr_expect_str_eq(text_at(target, "slot"), "green");
    cr_expect_str_eq(text_at(target, "target"), "10.0.1.1:80");
    cr_expect_str_eq(text_at(target, "verdict"), "up");
    cr_expect_str_eq(text_at(target, "order"), "ready");
    cr_expect_str_eq(text_at(target, "results"), "##.");
    cr_expect_str_eq(text_at(target, "last_check"), "status 200 in 1.5 ms");
    cr_expect_not_null(strstr(text_at(json, "text"), "VERDICT"));
    cJSON_Delete(json);
    json = ask_json("json version --no-text\n");
    cr_expect_null(cJSON_GetObjectItem(json, "text"));
    cJSON_Delete(json);
}

Test(admin, json_status_has_services_slots_targets)
{
    cJSON *json = ask_json("json status\n");
    const cJSON *result = cJSON_GetObjectItem(json, "result");
    const cJSON *service = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "services"), 0);
    const cJSON *slot = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "slots"), 1);

    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(result, "services")), 2);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(result, "slots")), 4);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(result, "targets")), 8);
    cr_expect_str_eq(text_at(service, "service"), "shop");
    cr_expect_str_eq(text_at(service, "active"), "blue");
    cr_expect_str_eq(text_at(service, "previous"), "green");
    cr_expect_str_eq(text_at(slot, "slot"), "green");
    cr_expect_str_eq(text_at(slot, "role"), "standby");
    cr_expect_eq(cJSON_GetObjectItem(slot, "targets_up")->valueint, 2);
    cJSON_Delete(json);
}

Test(admin, json_takes_one_command_only)
{
    static const char *const lines[] = { "json \n", "json version; version\n", "json ;\n",
                                         "json \"open\n", "json nonsense\n" };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cJSON *json = ask_json(lines[i]);

        cr_expect_eq(code_of(json), OUTCOME_USAGE, "%s", lines[i]);
        cr_expect_str_eq(text_at(json, "fault"), "usage");
        cJSON_Delete(json);
    }
}

Test(admin, switch_says_what_happened)
{
    cr_assert_str_eq(
        ask("switch shop --to green --reason \"release 7; final\" --key k --if-epoch 41 "
            "--as ann\n"),
        "switched shop blue -> green, epoch 42, 0.8 ms, durable\n\n");
    cr_assert_eq(world.deploy.submitted_count, 1);
    cr_expect_eq(world.deploy.submitted[0].kind, CHANGE_SWITCH);
    cr_expect_str_eq(world.deploy.submitted[0].name, "shop");
    cr_expect_str_eq(world.deploy.submitted[0].slot, "green");
    cr_expect_str_eq(world.deploy.submitted[0].reason, "release 7; final");
    cr_expect_str_eq(world.deploy.submitted[0].key, "k");
    cr_expect_eq(world.deploy.submitted[0].if_epoch, 41);
    cr_expect_not_null(strstr(world.deploy.submitted[0].actor, "uid="));
    cr_expect_not_null(strstr(world.deploy.submitted[0].actor, "pid="));
    cr_expect_not_null(strstr(world.deploy.submitted[0].actor, " as=ann"));
}

Test(admin, every_change_is_logged)
{
    ask("rollback shop --reason \"line\\\"break\"\n");
    cr_expect_not_null(strstr(logged.bytes, "command"));
    cr_expect_not_null(strstr(logged.bytes, "rollback shop"));
    cr_expect_not_null(strstr(logged.bytes, "outcome=done"));
    cr_expect_not_null(strstr(logged.bytes, "epoch=42"));
    text_clear(&logged);
    ask("status\n");
    cr_expect_null(strstr(logged.bytes, "command="));
}

Test(admin, refusal_keeps_its_code_gate_and_words)
{
    cJSON *json = NULL;

    world.deploy.result = (struct change_result){ .outcome = OUTCOME_REFUSED,
                                                  .fault = FAULT_GATE_REFUSED,
                                                  .gate = "health",
                                                  .words = "no target of green is up",
                                                  .epoch = 41 };
    ask("switch shop\n");
    cr_expect_eq(strncmp(out.bytes,
                         "error 3 refused (gate_refused): no target of green is up\n"
                         "gate: health\nremedy: ",
                         71),
                 0, "%s", out.bytes);
    json = ask_json("json switch shop\n");
    cr_expect_eq(code_of(json), OUTCOME_REFUSED);
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(json, "ok")));
    cr_expect_str_eq(text_at(cJSON_GetObjectItem(json, "error"), "code"), "gate_refused");
    cr_expect_str_eq(text_at(cJSON_GetObjectItem(json, "error"), "gate"), "health");
    cr_expect_eq(cJSON_GetObjectItem(json, "epoch")->valueint, 41);
    cJSON_Delete(json);
}

/* What a refused command is told to do: for force only where force helps, and the command takes it. */
Test(admin, a_remedy_is_one)
{
    static const struct {
        const char *line;
        const char *gate;
        const char *part;
        bool is_forced;
    } cases[] = {
        { "switch shop --to staging\n", "role", "only the configuration", false },
        { "rollback shop\n", "previous", "switch NAME --to SLOT", false },
        { "canary start shop\n", "live", "--to names another slot", false },
        { "canary abort shop\n", "canary", "canary status NAME", false },
        { "approve shop\n", "approval", "what waits to be agreed to", false },
        { "confirm shop\n", "confirm", "whether anything waits", false },
        { "switch shop\n", "approval", "by somebody else", true },
        { "switch shop\n", "checklist", "check NAME ITEM", true },
        { "switch shop\n", "database", "db check NAME", true },
        { "switch shop\n", "target", "show targets", true },
        { "rollout pause shop\n", "rollout", "rollout status NAME", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *remedy = NULL;

        world.deploy.result = (struct change_result){ .outcome = OUTCOME_REFUSED,
                                                      .fault = FAULT_GATE_REFUSED,
                                                      .words = "no" };
        snprintf(world.deploy.result.gate, sizeof world.deploy.result.gate, "%s", cases[i].gate);
        ask(cases[i].line);
        remedy = strstr(out.bytes, "remedy: ");
        cr_assert_not_null(remedy, "%s: %s", cases[i].line, out.bytes);
        cr_expect_not_null(strstr(remedy, cases[i].part), "%s: %s", cases[i].line, remedy);
        cr_expect_eq(strstr(remedy, "--force --reason") != NULL, cases[i].is_forced, "%s: %s",
                     cases[i].line, remedy);
    }
}

Test(admin, outcomes_become_exit_codes)
{
    static const struct {
        enum outcome outcome;
        enum fault fault;
        bool ok;
    } cases[] = {
        { OUTCOME_DONE, FAULT_NONE, true },
        { OUTCOME_FAILED, FAULT_NOT_DURABLE, false },
        { OUTCOME_REFUSED, FAULT_GATE_REFUSED, false },
        { OUTCOME_CONFLICT, FAULT_LOCKED, false },
        { OUTCOME_VOLATILE, FAULT_NOT_DURABLE, true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *json = NULL;

        world.deploy.result.outcome = cases[i].outcome;
        world.deploy.result.fault = cases[i].fault;
        json = ask_json("json rollback shop\n");
        cr_expect_eq(code_of(json), (int)cases[i].outcome);
        cr_expect_eq(cJSON_IsTrue(cJSON_GetObjectItem(json, "ok")), cases[i].ok);
        cr_expect_str_eq(text_at(json, "fault"), fault_name(cases[i].fault));
        cJSON_Delete(json);
    }
}

Test(admin, switch_that_changes_nothing_says_so)
{
    world.deploy.result.changed = false;
    cr_assert_str_eq(ask("switch shop --to green\n"), "shop is on green already, epoch 42\n\n");
}

Test(admin, target_orders_become_changes)
{
    static const struct {
        const char *line;
        enum change_kind kind;
        uint32_t weight;
        const char *target;
    } cases[] = {
        { "target set shop/blue/10.0.0.1:80 ready\n", CHANGE_TARGET_READY, 0, "10.0.0.1:80" },
        { "target set shop/blue/10.0.0.1:80 drain\n", CHANGE_TARGET_DRAIN, 0, "10.0.0.1:80" },
        { "target set shop/blue/10.0.0.1:80 maint\n", CHANGE_TARGET_MAINT, 0, "10.0.0.1:80" },
        { "target set shop/blue/10.0.0.1:80 weight 7\n", CHANGE_TARGET_WEIGHT, 7, "10.0.0.1:80" },
        { "target add shop/blue unix:/run/a/b.sock\n", CHANGE_TARGET_ADD, 1, "unix:/run/a/b.sock" },
        { "target add shop/blue [::1]:80 weight=3\n", CHANGE_TARGET_ADD, 3, "[::1]:80" },
        { "target remove shop/blue/unix:/run/a\n", CHANGE_TARGET_REMOVE, 0, "unix:/run/a" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct change *change = &world.deploy.submitted[i];

        ask(cases[i].line);
        cr_assert_eq(world.deploy.submitted_count, i + 1, "%s: %s", cases[i].line, out.bytes);
        cr_expect_eq(change->kind, cases[i].kind, "%s", cases[i].line);
        cr_expect_eq(change->weight, cases[i].weight, "%s", cases[i].line);
        cr_expect_str_eq(change->target, cases[i].target);
        cr_expect_str_eq(change->name, "shop");
        cr_expect_str_eq(change->slot, "blue");
    }
}

Test(admin, malformed_commands_change_nothing)
{
    static const char *const lines[] = {
        "switch\n",
        "switch a b\n",
        "switch shop --to\n",
        "switch a/b\n",
        "switch shop --force\n",
        "switch shop --ttl 1h\n",
        "target set shop/blue/t\n",
        "target set shop/blue ready\n",
        "target set shop/blue/t up\n",
        "target set shop/blue/t weight\n",
        "target set shop/blue/t weight 1001\n",
        "target set shop/blue/t ready 5\n",
        "target add shop t\n",
        "target add shop/blue t weight=x\n",
        "target add shop/blue t 5\n",
        "target remove shop/blue\n",
        "drain shop\n",

        "lock acquire\n",
        "lock acquire a/b --reason x\n",
        "reload now\n",
        "shutdown later\n",
        "wait drained shop\n",

        "status shop/blue\n",
        "targets shop/green/c\n",
        "history x y\n",
        "history -1\n",
        "help nope\n",
        "drain shop/blue stats\n",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        ask(lines[i]);
        cr_expect_eq(strncmp(out.bytes, "error 2 usage (", 15), 0, "%s: %s", lines[i], out.bytes);
    }
    cr_expect_eq(world.deploy.submitted_count, 0);
    cr_expect_eq(world.quits, 0);
}

Test(admin, unknown_names_are_refused)
{
    static const char *const lines[] = { "status nope\n", "wait healthy nope\n", "targets shop/x\n",
                                         "drain nope/blue\n", "wait drained shop/nope\n" };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        ask(lines[i]);
        cr_expect(has("error 3 refused (unknown_name): "), "%s: %s", lines[i], out.bytes);
    }
    cr_expect_eq(world.deploy.submitted_count, 0);
}

Test(admin, mistyped_names_get_a_suggestion)
{
    ask("status shpo\n");
    cr_expect(has("did you mean shop?"), "%s", out.bytes);
    ask("targets shop/grean\n");
    cr_expect(has("shop has no slot grean") && has("did you mean green?"), "%s", out.bytes);
    ask("swich shop\n");
    cr_expect(has("did you mean \"switch\"?"), "%s", out.bytes);
}

Test(admin, drain_tells_every_target_but_not_of_the_live_slot)
{
    ask("drain shop/blue\n");
    cr_expect(has("error 3 refused (gate_refused): shop/blue is live"), "%s", out.bytes);
    cr_expect_eq(world.deploy.submitted_count, 0);
    ask("drain shop/green\n");
    cr_expect(has("drain shop/green: 2 of 2 targets told"), "%s", out.bytes);
    cr_expect_eq(world.deploy.submitted_count, 2);
    cr_expect_eq(world.deploy.submitted[1].kind, CHANGE_TARGET_DRAIN);
    cr_expect_str_eq(world.deploy.submitted[1].target, "10.0.1.2:80");
    ask("drain shop/blue --force --reason x\n");
    cr_expect_eq(world.deploy.submitted_count, 4);
    cr_expect(world.deploy.submitted[2].force);
}

Test(admin, wait_healthy_answers_when_it_is_true)
{
    int fd = world_connect(world.path);

    cr_assert_str_eq(ask("wait healthy shop/green\n"),
                     "shop/green is healthy: 2 of 2 targets up\n\n");
    target_set_verdict(world.targets[0][1][0], VERDICT_DOWN);
    cr_assert_not(world_run(&world, NULL, NULL, 1));
    cr_assert_eq(send(fd, "wait healthy shop/green\n", 24, MSG_NOSIGNAL), 24);
    world_turn(&world, 80);
    cr_assert_eq(recv(fd, (char[8]){ 0 }, 8, MSG_DONTWAIT), -1, "it is not true yet");
    target_set_verdict(world.targets[0][1][0], VERDICT_UP);
    cr_assert(world_ask(&world, fd, "", "\n\n", &out));
    cr_assert_str_eq(out.bytes, "shop/green is healthy: 2 of 2 targets up\n\n");
    close(fd);
}

Test(admin, wait_healthy_times_out_with_the_state)
{
    cJSON *json = NULL;

    target_set_verdict(world.targets[0][1][1], VERDICT_DOWN);
    json = ask_json("json wait healthy shop --timeout 60ms\n");
    cr_expect_eq(code_of(json), OUTCOME_TIMEOUT);
    cr_expect_str_eq(text_at(json, "fault"), "wait_timeout");
    cr_expect_not_null(strstr(text_at(json, "text"), "3 of 4 targets up"));
    cr_expect_not_null(strstr(text_at(json, "text"), "shop/green/10.0.1.2:80 is down"));
    cr_expect_eq(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "result"), "up")->valueint, 3);
    cJSON_Delete(json);
    ask("wait healthy shop/green --timeout 0\n");
    cr_expect_eq(strncmp(out.bytes, "error 4 timeout", 15), 0, "%s", out.bytes);
}

Test(admin, wait_healthy_leaves_out_what_nobody_checks_or_should_serve)
{
    target_set_verdict(world.targets[0][1][0], VERDICT_UNKNOWN);
    world.views[0][1][0].is_enabled = false;
    target_set_verdict(world.targets[0][1][1], VERDICT_DOWN);
    world.picks[0][1][1].order = ORDER_MAINT;
    world_publish(&world, 43);
    cr_assert_str_eq(ask("wait healthy shop/green --timeout 50ms\n"),
                     "shop/green is healthy: 1 of 1 targets up\n\n");
}

Test(admin, wait_drained_looks_at_what_is_in_flight)
{
    world.deploy.draining = 3;
    ask("wait drained shop/green --timeout 40ms\n");
    cr_expect(has("error 4 timeout (wait_timeout): shop/green is not drained: 3 exchanges"), "%s",
              out.bytes);
    world.deploy.draining = 0;
    slot_pin(world.slots[0][1], 1);
    ask("wait drained shop/green --timeout 40ms\n");
    cr_expect(has("1 exchanges in flight"), "%s", out.bytes);
    slot_unpin(world.slots[0][1], 1);
    cr_assert_str_eq(ask("wait drained shop/green\n"), "shop/green is drained\n\n");
}

Test(admin, change_that_takes_too_long_is_reported_as_such)
{
    world.deploy.holds = true;
    world.deploy.is_under_way = true;
    ask("switch shop --timeout 50ms\n");
    cr_expect(has("error 4 timeout (wait_timeout): no result in time"), "%s", out.bytes);
    cr_expect_eq(world.deploy.cancelled, 0);
    deploy_release_held(&world.deploy); /* the result comes when nobody waits any more */
    world_turn(&world, 5);
}

Test(admin, change_that_never_got_its_turn_is_withdrawn)
{
    world.deploy.holds = true;
    ask("switch shop --timeout 50ms\n");
    cr_expect(has("error 4 timeout (wait_timeout): the change did not get its turn"), "%s",
              out.bytes);
    cr_expect_eq(world.deploy.cancelled, 1);
    world.deploy.lock = (struct deploy_lock_view){ .is_held = true, .owner = "bob", .reason = "r" };
    ask("switch shop --timeout 50ms\n");
    cr_expect(has("error 4 timeout (locked): bob holds the deploy lock (r)"), "%s", out.bytes);
    cr_expect_eq(world.deploy.cancelled, 2);
}

static void leave_while_held(void)
{
    int fd = world_connect(world.path);

    world.deploy.holds = true;
    cr_assert_eq(send(fd, "switch shop\n", 12, MSG_NOSIGNAL), 12);
    world_turn(&world, 20);
    cr_assert_eq(world.deploy.submitted_count, 1);
    close(fd);
    world_turn(&world, 60);
}

Test(admin, client_that_leaves_withdraws_a_change_that_waits)
{
    leave_while_held();
    cr_assert_eq(world.deploy.cancelled, 1);
    cr_assert_null(world.deploy.pending);
}

Test(admin, client_that_leaves_does_not_stop_a_change_under_way)
{
    world.deploy.is_under_way = true;
    leave_while_held();
    cr_assert_eq(world.deploy.cancelled, 0);
    deploy_release_held(&world.deploy);
    ask("version\n");
    cr_assert(has("switchyard"));
}

Test(admin, lock_waits_only_if_asked_to)
{
    world.deploy.holds = true;
    world.deploy.lock = (struct deploy_lock_view){
        .is_held = true, .owner = "bob", .reason = "release", .age_us = 61000000
    };
    ask("lock acquire --reason x\n");
    cr_expect(has("error 5 conflict (locked): bob holds the deploy lock (release)"), "%s",
              out.bytes);
    ask("lock acquire --reason x --wait --timeout 150ms\n");
    cr_expect(has("error 4 timeout (locked): bob holds the deploy lock"), "%s", out.bytes);
    cr_expect_eq(world.deploy.cancelled, 2);
    ask("lock\n");
    cr_expect(has("held: yes\non: everything\nowner: bob\nreason: release\nage: 1m 1s\n"), "%s",
              out.bytes);
}

Test(admin, lock_is_taken_with_its_end)
{
    snprintf(world.deploy.result.words, sizeof world.deploy.result.words, "the lock is yours");
    cr_assert_str_eq(ask("lock acquire shop --reason x --ttl 5m\n"), "the lock is yours\n\n");
    cr_expect_eq(world.deploy.submitted[0].kind, CHANGE_LOCK_ACQUIRE);
    cr_expect_eq(world.deploy.submitted[0].ttl_us, 300000000);
    cr_expect_str_eq(world.deploy.submitted[0].name, "shop");
    ask("lock release shop --force --reason y\n");
    cr_expect_eq(world.deploy.submitted[1].kind, CHANGE_LOCK_RELEASE);
    cr_expect(world.deploy.submitted[1].force);
}

Test(admin, shutdown_answers_first)
{
    cr_assert_str_eq(ask("shutdown\n"), "stopping: requests in flight finish\n\n");
    cr_assert_eq(world.quits, 1);
    cr_assert_not(world.quit_now);
    ask("shutdown now\n");
    cr_assert_eq(world.quits, 2);
    cr_assert(world.quit_now);
}
