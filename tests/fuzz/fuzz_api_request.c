/* room: control. A request to the API as far as it goes without effect: head, body in pieces, gate, route, words. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "config/config.h"
#include "control/api_body_priv.h"
#include "control/api_gate_priv.h"
#include "control/api_route_priv.h"
#include "control/api_words_priv.h"
#include "control/command_priv.h"
#include "control/words_priv.h"
#include "http/parse_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* Words of a request are words of its command, clean, and never another one's. */
static void check_words(const struct api_exchange *exchange, const struct api_words *words)
{
    const struct command *command = api_route_command(exchange->route);
    const struct command *found = NULL;
    const char *nearest = NULL;
    unsigned taken = 0;

    for (unsigned i = 0; i < words->count; i++)
        CHECK(words_is_clean(words->words[i], strlen(words->words[i])));
    found = command_lookup(words->words, words->count, &taken, &nearest);
    CHECK(found != NULL);
    if (exchange->route->purpose != API_ANY)
        CHECK(found == command);
    if (exchange->head.method != METHOD_POST)
        CHECK(found->effect == COMMAND_READS);
}

static void try_words(const struct api_exchange *exchange, const cJSON *members)
{
    struct api_words_input input = { .exchange = exchange,
                                     .command = api_route_command(exchange->route),
                                     .words = exchange->route->words,
                                     .members = members };
    struct api_words words = { .count = 0 };
    int err = -1;

    if (exchange->route->purpose == API_ANY)
        err = api_words_build_any(exchange, members, &words);
    else if (exchange->route->purpose == API_PLAN)
        err = api_words_build_plan(exchange, members, &words);
    else if (exchange->route->purpose == API_COMMAND)
        err = api_words_build(&input, &words);
    else
        return;
    CHECK(err == 0 || words.problem[0] != '\0');
    if (err == 0)
        check_words(exchange, &words);
    api_words_fini(&words);
}

static void serve(struct api_exchange *exchange, struct slice body)
{
    static const struct config_texts hosts;
    cJSON *query = NULL;
    cJSON *members = NULL;
    char allow[32];

    (void)api_gate_is_host(head_host(&exchange->head), &hosts);
    (void)api_gate_is_origin(&exchange->head, body.len % 2 == 0);
    if (api_route_find(exchange, allow) != API_MATCH_ONE)
        return;
    query = api_words_query(exchange->head.query);
    if (exchange->route->method == METHOD_GET && query != NULL)
        try_words(exchange, query);
    else if (exchange->route->method == METHOD_POST &&
             (body.len == 0 || strict_json_parse(body, &strict_json_small, &members, NULL) == 0) &&
             (members == NULL || cJSON_IsObject(members)))
        try_words(exchange, members);
    cJSON_Delete(members);
    cJSON_Delete(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const struct head_limits limits = { 24 * 1024, 4 * 1024, API_FIELDS_MAX };
    struct api_exchange *exchange = mem_zalloc(sizeof *exchange);
    char *request = mem_alloc(count + 1);
    enum fault fault = FAULT_NONE;
    struct api_body body;
    size_t searched = 0;
    size_t used = 0;

    memcpy(request, bytes, count);
    exchange->head = (struct head){ .fields = exchange->fields, .field_capacity = API_FIELDS_MAX };
    if (parse_head_request(request, count, &searched, &limits, &exchange->head, &fault) ==
        PARSE_DONE) {
        enum api_body_state state = api_body_init(&body, &exchange->head, API_REQUEST_BODY_MAX);
        size_t size = exchange->head.size;

        if (state == API_BODY_MORE)
            state = api_body_take(&body, request + size, count - size, &used);
        CHECK(used <= count - size);
        if (state == API_BODY_DONE)
            serve(exchange, text_slice(&body.bytes));
        api_body_fini(&body);
    }
    free(request);
    free(exchange);
    return 0;
}
