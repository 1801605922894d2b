/* The table of routes and how a request finds its own: src/control/api_route.c, api_route_table.c, api_openapi.c. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strict_json.h"
#include "base/text.h"
#include "control/api_openapi_priv.h"
#include "control/api_route_priv.h"
#include "control/command_priv.h"

static struct api_exchange exchange;
static char allow[32];

static enum api_match find(enum method method, const char *path)
{
    exchange = (struct api_exchange){ .head = { .method = method, .path = slice_from(path) } };
    return api_route_find(&exchange, allow);
}

static bool has_route(const char *command)
{
    const struct api_route *route = NULL;

    for (unsigned i = 0; (route = api_route_at(i)) != NULL; i++)
        if (strcmp(route->command, command) == 0)
            return true;
    return false;
}

Test(api_route, every_command_has_one)
{
    const struct command *command = NULL;

    for (unsigned i = 0; (command = command_at(i)) != NULL; i++)
        cr_expect(has_route(command->name) != api_route_is_of_socket(command->name),
                  "\"%s\" has no route: add a row to api_route_table.c", command->name);
}

Test(api_route, no_get_changes_anything)
{
    const struct api_route *route = NULL;

    for (unsigned i = 0; (route = api_route_at(i)) != NULL; i++) {
        const struct command *command = api_route_command(route);

        cr_expect(route->method == METHOD_GET || route->method == METHOD_POST);
        cr_expect(route->command[0] == '\0' || command != NULL, "%s: no command %s", route->pattern,
                  route->command);
        if (route->method == METHOD_GET && command != NULL)
            cr_expect_eq(command->effect, COMMAND_READS, "GET %s", route->pattern);
        for (unsigned k = 0; k < i; k++)
            cr_expect(api_route_at(k)->method != route->method ||
                          strcmp(api_route_at(k)->pattern, route->pattern) != 0,
                      "%s is there twice", route->pattern);
    }
}

/* What the words of a route may name is in its path, or can be a member. */
Test(api_route, patterns_are_whole)
{
    const struct api_route *route = NULL;

    for (unsigned i = 0; (route = api_route_at(i)) != NULL; i++) {
        const char *text = route->pattern;
        struct slice name = { NULL, 0 };
        char kind = '\0';
        unsigned count = 0;

        for (; api_route_next_name(&text, &name, &kind); count++)
            cr_expect(kind == '\0' && name.len > 0, "%s", route->pattern);
        cr_expect_leq(count, API_PARAMS_MAX, "%s", route->pattern);
        cr_expect(route->pattern[0] == '/' &&
                  (route->pattern[strlen(route->pattern) - 1] != '/' || route->pattern[1] == '\0'));
    }
}

