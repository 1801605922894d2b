/* db check, db contract, the light of status and the metrics of both. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "unit/control/asker.h"

static struct config_database database = { .name = (char *)(uintptr_t) "main" };
static struct config_slot slots[] = {
    { .name = (char *)(uintptr_t) "blue", .database = (char *)(uintptr_t) "main" },
    { .name = (char *)(uintptr_t) "green", .database = (char *)(uintptr_t) "main" },
};
static struct config_service services[] = {
    { .name = (char *)(uintptr_t) "shop", .slots = slots, .slot_count = 2 },
    { .name = (char *)(uintptr_t) "api" },
};
static struct config config = {
    .services = services, .service_count = 2, .databases = &database, .database_count = 1
};

static void set_finding(struct word_finding *finding, enum word_answer answer, const char *words)
{
    finding->is_asked = true;
    finding->answer = answer;
    finding->age_us = 1000 * 1000;
    snprintf(finding->words, sizeof finding->words, "%s", words);
    snprintf(finding->remedy, sizeof finding->remedy, "mend it");
}

static void furnish(void)
{
    struct deploy *deploy = &asker_world.deploy;

    deploy->config = &config;
    snprintf(deploy->word[0].slot, sizeof deploy->word[0].slot, "green");
    set_finding(&deploy->word[0].word.gates[WORD_GATE_DATABASE], WORD_PASS, "main answers");
    deploy->light[0] = (struct deploy_light_view){ .slot = "green", .light = { .is_asked = true } };
    snprintf(deploy->light[0].light.words, sizeof deploy->light[0].light.words, "it was not seen");
}

static void start(void)
{
    asker_furnish = furnish;
    asker_start();
}

TestSuite(cmd_database_check, .init = start, .fini = asker_stop);

Test(cmd_database_check, passes_and_names_what_does_not)
{
    struct word_finding *gates = asker_world.deploy.word[0].word.gates;
    cJSON *json = ask_json("json db check shop\n");

    cr_expect_eq(json_code(json), 0);
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "gates")), 1);
    cJSON_Delete(json);
    set_finding(&gates[WORD_GATE_CONTRACT], WORD_FAIL, "column public.t.c is missing");
    json = ask_json("json db check shop/blue\n");
    cr_expect_eq(json_code(json), 3);
    cr_expect_str_eq(json_text(cJSON_GetArrayItem(json_result(json, "gates"), 1), "result"),
                     "fail");
    cr_expect_str_eq(json_text(cJSON_GetArrayItem(json_result(json, "gates"), 1), "slot"), "blue");
    cJSON_Delete(json);
    ask("db check main\n");
    cr_expect(ask_has("2 of 4 gates do not pass; shop/blue: fail: column public.t.c is missing"),
              "%s", asker_out.bytes);
    cr_expect(ask_has("gate: contract"), "%s", asker_out.bytes);
}

Test(cmd_database_check, takes_what_is_unknown_as_the_service_does)
{
    struct deploy_word_view *view = &asker_world.deploy.word[0];
    cJSON *json = NULL;

    set_finding(&view->word.gates[WORD_GATE_DATABASE], WORD_UNKNOWN, "it is away");
    json = ask_json("json db check shop\n");
    cr_expect_eq(json_code(json), 3);
    cJSON_Delete(json);
    view->is_lenient = true;
    json = ask_json("json db check shop\n");
    cr_expect_eq(json_code(json), 0);
    cJSON_Delete(json);
}

Test(cmd_database_check, knows_names)
{
    ask("db check nothing\n");
    cr_expect(ask_has("no service or group nothing"), "%s", asker_out.bytes);
    ask("db check api\n");
    cr_expect(ask_has("no slot of api works with a database"), "%s", asker_out.bytes);
    ask_refused("db check shop/blue/t\n", OUTCOME_USAGE, "too long a path");
    ask_refused("db contract shop\n", OUTCOME_USAGE, "say which slot");
    ask("db contract shop/green\n");
    cr_expect(ask_has("shop/green has no contract"), "%s", asker_out.bytes);
}

Test(cmd_database_check, shows_all_that_a_contract_misses)
{
    struct deploy *deploy = &asker_world.deploy;
    cJSON *json = NULL;

    set_finding(&deploy->contract[0], WORD_FAIL,
                "column a is missing; column b is missing; and more");
    deploy->missing = "column a is missing\ncolumn b is missing\ncolumn c is missing\n";
    ask("db contract shop/green\n");
    cr_expect(ask_has("column c is missing"), "%s", asker_out.bytes);
    json = ask_json("json db contract shop/green\n");
    cr_expect_eq(json_code(json), 3);
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "missing")), 3);
    cJSON_Delete(json);
    deploy->missing = NULL;
    set_finding(&deploy->contract[0], WORD_PASS, "all is there");
    ask("db contract shop/green\n");
    cr_expect(ask_has("shop/green: all is there"), "%s", asker_out.bytes);
    set_finding(&deploy->contract[0], WORD_UNKNOWN, "x.json: at needs: it is an object");
    ask("db contract shop/green\n");
    cr_expect(ask_has("mend it"), "%s", asker_out.bytes);
}

Test(cmd_database_check, the_light_stands_in_status)
{
    struct word_light *light = &asker_world.deploy.light[0].light;
    static const struct {
        enum word_answer answer;
        const char *name;
    } cases[] = { { WORD_UNKNOWN, "unknown" }, { WORD_PASS, "yes" }, { WORD_FAIL, "no" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128];
        cJSON *json = NULL;

        light->answer = cases[i].answer;
        snprintf(line, sizeof line, "shop: rollback safe: %s (to green), because it was not seen",
                 cases[i].name);
        ask("status\n");
        cr_expect(ask_has(line), "%s", asker_out.bytes);
        json = ask_json("json status shop\n");
        cr_expect_str_eq(
            json_text(cJSON_GetArrayItem(json_result(json, "lights"), 0), "rollback_safe"),
            cases[i].name);
        cJSON_Delete(json);
    }
    light->is_asked = false;
    ask("status\n");
    cr_expect_not(ask_has("rollback safe"), "%s", asker_out.bytes);
}
