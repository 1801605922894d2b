/* Arguments of tools: what passes, and that the schema says the same. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "mcp/param_priv.h"
#include "mcp/tool_priv.h"

static const struct param params[] = {
    { "service", PARAM_NAME, true, 0, "a name" },    { "reason", PARAM_TEXT, false, 8, "a text" },
    { "count", PARAM_COUNT, false, 10, "a count" },  { "force", PARAM_BOOL, false, 0, "yes or no" },
    { "targets", PARAM_NAMES, false, 0, "targets" }, { "headers", PARAM_PAIRS, false, 0, "fields" },
};
enum { COUNT = sizeof params / sizeof params[0] };

static int check(const char *json)
{
    cJSON *arguments = json != NULL ? cJSON_Parse(json) : NULL;
    char problem[200] = "";
    int err = param_check(params, COUNT, arguments, problem, sizeof problem);

    cr_expect((err == 0) == (problem[0] == '\0'), "%s: \"%s\"", json, problem);
    cJSON_Delete(arguments);
    return err;
}

Test(param, what_passes)
{
    cr_expect_eq(check("{\"service\":\"shop\"}"), 0);
    cr_expect_eq(
        check("{\"service\":\"shop\",\"reason\":\"because\",\"count\":10,\"force\":false}"), 0);
    cr_expect_eq(check("{\"service\":\"shop\",\"targets\":[\"10.0.0.1:80\",\"unix:/run/a.sock\"]}"),
                 0);
    cr_expect_eq(check("{\"service\":\"shop\",\"headers\":{\"X-A\":\"b c\"}}"), 0);
}

Test(param, what_does_not)
{
    static const char *const bad[] = {
        NULL,
        "[]",
        "{}",
        "{\"service\":\"\"}",
        "{\"service\":7}",
        "{\"service\":null}",
        "{\"service\":\"--force\"}",
        "{\"service\":\"a b\"}",
        "{\"service\":\"a/b\"}",
        "{\"service\":\"a\\nb\"}",
        "{\"service\":\"shop\",\"other\":1}",
        "{\"service\":\"shop\",\"reason\":\"too long a text\"}",
        "{\"service\":\"shop\",\"reason\":\"a\\u0007\"}",
        "{\"service\":\"shop\",\"count\":0}",
        "{\"service\":\"shop\",\"count\":11}",
        "{\"service\":\"shop\",\"count\":1.5}",
        "{\"service\":\"shop\",\"count\":\"1\"}",
        "{\"service\":\"shop\",\"force\":1}",
        "{\"service\":\"shop\",\"targets\":\"x\"}",
        "{\"service\":\"shop\",\"targets\":[\"--x\"]}",
        "{\"service\":\"shop\",\"targets\":[1]}",
        "{\"service\":\"shop\",\"headers\":{\"X-A\":1}}",
        "{\"service\":\"shop\",\"headers\":{\"X A\":\"b\"}}",
        "{\"service\":\"shop\",\"headers\":[]}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_lt(check(bad[i]), 0, "%s", bad[i] != NULL ? bad[i] : "nothing");
}

Test(param, a_list_has_an_end)
{
    struct text json;

    text_init(&json, 4096);
    text_add(&json, "{\"service\":\"shop\",\"targets\":[\"a\"");
    for (int i = 1; i < PARAM_LIST_MAX; i++)
        text_add(&json, ",\"a\"");
    text_add(&json, "]}");
    cr_expect_eq(check(json.bytes), 0);
    json.len -= 2;
    text_add(&json, ",\"a\"]}");
    cr_expect_lt(check(json.bytes), 0);
    text_fini(&json);
}

Test(param, the_schema_is_JSON_and_names_them_all)
{
    struct text schema;
    cJSON *json = NULL;
    const cJSON *properties = NULL;

    text_init(&schema, 1 << 16);
    param_write_schema(params, COUNT, &schema);
    json = cJSON_ParseWithLength(schema.bytes, schema.len);
    properties = cJSON_GetObjectItemCaseSensitive(json, "properties");
    cr_assert_eq(cJSON_GetArraySize(properties), COUNT);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "required")), 1);
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "additionalProperties")));
    cJSON_Delete(json);
    text_fini(&schema);
}