Test(api_route, is_found_by_method_and_path)
{
    static const struct {
        enum method method;
        const char *path;
        enum api_match match;
        const char *pattern;
    } cases[] = {
        { METHOD_GET, "/v1/services", API_MATCH_ONE, "/v1/services" },
        { METHOD_HEAD, "/v1/services", API_MATCH_ONE, "/v1/services" },
        { METHOD_GET, "/v1/services/shop", API_MATCH_ONE, "/v1/services/{name}" },
        { METHOD_POST, "/v1/services/shop/switch", API_MATCH_ONE, "/v1/services/{name}/switch" },
        { METHOD_POST, "/api/emergency/fix-q-2", API_MATCH_ONE, "/api/emergency/fix-{action}" },
        { METHOD_GET, "/v1/services/shop/switch", API_MATCH_METHOD, NULL },
        { METHOD_DELETE, "/v1/services", API_MATCH_METHOD, NULL },
        { METHOD_OPTIONS, "/v1/signals", API_MATCH_METHOD, NULL },
        { METHOD_GET, "/v1/services/", API_MATCH_NONE, NULL },
        { METHOD_GET, "/v1//services", API_MATCH_NONE, NULL },
        { METHOD_GET, "/v1/services/shop/slots/blue/x", API_MATCH_NONE, NULL },
        { METHOD_POST, "/api/emergency/fix-", API_MATCH_NONE, NULL },
        { METHOD_GET, "/", API_MATCH_ONE, "/" },
        { METHOD_GET, "/dashboard/app.js", API_MATCH_ONE, "/dashboard/{file}" },
        { METHOD_GET, "/dashboard/", API_MATCH_NONE, NULL },
        { METHOD_POST, "/", API_MATCH_METHOD, NULL },
        { METHOD_GET, "/V1/services", API_MATCH_NONE, NULL },
        { METHOD_GET, "/v1/services/../status", API_MATCH_NONE, NULL },
        { METHOD_GET, "/v1/services/a%2Fb", API_MATCH_NONE, NULL },
        { METHOD_GET, "/v1/services/a%00b", API_MATCH_BAD, NULL },
        { METHOD_GET, "/v1/services/a%0Ab", API_MATCH_BAD, NULL },
        { METHOD_GET, "/v1/services/a%", API_MATCH_BAD, NULL },
        { METHOD_GET, "/v1/services/a%4", API_MATCH_BAD, NULL },
        { METHOD_GET, "/v1/services/a%zz", API_MATCH_BAD, NULL },
        { METHOD_GET, "/v1/services/%ff", API_MATCH_BAD, NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(find(cases[i].method, cases[i].path), cases[i].match, "%s", cases[i].path);
        if (cases[i].match == API_MATCH_ONE)
            cr_expect_str_eq(exchange.route->pattern, cases[i].pattern);
    }
}

Test(api_route, parts_of_the_path_are_decoded)
{
    cr_assert_eq(
        find(METHOD_POST, "/v1/services/sh%6Fp/slots/blue/targets/unix:%2Frun%2Fa.sock/order"),
        API_MATCH_ONE);
    cr_expect_str_eq(api_route_param(&exchange, SLICE("name")), "shop");
    cr_expect_str_eq(api_route_param(&exchange, SLICE("slot")), "blue");
    cr_expect_str_eq(api_route_param(&exchange, SLICE("target")), "unix:/run/a.sock");
    cr_expect_null(api_route_param(&exchange, SLICE("nam")));
}

Test(api_route, other_methods_are_named)
{
    find(METHOD_PUT, "/v1/services/shop/canary");
    cr_expect_str_eq(allow, "GET, HEAD");
    find(METHOD_PUT, "/v1/services/shop/slots/blue/drain");
    cr_expect_str_eq(allow, "GET, HEAD, POST");
    find(METHOD_GET, "/v1/reload");
    cr_expect_str_eq(allow, "POST");
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Each route is in the document, and nothing else. */
Test(api_route, document_has_each_of_them)
{
    struct strict_json_limits limits = { .bytes = 4 << 20, .depth = 32, .items = 100000 };
    const struct api_route *route = NULL;
    const cJSON *path = NULL;
    const char *why = "";
    cJSON *document = NULL;
    unsigned documented = 0;
    unsigned count = 0;
    unsigned pages = 0;
    struct text text;

    text_init(&text, 4 << 20);
    api_openapi_write(&text);
    cr_assert_eq(strict_json_parse(text_slice(&text), &limits, &document, &why), 0, "%s", why);
    for (; (route = api_route_at(count)) != NULL; count++) {
        const cJSON *item = member(member(member(document, "paths"), route->pattern),
                                   route->method == METHOD_GET ? "get" : "post");

        if (route->purpose == API_PAGE) { /* for people */
            cr_expect_null(item, "%s", route->pattern);
            pages++;
            continue;
        }
        cr_assert_not_null(item, "%s", route->pattern);
        cr_expect(cJSON_IsString(member(item, "summary")), "%s", route->pattern);
        cr_expect_not_null(member(member(item, "responses"), "200"));
        cr_expect_eq(member(item, "requestBody") != NULL, route->method == METHOD_POST);
    }
    cJSON_ArrayForEach(path, member(document, "paths")) documented +=
        (unsigned)cJSON_GetArraySize(path);
    cr_expect_eq(documented + pages, count);
    cJSON_Delete(document);
    text_fini(&text);
}
