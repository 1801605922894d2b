/* The OpenAPI document: see api_openapi_priv.h. */
#include "control/api_openapi_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/api_route_priv.h"
#include "control/command_priv.h"
#include "control/json_priv.h"

static cJSON *add_object(cJSON *parent, const char *key)
{
    cJSON *object = json_object();

    json_add(parent, key, object);
    return object;
}

/* Under a name that is not a literal. */
static void add_named(cJSON *parent, const char *name, cJSON *item)
{
    CHECK(cJSON_AddItemToObject(parent, name, item));
}

static cJSON *refer(const char *to)
{
    cJSON *object = json_object();

    json_add_text(object, "$ref", to);
    return object;
}

static cJSON *type_of(const char *type)
{
    cJSON *schema = json_object();

    json_add_text(schema, "type", type);
    return schema;
}

static cJSON *parameter(const char *name, const char *in, bool is_required, cJSON *schema)
{
    cJSON *object = json_object();

    json_add_text(object, "name", name);
    json_add_text(object, "in", in);
    json_add_bool(object, "required", is_required);
    json_add(object, "schema", schema);
    return object;
}

static bool is_in_path(const char *pattern, struct slice wanted)
{
    struct slice name = { NULL, 0 };
    char kind = '\0';

    while (api_route_next_name(&pattern, &name, &kind))
        if (slice_is_equal(name, wanted))
            return true;
    return false;
}

static cJSON *schema_of_kind(char kind)
{
    cJSON *schema = NULL;
    cJSON *types = NULL;

    if (kind == '!')
        return type_of("boolean");
    schema = json_object();
    types = json_array();
    json_add_text(types, NULL, "string");
    json_add_text(types, NULL, "number");
    if (kind == '*') {
        json_add_text(types, NULL, "array");
        json_add_text(types, NULL, "object");
    }
    json_add(schema, "type", types);
    return schema;
}

static cJSON *schema_of_option(const struct args_shape *shape)
{
    cJSON *schema = NULL;
    cJSON *list = NULL;

    if (shape->is_flag)
        return type_of("boolean");
    schema = shape->is_number ? type_of("integer") : schema_of_kind('\0');
    json_add_text(schema, "description", shape->words);
    if (!shape->is_repeated)
        return schema;
    list = type_of("array");
    json_add(list, "items", schema);
    return list;
}

/* What is filled in: a member of the body, or of the query. */
typedef void member_fn(cJSON *out, const char *name, bool is_required, cJSON *schema);

static void add_query(cJSON *out, const char *name, bool is_required, cJSON *schema)
{
    json_add(out, NULL, parameter(name, "query", is_required, schema));
}

/* out is the schema of the body. */
static void add_property(cJSON *out, const char *name, bool is_required, cJSON *schema)
{
    add_named(cJSON_GetObjectItemCaseSensitive(out, "properties"), name, schema);
    if (is_required)
        json_add_text(cJSON_GetObjectItemCaseSensitive(out, "required"), NULL, name);
}

static void add_words(const struct api_route *route, member_fn *add, cJSON *out)
{
    const char *words = route->words;
    struct slice name = { NULL, 0 };
    char kind = '\0';
    char text[64];

    while (api_route_next_name(&words, &name, &kind))
        if (!is_in_path(route->pattern, name) && slice_copy(name, text, sizeof text))
            add(out, text, kind == '\0' && strcmp(text, "service") != 0, schema_of_kind(kind));
}

static void add_options(const struct command *command, member_fn *add, cJSON *out)
{
    struct args_shape shape;
    char name[32];

    for (unsigned i = 0; args_shape_at(i, &shape); i++) {
        if ((shape.bit & (command->options | ARGS_EVERY)) == 0)
            continue;
        snprintf(name, sizeof name, "%s", shape.name + 2);
        for (char *at = name; *at != '\0'; at++)
            *at = *at == '-' ? '_' : *at;
        add(out, name, false, schema_of_option(&shape));
    }
    if (command->effect == COMMAND_LOADS)
        add(out, "lines", true, type_of("string"));
}

static void add_path_parameters(const char *pattern, cJSON *out)
{
    struct slice name = { NULL, 0 };
    char kind = '\0';
    char text[64];

    while (api_route_next_name(&pattern, &name, &kind))
        if (slice_copy(name, text, sizeof text))
            json_add(out, NULL, parameter(text, "path", true, type_of("string")));
}

static void add_fields(const struct command *command, cJSON *out)
{
    add_query(out, "wait", false, type_of("string"));
    json_add(out, NULL, parameter("If-Match", "header", false, type_of("string")));
    if (command == NULL || (command->options & ARGS_REASON) != 0)
        json_add(out, NULL, parameter("X-Reason", "header", false, type_of("string")));
    if (command == NULL || (command->options & ARGS_KEY) != 0)
        json_add(out, NULL, parameter("Idempotency-Key", "header", false, type_of("string")));
}

/* The body of a request that names its command. */
static void add_any(cJSON *schema)
{
    add_property(schema, "command", true, type_of("string"));
    add_property(schema, "args", false, type_of("object"));
}

static void add_body(const struct api_route *route, const struct command *command, cJSON *operation)
{
    cJSON *body = add_object(operation, "requestBody");
    cJSON *schema = NULL;

    json_add_bool(body, "required", route->purpose != API_COMMAND);
    body = add_object(body, "content");
    body = add_object(body, "application/json");
    schema = add_object(body, "schema");
    json_add_text(schema, "type", "object");
    json_add(schema, "properties", json_object());
    json_add(schema, "required", json_array());
    if (route->purpose == API_COMMAND && command != NULL) {
        add_words(route, add_property, schema);
        add_options(command, add_property, schema);
    } else {
        add_any(schema);
    }
    json_add_bool(schema, "additionalProperties", false);
}

