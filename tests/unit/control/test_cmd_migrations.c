/* db migrations: the plan that was made last, cut down to what people read. */
#include <criterion/criterion.h>

#include "unit/control/asker.h"

TestSuite(cmd_migrations, .init = asker_start, .fini = asker_stop);

static struct deploy_migrations_view view(const char *plan, const char *trouble)
{
    return (struct deploy_migrations_view){ .database = "main",
                                            .folder = "/srv/migrations",
                                            .plan = plan,
                                            .trouble = trouble,
                                            .age_us = plan != NULL ? 1000000 : UINT64_MAX };
}

Test(cmd_migrations, files_are_listed_with_their_risk)
{
    cJSON *json = NULL;
    const cJSON *first = NULL;

    asker_world.deploy.migrations =
        view("{\"level\":\"high\",\"confirmation\":\"plan "
             "token\",\"blocked\":true,\"files\":[{\"path\":\"V2__x.sql\","
             "\"version\":\"2\",\"state\":\"pending\",\"class\":\"breaks-rollback\",\"level\":"
             "\"high\",\"score\":60,"
             "\"confirmation\":\"plan token\",\"words\":\"\"}]}",
             "");
    json = ask_json("json db migrations\n");
    cr_expect_eq(json_code(json), 0);
    first = cJSON_GetArrayItem(json_result(json, "migrations"), 0);
    cr_expect_str_eq(json_text(first, "path"), "V2__x.sql");
    cr_expect_str_eq(json_text(first, "level"), "high");
    cr_expect_eq(json_number(first, "score"), 60);
    first = cJSON_GetArrayItem(json_result(json, "folders"), 0);
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(first, "blocked")));
    cr_expect_eq(json_number(first, "age_seconds"), 1);
    cJSON_Delete(json);
    ask("db migrations main\n");
    cr_expect(ask_has("breaks-rollback") && ask_has("V2__x.sql"), "%s", asker_out.bytes);
}

Test(cmd_migrations, what_is_not_judged_is_said)
{
    asker_world.deploy.migrations = view(NULL, "the server is away");
    ask("db migrations\n");
    cr_expect(ask_has("not judged yet: the server is away"), "%s", asker_out.bytes);
    ask_refused("db migrations other\n", OUTCOME_REFUSED, "no database other");
    asker_world.deploy.migrations = (struct deploy_migrations_view){ .database = NULL };
    ask("db migrations\n");
    cr_expect(ask_has("no database names a folder"), "%s", asker_out.bytes);
}
