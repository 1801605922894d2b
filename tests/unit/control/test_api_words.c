/* Requests as the words of commands: src/control/api_words.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "control/api_route_priv.h"
#include "control/api_words_priv.h"
#include "control/command_priv.h"
#include "http/parse_head.h"

static struct api_exchange exchange;
static char request[4096];
static char joined[1024];

/* The words of a request, joined by '|'; or its problem behind a '!'. */
static const char *words_of(const char *method, const char *path, const char *fields,
                            const char *body)
{
    static const struct head_limits limits = { 4096, 2048, API_FIELDS_MAX };
    enum fault fault = FAULT_NONE;
    struct api_words words;
    cJSON *members = NULL;
    size_t searched = 0;
    char allow[32];
    int err = 0;

    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, path, fields);
    exchange = (struct api_exchange){ .head = { .fields = exchange.fields,
                                                .field_capacity = API_FIELDS_MAX } };
    exchange.head.fields = exchange.fields;
    cr_assert_eq(
        parse_head_request(request, strlen(request), &searched, &limits, &exchange.head, &fault),
        PARSE_DONE, "%s", request);
    cr_assert_eq(api_route_find(&exchange, allow), API_MATCH_ONE, "%s", path);
    if (body != NULL)
        cr_assert_eq(strict_json_parse(slice_from(body), &strict_json_small, &members, NULL), 0,
                     "%s", body);
    else
        members = api_words_query(exchange.head.query);
    if (exchange.route->purpose == API_ANY)
        err = api_words_build_any(&exchange, members, &words);
    else if (exchange.route->purpose == API_PLAN)
        err = api_words_build_plan(&exchange, members, &words);
    else
        err =
            api_words_build(&(struct api_words_input){ .exchange = &exchange,
                                                       .command = api_route_command(exchange.route),
                                                       .words = exchange.route->words,
                                                       .members = members,
                                                       .only_service = "only" },
                            &words);
    snprintf(joined, sizeof joined, "%s%s", err < 0 ? "!" : "", err < 0 ? words.problem : "");
    for (unsigned i = 0; err == 0 && i < words.count; i++)
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", i > 0 ? "|" : "",
                 words.words[i]);
    if (err == 0 && words.lines != NULL)
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "<<%s", words.lines);
    api_words_fini(&words);
    cJSON_Delete(members);
    return joined;
}

#define POST(path, body) words_of("POST", path, "", body)
#define GET(path)        words_of("GET", path, "", NULL)

Test(api_words, members_are_words_and_options)
{
    cr_expect_str_eq(POST("/v1/services/shop/switch", "{}"), "switch|shop");
    cr_expect_str_eq(
        POST("/v1/services/shop/switch",
             "{\"to\":\"green\",\"confirm_within\":\"5m\",\"force\":true,"
             "\"reason\":\"a b\",\"if_epoch\":7}"),
        "switch|--to=green|--confirm-within=5m|--force|--reason=a b|--if-epoch=7|shop");
    cr_expect_str_eq(POST("/v1/services/shop/switch", "{\"force\":false}"), "switch|shop");
    cr_expect_str_eq(POST("/v1/services/shop/canary/start", "{\"share\":5}"),
                     "canary|start|shop|5");
    cr_expect_str_eq(POST("/v1/services/shop/canary/start", "{}"), "canary|start|shop");
    cr_expect_str_eq(
        POST("/v1/services/shop/slots/blue/targets", "{\"target\":\"10.0.0.1:80\",\"weight\":3}"),
        "target|add|shop/blue|10.0.0.1:80|weight=3");
    cr_expect_str_eq(POST("/v1/services/shop/slots/blue/targets", "{\"target\":\"10.0.0.1:80\"}"),
                     "target|add|shop/blue|10.0.0.1:80");
    cr_expect_str_eq(POST("/v1/shutdown", "{\"now\":true}"), "shutdown|now");
    cr_expect_str_eq(POST("/v1/shutdown", "{\"now\":false}"), "shutdown");
    cr_expect_str_eq(POST("/v1/signals", "{\"values\":{\"cpu\":0.5,\"note\":\"x\"}}"),
                     "signal|cpu=0.5|note=x");
    cr_expect_str_eq(POST("/v1/services/shop/tenants/load", "{\"lines\":\"a blue\\nb green\"}"),
                     "tenant|load|shop<<a blue\nb green");
    cr_expect_str_eq(POST("/api/deployment/rollback", "{}"), "rollback|only");
    cr_expect_str_eq(POST("/api/deployment/rollback", "{\"service\":\"shop\"}"), "rollback|shop");
}

Test(api_words, queries_are_members)
{
    cr_expect_str_eq(GET("/v1/history?limit=5&kind=switch&since=90m"),
                     "show|history|--limit=5|--kind=switch|--since=90m");
    cr_expect_str_eq(GET("/v1/services/shop?compare=true"), "status|--compare|shop");
    cr_expect_str_eq(GET("/v1/decisions/7/replay?with=a%3Db&with=c%3Dd"),
                     "replay|--with=a=b|--with=c=d|7");
    cr_expect_str_eq(GET("/v1/help?command=show%20slots"), "help|show|slots");
    cr_expect_str_eq(GET("/v1/explain?header=X:%20y&path=/a+b"),
                     "explain|--header=X: y|--path=/a+b");
    cr_expect_null(api_words_query(SLICE("a=%")));
    cr_expect_null(api_words_query(SLICE("a=%0a")));
}

