/* Answers and their tables: src/control/reply.c, sheet.c, json.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/json_priv.h"
#include "control/reply_priv.h"
#include "control/sheet_priv.h"

static void expect_text(const struct reply *reply, const char *expected)
{
    struct text out;

    text_init(&out, 1 << 20);
    reply_write_text(reply, &out);
    cr_expect_str_eq(out.bytes, expected, "%s", out.bytes);
    text_fini(&out);
}

Test(reply, text_ends_with_its_only_empty_line)
{
    struct reply reply;

    reply_init(&reply);
    expect_text(&reply, "\n");
    text_add(&reply.text, "\n\na\n\n\nb");
    expect_text(&reply, "a\nb\n\n");
    reply_fini(&reply);
}

Test(reply, failure_names_code_fault_gate_and_remedy)
{
    struct reply reply;

    reply_init(&reply);
    reply_fail(&reply, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "no target of %s is up", "green");
    reply_hint(&reply, "look");
    snprintf(reply.gate, sizeof reply.gate, "health");
    text_add(&reply.text, "state\n");
    expect_text(&reply, "error 3 refused (gate_refused): no target of green is up\n"
                        "gate: health\nremedy: look\nstate\n\n");
    cr_assert_not(reply_is_ok(&reply));
    reply_fini(&reply);
}

Test(reply, volatile_is_a_success_with_a_warning)
{
    struct reply reply;

    reply_init(&reply);
    reply_fail(&reply, OUTCOME_VOLATILE, FAULT_NOT_DURABLE, "disk full");
    text_add(&reply.text, "switched\n");
    cr_assert(reply_is_ok(&reply));
    expect_text(&reply, "warning 10 volatile: disk full\nswitched\n\n");
    reply_fini(&reply);
}

static cJSON *write_json(const struct reply *reply, bool with_text)
{
    struct text out;
    cJSON *json = NULL;

    text_init(&out, 1 << 20);
    reply_write_json(reply, with_text, &out);
    cr_assert_str_eq(out.bytes + out.len - 3, "}\n\n");
    cr_assert_eq(strchr(out.bytes, '\n'), out.bytes + out.len - 2, "one line only");
    json = cJSON_Parse(out.bytes);
    cr_assert_not_null(json, "%s", out.bytes);
    text_fini(&out);
    return json;
}

static const char *text_at(const cJSON *json, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

    return text != NULL ? text : "(none)";
}

Test(reply, json_has_its_members_in_order)
{
    static const char *const names[] = { "ok",    "code",  "outcome", "fault",
                                         "epoch", "error", "result",  "text" };
    struct reply reply;
    cJSON *json = NULL;
    unsigned i = 0;

    reply_init(&reply);
    reply.epoch = 7;
    text_add(&reply.text, "hello\n");
    json_add_text(reply_result(&reply), "a", "b");
    json = write_json(&reply, true);
    for (const cJSON *item = json->child; item != NULL; item = item->next)
        cr_expect_str_eq(item->string, names[i++]);
    cr_expect_eq(i, 8);
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(json, "ok")));
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(json, "error")));
    cr_expect_str_eq(text_at(json, "text"), "hello\n");
    cr_expect_str_eq(text_at(json, "outcome"), "done");
    cr_expect_str_eq(text_at(json, "fault"), "none");
    cJSON_Delete(json);
    json = write_json(&reply, false);
    cr_expect_null(cJSON_GetObjectItem(json, "text"));
    cJSON_Delete(json);
    reply_fini(&reply);
}

Test(reply, json_error_has_code_message_hint)
{
    struct reply reply;
    cJSON *json = NULL;
    const cJSON *error = NULL;

    reply_init(&reply);
    reply_fail(&reply, OUTCOME_CONFLICT, FAULT_CONFLICT, "a \"quoted\" word\n");
    json = write_json(&reply, true);
    error = cJSON_GetObjectItem(json, "error");
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(json, "ok")));
    cr_expect_eq(cJSON_GetObjectItem(json, "code")->valueint, 5);
    cr_expect_str_eq(text_at(error, "code"), "conflict");
    cr_expect_str_eq(text_at(error, "message"), "a \"quoted\" word\n");
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(error, "hint")));
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(json, "result")));
    cJSON_Delete(json);
    reply_fini(&reply);
}

Test(reply, one_that_was_cut_is_not_passed_off_as_whole)
{
    struct reply reply;
    struct text out;

    reply_init(&reply);
    for (unsigned i = 0; i < REPLY_BYTES_MAX / 16 + 1; i++)
        text_add(&reply.text, "0123456789abcde\n");
    text_init(&out, 2 * REPLY_BYTES_MAX);
    reply_write_text(&reply, &out);
    cr_expect_str_eq(out.bytes, "error 1 failed (overloaded): the answer is too large\n"
                                "remedy: ask for one service or slot\n\n");
    reply_write_json(&reply, true, &out);
    cr_expect_not_null(strstr(out.bytes, "\"code\":1,"));
    text_fini(&out);
    reply_fini(&reply);
}

Test(json, keeps_64_bit_integers_and_repairs_text)
{
    cJSON *object = json_object();
    char *line = NULL;

    json_add_u64(object, "big", UINT64_MAX);
    json_add_u64(object, "odd", (1ull << 53) + 1);
    json_add_seconds(object, "s", 1500007);
    json_add_text(object, "bad", "a\xff\"b");
    json_add_text(object, "none", NULL);
    line = json_print(object);
    cr_assert_str_eq(line, "{\"big\":18446744073709551615,\"odd\":9007199254740993,"
                           "\"s\":1.500007,\"bad\":\"a\\ufffd\\\"b\",\"none\":null}");
    free(line);
    cJSON_Delete(object);
}

static const struct sheet_column columns[] = {
    { "name", "NAME", SHEET_TEXT },   { "count", "N", SHEET_NUMBER },
    { "hidden", NULL, SHEET_NUMBER }, { NULL, "ONLY PEOPLE", SHEET_TEXT },
    { "age", "AGE", SHEET_SECONDS },  { "on", "ON", SHEET_BOOL },
};

Test(sheet, is_aligned_for_people_and_typed_for_programs)
{
    struct sheet *sheet = sheet_new(columns, 6);
    struct text out;
    cJSON *json = NULL;
    char *line = NULL;

    sheet_add_text(sheet, "gr\xc3\xbcn");
    sheet_add_u64(sheet, 12345);
    sheet_add_u64(sheet, 1);
    sheet_add_text(sheet, "x");
    sheet_add_seconds(sheet, 61000000);
    sheet_add_bool(sheet, true);
    sheet_add_text(sheet, "a\nb");
    sheet_add_none(sheet);
    sheet_add_none(sheet);
    sheet_add_text(sheet, "");
    sheet_add_none(sheet);
    sheet_add_bool(sheet, false);
    text_init(&out, 4096);
    sheet_print(sheet, &out);
    cr_expect_str_eq(out.bytes,
                     "NAME      N  ONLY PEOPLE  AGE    ON\n"
                     "gr\xc3\xbcn  12345  x            1m 1s  yes\n"
                     "a?b       -  -            -      no\n",
                     "%s", out.bytes);
    json = sheet_json(sheet);
    line = json_print(json);
    cr_expect_str_eq(line,
                     "[{\"name\":\"gr\xc3\xbcn\",\"count\":12345,\"hidden\":1,\"age\":61.000000,"
                     "\"on\":true},{\"name\":\"a\\nb\",\"count\":null,\"hidden\":null,\"age\":null,"
                     "\"on\":false}]",
                     "%s", line);
    free(line);
    cJSON_Delete(json);
    text_fini(&out);
    sheet_free(sheet);
}

Test(sheet, says_ages_in_two_units)
{
    static const struct {
        uint64_t us;
        const char *words;
    } cases[] = { { 0, "0ms" },
                  { 999999, "999ms" },
                  { 1000000, "1s" },
                  { 59999999, "59s" },
                  { 60000000, "1m 0s" },
                  { 3600000000, "1h 0m" },
                  { 86400000000, "1d 0h" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[32];

        sheet_age(cases[i].us, out);
        cr_expect_str_eq(out, cases[i].words);
    }
}
