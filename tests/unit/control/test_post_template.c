/* Bodies of webhooks, and what escapes from nowhere. src/control/post_template.c */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "control/event_face_priv.h"
#include "control/post_template_priv.h"

#define NASTY                                                                                      \
    "{\"id\":7,\"time\":\"t\",\"kind\":\"alert\",\"service\":\"shop\",\"severity\":\"warn\","      \
    "\"trigger\":\"x\",\"words\":\"a \\\"b\\\" <c> & \\\\ \\n ${id} \\u00fc\",\"decision\":3}"

static cJSON *fill(struct post_template *made)
{
    struct event_face face;
    struct text out;
    cJSON *json = NULL;

    cr_assert_eq(event_face_make(SLICE(NASTY), NULL, 2, &face), ERR_OK);
    text_init(&out, POST_BODY_BYTES);
    post_template_fill(made, &face, &out);
    cr_assert_eq(strict_json_parse(text_slice(&out), &strict_json_small, &json, NULL), ERR_OK, "%s",
                 out.bytes);
    text_fini(&out);
    event_face_free(&face);
    post_template_free(made);
    return json;
}

static const char *text_of(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    cr_assert(cJSON_IsString(item), "%s", name);
    return item->valuestring;
}

static struct post_template *make(const char *template)
{
    struct post_template *made = NULL;
    char words[300] = "";

    cr_assert_eq(post_template_new(template, words, sizeof words, &made), ERR_OK, "%s", words);
    return made;
}

Test(post_template, json_is_the_event_and_more)
{
    cJSON *json = fill(make("json"));

    cr_expect_str_eq(text_of(json, "words"), "a \"b\" <c> & \\ \n ${id} \xc3\xbc");
    cr_expect_str_eq(text_of(json, "event"), "alert");
    cr_expect_str_eq(text_of(json, "event_id"), "7");
    cr_expect_eq(cJSON_GetObjectItem(json, "count")->valueint, 2);
    cJSON_Delete(json);
}

Test(post_template, slack_has_one_text_without_markup_of_ours)
{
    cJSON *json = fill(make("slack"));

    cr_expect_str_eq(text_of(json, "text"),
                     "*shop: warn: x (2 times)*\na \"b\" &lt;c&gt; &amp; \\ \n ${id} \xc3\xbc");
    cr_expect_eq(cJSON_GetArraySize(json), 1);
    cJSON_Delete(json);
}

static int parse(const char *text, char *words, unsigned size, struct post_template **made)
{
    return post_template_parse(slice_from(text), "t.json", words, size, made);
}

Test(post_template, values_are_escaped_and_not_looked_at_again)
{
    struct post_template *made = NULL;
    char words[300] = "";
    cJSON *json = NULL;

    cr_assert_eq(parse("{\"a\":\"${text}|${event.decision}|${event.none}\",\"n\":${count},"
                       "\"k\":\"${kind} ${severity} ${id} $ {x}\"}",
                       words, sizeof words, &made),
                 ERR_OK, "%s", words);
    json = fill(made);
    cr_expect_str_eq(text_of(json, "a"), "a \"b\" <c> & \\ \n ${id} \xc3\xbc|3|");
    cr_expect_str_eq(text_of(json, "k"), "alert warn 7 $ {x}");
    cr_expect_eq(cJSON_GetObjectItem(json, "n")->valueint, 2);
    cJSON_Delete(json);
}

Test(post_template, what_cannot_work_is_found_at_once)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        { "{\"a\":\"${txt}\"}", "'${txt}' is no placeholder" },
        { "{\"a\":\"${text", "is no placeholder" },
        { "{\"a\":\"${event.}\"}", "is no placeholder" },
        { "{\"a\":${text}}", "put the placeholders inside of strings" },
        { "{\"a\":", "it is no JSON" },
        { "hello ${text}", "it is no JSON" },
        { "{\"a\":\"\xff\"}", "is not UTF-8" },
    };
    struct post_template *made = NULL;
    char words[300];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_neq(parse(bad[i].text, words, sizeof words, &made), ERR_OK, "%s", bad[i].text);
        cr_expect_not_null(strstr(words, bad[i].says), "%s: %s", bad[i].text, words);
    }
    cr_expect_neq(post_template_new("/nowhere/t.json", words, sizeof words, &made), ERR_OK);
    cr_expect_not_null(strstr(words, "/nowhere/t.json cannot be read"), "%s", words);
}

Test(post_template, a_file_is_read_and_bounded)
{
    char path[] = "/tmp/post_template.XXXXXX";
    int fd = mkstemp(path);
    char words[300] = "";
    struct post_template *made = NULL;

    cr_assert(fd >= 0 && write(fd, "{\"t\":\"${title}\"}", 16) == 16);
    cJSON_Delete(fill(make(path)));
    cr_assert_eq(ftruncate(fd, POST_TEMPLATE_BYTES + 1), 0);
    cr_expect_neq(post_template_new(path, words, sizeof words, &made), ERR_OK);
    cr_expect_not_null(strstr(words, "has more than"), "%s", words);
    close(fd);
    unlink(path);
}
