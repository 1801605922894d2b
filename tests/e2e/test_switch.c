/*
 * The commands that move traffic: switch, rollback, groups, epochs, history, refusals, exit codes, JSON. What
 * a command says is compared with where requests really go.
 */
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

static const struct stage_options usual = { 0 };

static double number_of(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static const char *text_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return text != NULL ? text : "";
}

Test(switch, to_and_back)
{
    struct stage stage;

    stage_open(&stage, &usual);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop"), 0, "without --to it is the standby slot");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    STOP_STAGE(&stage);
}

Test(switch, answer_names_slots_and_epoch)
{
    struct stage stage;
    cJSON *json = NULL;
    cJSON *result = NULL;
    double before = 0;
    int code = -1;

    stage_open(&stage, &usual);
    before = stage_epoch(&stage);
    json = ctl_json(stage.daemon, "switch shop --to green", &code);
    result = cJSON_GetObjectItemCaseSensitive(json, "result");
    cr_expect_eq(code, 0);
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "ok")));
    cr_expect_str_eq(text_of(result, "from"), "blue");
    cr_expect_str_eq(text_of(result, "to"), "green");
    cr_expect(number_of(json, "epoch") > before, "the epoch did not grow");
    cr_expect_eq(number_of(result, "epoch_before"), before);
    cr_expect_eq(number_of(json, "epoch"), stage_epoch(&stage));
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "durable")));
    cJSON_Delete(json);
    STOP_STAGE(&stage);
}

Test(switch, to_where_it_is_changes_nothing)
{
    struct stage stage;
    double before = 0;

    stage_open(&stage, &usual);
    before = stage_epoch(&stage);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to blue"), 0);
    cr_expect_eq(stage_epoch(&stage), before);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

struct code_case {
    const char *words;
    int code;
};

/* Everything here must leave traffic and epoch as they are. */
static const struct code_case refusals[] = {
    { "switch", 2 },
    { "switch shop --to", 2 },
    { "switch shop extra", 2 },
    { "switch shop --nonsense", 2 },
    { "switch shop --to green --force", 2 }, /* force needs a reason */
    { "nonsense", 2 },
    { "rollback", 2 },
    { "target set shop/blue/x:1 sideways", 2 },
    { "switch shop --to green --if-epoch 999999", 5 },
    { "rollback shop", 3 }, /* nothing to go back to */
};

Test(switch, refusals_change_nothing)
{
    struct stage stage;
    double before = 0;

    stage_open(&stage, &usual);
    before = stage_epoch(&stage);
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct ctl_result result = ctl_run(stage.daemon, refusals[i].words);

        cr_expect_eq(result.code, refusals[i].code, "\"%s\": exit %d, wanted %d: %s%s",
                     refusals[i].words, result.code, refusals[i].code, result.out, result.err);
        cr_expect(strlen(result.err) > 0, "\"%s\": nothing on standard error", refusals[i].words);
        ctl_free(&result);
    }
    cr_expect_neq(ctl_code(stage.daemon, "switch nobody"), 0, "an unknown service was switched");
    cr_expect_neq(ctl_code(stage.daemon, "switch shop --to purple"), 0,
                  "an unknown slot was taken");
    cr_expect_eq(stage_epoch(&stage), before, "a refused command moved the epoch");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

/* A slot that cannot serve: exit 3, the gate named; --force --reason goes through and is in the history. */
Test(switch, gate_refuses_a_dead_slot)
{
    struct stage stage;
    struct ctl_result result;

    stage_open(&stage, &usual);
    origin_down(origin_auto_origin(stage.green));
    cr_expect(daemon_await_log(stage.daemon, "down", 10000), "nobody noticed that green is down");
    for (int i = 0; i < 100 && daemon_metric(stage.daemon, "switchyard_target_up", "green") != 0;
         i++)
        scene_pause_us(20000);
    result = ctl_run(stage.daemon, "switch shop --to green");
    cr_expect_eq(result.code, 3, "exit %d: %s%s", result.code, result.out, result.err);
    cr_expect(strstr(result.err, "green") != NULL, "the refusal does not say what: %s", result.err);
    ctl_free(&result);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    {
        static const char *const words[] = { "switch",  "shop",     "--to",           "green",
                                             "--force", "--reason", "drill of today", NULL };

        result = ctl_run_words(stage.daemon, words);
        cr_expect_eq(result.code, 0, "forced: exit %d: %s%s", result.code, result.out, result.err);
        ctl_free(&result);
    }
    result = ctl_run(stage.daemon, "history");
    cr_expect(strstr(result.out, "drill of today") != NULL, "history: %s", result.out);
    ctl_free(&result);
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    origin_up(origin_auto_origin(stage.green));
    STOP_STAGE(&stage);
}

/* Rollback needs no more than a target that may be tried. */
Test(switch, history_tells_all_of_it)
{
    struct stage stage;
    cJSON *json = NULL;
    cJSON *history = NULL;

    stage_open(&stage, &usual);
    ctl_code(stage.daemon, "switch shop --to green");
    ctl_code(stage.daemon, "rollback shop");
    ctl_code(stage.daemon, "switch shop --to purple");
    json = ctl_json(stage.daemon, "history", NULL);
    history = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "result"),
                                               "history");
    cr_assert(cJSON_GetArraySize(history) >= 2, "history has %d entries",
              cJSON_GetArraySize(history));
    {
        const cJSON *entry = NULL;
        bool saw_switch = false;
        bool saw_rollback = false;

        cJSON_ArrayForEach(entry, history)
        {
            if (strcmp(text_of(entry, "outcome"), "done") != 0)
                continue;
            saw_switch = saw_switch || (strcmp(text_of(entry, "kind"), "switch") == 0 &&
                                        strcmp(text_of(entry, "from"), "blue") == 0 &&
                                        strcmp(text_of(entry, "to"), "green") == 0);
            saw_rollback = saw_rollback || (strcmp(text_of(entry, "kind"), "rollback") == 0 &&
                                            strcmp(text_of(entry, "to"), "blue") == 0);
            cr_expect(strstr(text_of(entry, "actor"), "uid=") != NULL, "no actor");
        }
        cr_expect(saw_switch);
        cr_expect(saw_rollback);
    }
    cJSON_Delete(json);
    STOP_STAGE(&stage);
}