Test(api_words, nothing_from_outside_becomes_an_option_or_another_command)
{
    cr_expect_str_eq(POST("/v1/services/--force/switch", "{}"), "switch|--|--force");
    cr_expect_str_eq(POST("/v1/services/shop/check", "{\"item\":\"--to=green\"}"),
                     "check|--|shop|--to=green");
    cr_expect_str_eq(POST("/v1/commands", "{\"command\":\"drain\",\"args\":{\"words\":[\"shop\","
                                          "\"status\"]}}"),
                     "drain|--|shop|status");
    cr_expect_str_eq(
        POST("/v1/commands", "{\"command\":\"drain\",\"args\":{\"words\":[\"status\"]}}"),
        "drain|--|status");
}

Test(api_words, bad_members_are_named)
{
    static const struct {
        const char *path;
        const char *body;
        const char *part;
    } cases[] = {
        { "/v1/services/shop/switch", "{\"limit\":1}", "takes no \"limit\"" },
        { "/v1/services/shop/switch", "{\"To\":\"x\"}", "takes no \"To\"" },
        { "/v1/services/shop/switch", "{\"to\":[\"a\"]}", "one value" },
        { "/v1/services/shop/switch", "{\"to\":{}}", "takes a text" },
        { "/v1/services/shop/switch", "{\"force\":3}", "true or false" },
        { "/v1/services/shop/switch", "{\"reason\":\"a\\nb\"}", "control bytes" },
        { "/v1/services/shop/canary/set", "{}", "\"share\" is missing" },
        { "/v1/services/shop/tenants/load", "{}", "\"lines\" is missing" },
        { "/v1/services/shop/tenants/load", "{\"lines\":4}", "one text" },
        { "/v1/commands", "{\"command\":\"nonsense\"}", "no name of a command" },
        { "/v1/commands", "{\"command\":\"quit\"}", "no name of a command" },
        { "/v1/commands", "{\"command\":\"switch\",\"words\":[]}", "unknown member" },
        { "/v1/commands", "{\"command\":\"switch\",\"args\":[]}", "is an object" },
        { "/v1/commands", "{\"command\":\"switch\",\"args\":{\"words\":[[]]}}", "texts" },
        { "/v1/plan", "{}", "no name of a command" },
        { "/v1/services/shop/switch", "{\"to\":null}", "\"to\" is null" },
        { "/v1/services/shop/switch", "{\"to\":\"blue\",\"if_epoch\":null}",
          "\"if_epoch\" is null" },
        { "/v1/services/shop/switch", "{\"confirm_within\":null}", "is null: give it a value" },
        { "/v1/services/shop/switch", "{\"force\":null}", "is null" },
        { "/v1/services/shop/canary/start", "{\"share\":null}", "\"share\" is null" },
        { "/v1/services/shop/tenants/load", "{\"lines\":null}", "\"lines\" is null" },
        { "/v1/commands", "{\"command\":\"switch\",\"args\":{\"words\":\"shop\",\"to\":null}}",
          "\"to\" is null" },
        { "/v1/plan", "{\"command\":\"switch\",\"args\":{\"words\":[\"shop\"],\"to\":null}}",
          "\"to\" is null" },
        { "/v1/plan", "{\"command\":\"switch\",\"args\":{\"words\":null}}", "\"words\" is null" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *words = POST(cases[i].path, cases[i].body);

        cr_expect(words[0] == '!' && strstr(words, cases[i].part) != NULL, "%s %s: %s",
                  cases[i].path, cases[i].body, words);
    }
}

Test(api_words, fields_are_options)
{
    cr_expect_str_eq(words_of("POST", "/v1/services/shop/switch",
                              "If-Match: \"42\"\r\nIdempotency-Key: k1\r\nX-Reason: why not\r\n",
                              "{}"),
                     "switch|--if-epoch=42|--reason=why not|--key=k1|shop");
    cr_expect_str_eq(words_of("POST", "/v1/services/shop/switch",
                              "If-Match: *\r\nX-Reason: field\r\n", "{\"reason\":\"body\"}"),
                     "switch|--reason=body|shop");
    cr_expect_eq(words_of("POST", "/v1/services/shop/switch", "If-Match: 42\r\n", "{}")[0], '!');
    cr_expect_eq(words_of("POST", "/v1/apply", "Idempotency-Key: k\r\n", "{\"token\":\"t\"}")[0],
                 '!');
    cr_expect_str_eq(
        words_of("GET", "/v1/list", "If-Match: \"42\"\r\nIdempotency-Key: k\r\n", NULL), "list");
}

Test(api_words, plans_and_any_command)
{
    cr_expect_str_eq(POST("/v1/plan", "{\"command\":\"canary start\",\"args\":{\"words\":[\"shop\","
                                      "\"5%\"],\"to\":\"green\"}}"),
                     "plan|canary|start|--to=green|--|shop|5%");
    cr_expect_str_eq(POST("/v1/commands", "{\"command\":\"show slots\"}"), "show|slots");
    cr_expect_str_eq(
        POST("/v1/commands",
             "{\"command\":\"switch\",\"args\":{\"words\":\"shop\",\"to\":\"green\"}}"),
        "switch|--to=green|shop");
}
