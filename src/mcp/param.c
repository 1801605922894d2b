/* Arguments of tools: see param_priv.h. */
#include "mcp/param_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/strict_json.h"

static uint64_t longest(const struct param *param)
{
    if (param->kind == PARAM_NAME)
        return PARAM_NAME_MAX;
    return param->max > 0 ? param->max : PARAM_TEXT_MAX;
}

static void write_kind(const struct param *param, struct text *out)
{
    switch (param->kind) {
    case PARAM_BOOL: text_add(out, "\"type\":\"boolean\""); break;
    case PARAM_COUNT:
        text_add_format(out, "\"type\":\"integer\",\"minimum\":1,\"maximum\":%llu",
                        (unsigned long long)param->max);
        break;
    case PARAM_NAMES:
        text_add_format(
            out,
            "\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1},\"maxItems\":%d",
            PARAM_LIST_MAX);
        break;
    case PARAM_PAIRS:
        text_add_format(out,
                        "\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},"
                        "\"maxProperties\":%d",
                        PARAM_LIST_MAX);
        break;
    case PARAM_NAME:
        text_add_format(out,
                        "\"type\":\"string\",\"pattern\":\"^[^-/\\\\s][^/\\\\s]*$\","
                        "\"maxLength\":%d",
                        PARAM_NAME_MAX);
        break;
    case PARAM_TEXT:
        text_add_format(out, "\"type\":\"string\",\"minLength\":1,\"maxLength\":%llu",
                        (unsigned long long)longest(param));
        break;
    }
}

void param_write_schema(const struct param *params, size_t count, struct text *out)
{
    const char *comma = "";

    text_add(out, "{\"type\":\"object\",\"properties\":{");
    for (size_t i = 0; i < count; i++) {
        text_add_format(out, "%s\"%s\":{", i > 0 ? "," : "", params[i].name);
        write_kind(&params[i], out);
        text_add(out, ",\"description\":\"");
        text_add_json(out, slice_from(params[i].words));
        text_add(out, "\"}");
    }
    text_add(out, "},\"required\":[");
    for (size_t i = 0; i < count; i++) {
        if (!params[i].is_required)
            continue;
        text_add_format(out, "%s\"%s\"", comma, params[i].name);
        comma = ",";
    }
    text_add(out, "],\"additionalProperties\":false}");
}

/* No control bytes: an admin line is a line. */
static bool is_text(const cJSON *item, uint64_t max)
{
    const char *text = cJSON_IsString(item) ? item->valuestring : NULL;

    if (text == NULL || text[0] == '\0' || strlen(text) > max)
        return false;
    for (; *text != '\0'; text++)
        if (iscntrl((unsigned char)*text))
            return false;
    return true;
}

static bool is_name(const cJSON *item, uint64_t max, bool is_path)
{
    if (!is_text(item, max) || item->valuestring[0] == '-')
        return false;
    for (const char *at = item->valuestring; *at != '\0'; at++)
        if (isspace((unsigned char)*at) || (*at == '/' && !is_path))
            return false;
    return true;
}

static bool is_count(const cJSON *item, uint64_t max)
{
    return cJSON_IsNumber(item) && item->valuedouble >= 1 && item->valuedouble <= (double)max &&
           item->valuedouble == (double)(uint64_t)item->valuedouble;
}

static bool is_list(const cJSON *item, bool is_pairs)
{
    const cJSON *member = NULL;

    if ((is_pairs ? !cJSON_IsObject(item) : !cJSON_IsArray(item)) ||
        cJSON_GetArraySize(item) > PARAM_LIST_MAX)
        return false;
    cJSON_ArrayForEach(member, item) if (is_pairs
                                             ? !is_text(member, PARAM_TEXT_MAX) ||
                                                   strpbrk(member->string, ": \t\r\n") != NULL
                                             : !is_name(member, PARAM_TEXT_MAX, true)) return false;
    return true;
}

static bool is_right(const struct param *param, const cJSON *item)
{
    switch (param->kind) {
    case PARAM_NAME: return is_name(item, PARAM_NAME_MAX, false);
    case PARAM_TEXT: return is_text(item, longest(param));
    case PARAM_BOOL: return cJSON_IsBool(item);
    case PARAM_COUNT: return is_count(item, param->max);
    case PARAM_NAMES: return is_list(item, false);
    case PARAM_PAIRS: return is_list(item, true);
    }
    return false;
}

static const struct param *find_param(const struct param *params, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(params[i].name, name) == 0)
            return &params[i];
    return NULL;
}

int param_check(const struct param *params, size_t count, const cJSON *arguments, char *problem,
                size_t problem_size)
{
    const cJSON *item = NULL;

    if (arguments != NULL && !cJSON_IsObject(arguments)) {
        snprintf(problem, problem_size, "arguments must be an object");
        return ERR_INVALID;
    }
    cJSON_ArrayForEach(item, arguments)
    {
        const struct param *param = find_param(params, count, item->string);

        if (param == NULL) {
            snprintf(problem, problem_size, "there is no argument \"%.60s\"", item->string);
            return ERR_INVALID;
        }
        if (!is_right(param, item)) {
            snprintf(problem, problem_size, "\"%s\" is not as the schema says: %s", param->name,
                     param->words);
            return ERR_INVALID;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (params[i].is_required &&
            cJSON_GetObjectItemCaseSensitive(arguments, params[i].name) == NULL) {
            snprintf(problem, problem_size, "\"%s\" is missing: %s", params[i].name,
                     params[i].words);
            return ERR_INVALID;
        }
    return 0;
}

const char *param_text(const cJSON *arguments, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(arguments, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

uint64_t param_count(const cJSON *arguments, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(arguments, name);

    return cJSON_IsNumber(item) ? (uint64_t)item->valuedouble : 0;
}

bool param_bool(const cJSON *arguments, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(arguments, name));
}