/* A kept connection goes to the other slot with its next request. */
Test(switch, kept_connection_follows)
{
    struct stage stage;
    struct client client;
    struct reply reply = { 0 };

    stage_open(&stage, &usual);
    client_open(&client, daemon_front(stage.daemon));
    for (int i = 0; i < 10; i++) {
        const char *wish = i % 2 == 0 ? "blue" : "green";

        client_send_text(&client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        cr_assert_eq(client_reply(&client, false, 10000, &reply), REPLY_WHOLE);
        cr_expect(slice_is_equal(reply_value(&reply, "X-Slot"), slice_from(wish)), "turn %d: %.*s",
                  i, SLICE_ARG(reply_value(&reply, "X-Slot")));
        reply_fini(&reply);
        cr_assert_eq(
            ctl_code(stage.daemon, i % 2 == 0 ? "switch shop --to green" : "switch shop --to blue"),
            0);
    }
    client_close(&client);
    STOP_STAGE(&stage);
}

Test(switch, epoch_header_and_access_line)
{
    static const struct stage_options options = {
        .lines = "health { interval = \"100ms\" timeout = \"1s\" rise = 1 }\n"
                 "forward { epoch_header = true }\n"
    };
    struct stage stage;
    struct client client;
    struct reply reply = { 0 };
    char *epoch = NULL;

    stage_open(&stage, &options);
    ctl_code(stage.daemon, "switch shop --to green");
    epoch = mem_format("%.0f", stage_epoch(&stage));
    client_open(&client, daemon_front(stage.daemon));
    client_send_text(&client, "GET /epoch-check HTTP/1.1\r\nHost: a.test\r\n\r\n");
    cr_assert_eq(client_reply(&client, false, 10000, &reply), REPLY_WHOLE);
    cr_expect(slice_is_equal(reply_value(&reply, "X-Switchyard-Epoch"), slice_from(epoch)),
              "X-Switchyard-Epoch %.*s, wanted %s",
              SLICE_ARG(reply_value(&reply, "X-Switchyard-Epoch")), epoch);
    reply_fini(&reply);
    client_close(&client);
    cr_expect(daemon_await_access(stage.daemon, "/epoch-check", 5000));
    {
        char *log = daemon_access_log(stage.daemon);
        char *wish = mem_format("\"epoch\":%s,", epoch);

        cr_expect(log != NULL && strstr(log, wish) != NULL, "access log lacks %s", wish);
        free(wish);
        free(log);
    }
    free(epoch);
    STOP_STAGE(&stage);
}

/* A group moves in one step, by its name; a member alone is refused or moves with it, never apart. */
Test(switch, group_moves_together)
{
    struct stage stage;
    char *more = NULL;
    struct origin_auto *blue = origin_auto_start("127.0.0.1:0", "blue", 0);
    struct origin_auto *green = origin_auto_start("127.0.0.1:0", "green", 0);
    struct stage_options options = { .lines =
                                         "hosts = { \"a.test\" }\n health { enabled = false }\n" };

    more = mem_format("service api { hosts = { \"api.test\" } slot blue { targets = { \"%s\" } }\n"
                      " slot green { targets = { \"%s\" } } health { enabled = false } }\n"
                      "group release { services = { \"shop\", \"api\" } }\n",
                      origin_auto_address(blue), origin_auto_address(green));
    options.more = more;
    stage_open(&stage, &options);
    cr_expect_eq(ctl_code(stage.daemon, "switch release --to green"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    {
        struct text body;
        uint64_t served = origin_auto_served(green);

        text_init(&body, 65536);
        cr_expect_eq(client_ask(daemon_front(stage.daemon),
                                "GET / HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n",
                                &body),
                     200);
        cr_expect_eq(origin_auto_served(green), served + 1, "the api did not move");
        text_fini(&body);
    }
    cr_expect_eq(ctl_code(stage.daemon, "rollback release"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    origin_drop_connections(origin_auto_origin(blue));
    origin_drop_connections(origin_auto_origin(green));
    STOP_STAGE(&stage);
    origin_auto_stop(blue);
    origin_auto_stop(green);
    free(more);
}

/* Every read command answers in both forms, with exit code 0. */
Test(switch, reading_commands)
{
    static const char *const words[] = { "status",     "status shop", "slots",        "targets",
                                         "history",    "version",     "help",         "list",
                                         "lock show",  "show info",   "show config",  "show errors",
                                         "show conns", "show drain",  "show evidence" };
    struct stage stage;

    stage_open(&stage, &usual);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct ctl_result result = ctl_run(stage.daemon, words[i]);
        int code = -1;
        cJSON *json = ctl_json(stage.daemon, words[i], &code);

        cr_expect_eq(result.code, 0, "%s: exit %d: %s", words[i], result.code, result.err);
        cr_expect(result.out[0] != '\0', "%s says nothing", words[i]);
        cr_expect(strchr(result.out, '\033') == NULL, "%s: colour without a terminal", words[i]);
        cr_expect(cJSON_IsObject(json), "%s: no JSON object", words[i]);
        cr_expect(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "ok")), "%s: not ok",
                  words[i]);
        cr_expect_eq(code, 0, "--json %s: exit %d", words[i], code);
        cJSON_Delete(json);
        ctl_free(&result);
    }
    STOP_STAGE(&stage);
}

Test(switch, unreachable_daemon_is_8)
{
    struct stage stage;
    struct ctl_result result;

    stage_open(&stage, &usual);
    daemon_kill(stage.daemon);
    result = ctl_run(stage.daemon, "status");
    cr_expect_eq(result.code, 8, "exit %d: %s", result.code, result.err);
    ctl_free(&result);
    daemon_restart(stage.daemon);
    STOP_STAGE(&stage);
}

/* The same key asks for the same change: the second answer is the first one, nothing moves again. */
Test(switch, idempotency_key)
{
    struct stage stage;
    double epoch = 0;

    stage_open(&stage, &usual);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green --key once-1"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to blue"), 0);
    epoch = stage_epoch(&stage);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green --key once-1"), 0);
    cr_expect_eq(stage_epoch(&stage), epoch, "a repeated key was carried out again");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

Test(switch, lock_keeps_others_out)
{
    struct stage stage;
    static const char *const acquire[] = { "lock",        "acquire", "shop", "--reason",
                                           "release day", "--ttl",   "60s",  NULL };
    struct ctl_result result;

    stage_open(&stage, &usual);
    result = ctl_run_words(stage.daemon, acquire);
    cr_expect_eq(result.code, 0, "%s%s", result.out, result.err);
    ctl_free(&result);
    result = ctl_run(stage.daemon, "lock show");
    cr_expect(strstr(result.out, "release day") != NULL, "lock show: %s", result.out);
    ctl_free(&result);
    cr_expect_eq(ctl_code(stage.daemon, "lock release shop"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    STOP_STAGE(&stage);
}

/* The plain line protocol, as socat would speak it. */
Test(switch, admin_lines)
{
    struct stage stage;
    struct ctl_line line;
    const char *answer = NULL;

    stage_open(&stage, &usual);
    cr_assert(ctl_open(&line, stage.daemon));
    answer = ctl_say(&line, "switch shop --to green", 10000);
    cr_assert(answer != NULL, "no answer to a line");
    cr_expect(strstr(answer, "green") != NULL, "%s", answer);
    ctl_close(&line);
    cr_assert(ctl_open(&line, stage.daemon));
    answer = ctl_say(&line, "json status", 10000);
    cr_assert(answer != NULL, "no answer to a json line");
    cr_expect_eq(answer[0], '{', "%s", answer);
    ctl_close(&line);
    STOP_STAGE(&stage);
}

/* A staging slot goes live, or becomes a candidate, only when the configuration says so. */
Test(switch, staging_only_when_allowed)
{
    static const char refusing[] =
        "health { enabled = false }\n"
        "slot stage { targets = { \"127.0.0.1:1\" }  role = \"staging\" }\n";
    static const char allowing[] =
        "health { enabled = false }\n"
        "slot stage { targets = { \"127.0.0.1:1\" }  role = \"staging\"  "
        "allow_live = true }\n";
    struct stage stage;

    stage_open(&stage, &(struct stage_options){ .lines = refusing });
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to stage"), 3);
    cr_expect_eq(ctl_code(stage.daemon, "canary start shop --to stage"), 3);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to stage --force --reason now"), 3,
                 "a role is nothing that force overrides");
    cr_expect_eq(stage_epoch(&stage), 1);
    STOP_STAGE(&stage);
    stage_open(&stage, &(struct stage_options){ .lines = allowing });
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to stage"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}