static void add_response(cJSON *responses, const char *status, const char *words, const char *type,
                         const char *schema)
{
    cJSON *response = json_object();
    cJSON *content = NULL;

    json_add_text(response, "description", words);
    content = add_object(response, "content");
    content = add_object(content, type);
    if (schema != NULL)
        json_add(content, "schema", refer(schema));
    add_named(responses, status, response);
}

static const struct {
    const char *status;
    const char *words;
    bool is_of_changes; /* only where something is done */
} failures[] = {
    { "400", "the request was not understood", false },
    { "401", "credentials are needed, or were refused", false },
    { "403", "not allowed, or a page of another origin", false },
    { "404", "no such name", false },
    { "409", "another change came first, or a token is needed", true },
    { "412", "the epoch is another one", true },
    { "413", "the body is larger than 1 MiB", true },
    { "415", "the body is no JSON", true },
    { "421", "the API is not known by that Host", false },
    { "422", "a gate refused it", false },
    { "423", "somebody else holds the deploy lock", true },
    { "429", "too many at a time", false },
    { "500", "what was asked for was tried and failed", true },
    { "503", "the daemon stops, or the change could not be made durable", false },
    { "504", "not in time", false },
};

/* What a route of a purpose of its own answers: its media type and schema. */
static void find_answer(const struct api_route *route, const char **type, const char **schema)
{
    *type = "application/json";
    *schema = NULL;
    switch (route->purpose) {
    case API_COMMAND:
    case API_ANY:
    case API_PLAN:
    case API_OPERATION: *schema = "#/components/schemas/Answer"; break;
    case API_METRICS: *type = "text/plain"; break;
    case API_EVENTS: *type = "text/event-stream"; break;
    case API_LIVE:
    case API_READY:
    case API_PAGE:
    case API_OPENAPI: break;
    }
}

static void add_responses(const struct api_route *route, cJSON *operation)
{
    cJSON *responses = add_object(operation, "responses");
    const char *schema = NULL;
    const char *type = NULL;

    find_answer(route, &type, &schema);
    add_response(responses, "200", "done", type, schema);
    if (route->method == METHOD_POST || route->purpose == API_OPERATION)
        add_response(responses, "202", "it goes on", "application/json", NULL);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (!failures[i].is_of_changes || route->method == METHOD_POST ||
            strcmp(route->command, "action test") == 0)
            add_response(responses, failures[i].status, failures[i].words, "application/json",
                         "#/components/schemas/Error");
}

static cJSON *operation_of(const struct api_route *route)
{
    cJSON *operation = json_object();
    const struct command *command = api_route_command(route);
    cJSON *parameters = NULL;

    json_add_text(operation, "summary",
                  route->summary != NULL || command == NULL ? route->summary : command->help);
    if (command != NULL) {
        json_add_text(operation, "x-command", command->name);
        json_add_text(operation, "x-level", level_name(command->level));
    }
    parameters = json_array();
    json_add(operation, "parameters", parameters);
    add_path_parameters(route->pattern, parameters);
    if (route->method == METHOD_POST) {
        add_fields(command, parameters);
        add_body(route, command, operation);
    } else if (command != NULL) {
        add_words(route, add_query, parameters);
        add_options(command, add_query, parameters);
    }
    add_responses(route, operation);
    return operation;
}

static void add_paths(cJSON *document)
{
    cJSON *paths = add_object(document, "paths");
    const struct api_route *route = NULL;

    for (unsigned i = 0; (route = api_route_at(i)) != NULL; i++) {
        cJSON *path = cJSON_GetObjectItemCaseSensitive(paths, route->pattern);

        if (route->purpose == API_PAGE)
            continue;
        if (path == NULL) {
            path = json_object();
            add_named(paths, route->pattern, path);
        }
        json_add(path, route->method == METHOD_GET ? "get" : "post", operation_of(route));
    }
}

static void add_member(cJSON *schema, const char *name, const char *type)
{
    add_property(schema, name, true, type != NULL ? type_of(type) : json_object());
}

static void add_schemas(cJSON *components)
{
    cJSON *schemas = add_object(components, "schemas");
    cJSON *answer = add_object(schemas, "Answer");
    cJSON *error = add_object(schemas, "Error");
    cJSON *inner = NULL;

    json_add_text(answer, "type", "object");
    json_add(answer, "properties", json_object());
    json_add(answer, "required", json_array());
    add_member(answer, "ok", "boolean");
    add_member(answer, "error", NULL);
    json_add_text(error, "type", "object");
    json_add(error, "properties", json_object());
    json_add(error, "required", json_array());
    add_member(error, "ok", "boolean");
    inner = type_of("object");
    json_add(inner, "properties", json_object());
    json_add(inner, "required", json_array());
    add_member(inner, "code", "string");
    add_member(inner, "message", "string");
    add_member(inner, "hint", NULL);
    add_member(inner, "next", NULL);
    add_property(error, "error", true, inner);
}

void api_openapi_write(struct text *out)
{
    cJSON *document = json_object();
    cJSON *part = NULL;
    char *line = NULL;

    json_add_text(document, "openapi", "3.1.0");
    part = add_object(document, "info");
    json_add_text(part, "title", "Switchyard");
    json_add_text(part, "version", SWITCHYARD_VERSION);
    add_paths(document);
    part = add_object(document, "components");
    add_schemas(part);
    part = add_object(part, "securitySchemes");
    json_add_text(add_object(part, "certificate"), "type", "mutualTLS");
    part = add_object(part, "bearer");
    json_add_text(part, "type", "http");
    json_add_text(part, "scheme", "bearer");
    line = json_print(document);
    text_add(out, line);
    text_add(out, "\n");
    free(line);
    cJSON_Delete(document);
}
