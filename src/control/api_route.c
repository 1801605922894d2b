/* From a request to its route: see api_route_priv.h. */
#include "control/api_route_priv.h"

#include <stdio.h>
#include <string.h>

#include "control/command_priv.h"
#include "control/words_priv.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool api_route_decode(struct slice text, char *out, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int c = (unsigned char)text.ptr[i];

        if (c == '%') {
            int high = text.len - i > 2 ? digit_of(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? digit_of(text.ptr[i + 2]) : -1;

            if (low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (len + 1 >= size)
            return false;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return memchr(out, '\0', len) == NULL && words_is_utf8(out, len) && words_is_clean(out, len) &&
           memchr(out, '\t', len) == NULL;
}

bool api_route_next_name(const char **text, struct slice *name, char *kind)
{
    const char *open = strchr(*text, '{');
    const char *close = open != NULL ? strchr(open, '}') : NULL;

    if (close == NULL)
        return false;
    *name = slice_of(open + 1, (size_t)(close - open - 1));
    *kind = '\0';
    if (name->len > 0 && strchr("?!*", name->ptr[name->len - 1]) != NULL)
        *kind = name->ptr[--name->len];
    *text = close + 1;
    return true;
}

/* One part of a path against one of a pattern: what stands in front of a name must be the same. */
static bool fits_part(struct api_exchange *exchange, struct slice pattern, struct slice part)
{
    const char *open = memchr(pattern.ptr, '{', pattern.len);
    size_t fixed = open != NULL ? (size_t)(open - pattern.ptr) : pattern.len;
    struct api_param *param = &exchange->params[exchange->param_count];

    if (part.len < fixed || memcmp(part.ptr, pattern.ptr, fixed) != 0)
        return false;
    if (open == NULL)
        return part.len == pattern.len;
    if (part.len == fixed || exchange->param_count == API_PARAMS_MAX ||
        !api_route_decode(slice_of(part.ptr + fixed, part.len - fixed), param->value,
                          sizeof param->value))
        return false;
    param->name = slice_of(open + 1, pattern.len - fixed - 2);
    /* a slash would make two names of one; only addresses of targets may be paths */
    if (strchr(param->value, '/') != NULL && !slice_is_equal(param->name, SLICE("target")))
        return false;
    exchange->param_count++;
    return true;
}

static bool fits(struct api_exchange *exchange, const char *pattern)
{
    struct slice patterns = slice_from(pattern);
    struct slice path = exchange->head.path;
    struct slice wanted = { NULL, 0 };
    struct slice part = { NULL, 0 };

    exchange->param_count = 0;
    if (path.len == 0 || path.ptr[path.len - 1] == '/')
        return path.len == patterns.len && path.len == 1;
    while (slice_next(&patterns, '/', &wanted))
        if (!slice_next(&path, '/', &part) || !fits_part(exchange, wanted, part))
            return false;
    return !slice_next(&path, '/', &part);
}

static bool is_method(const struct api_exchange *exchange, const struct api_route *route)
{
    return exchange->head.method == route->method ||
           (exchange->head.method == METHOD_HEAD && route->method == METHOD_GET);
}

enum api_match api_route_find(struct api_exchange *exchange, char allow[32])
{
    const struct api_route *route = NULL;
    bool has_get = false;
    bool has_post = false;
    char whole[API_PARAM_SIZE * 8];

    if (!api_route_decode(exchange->head.path, whole, sizeof whole))
        return API_MATCH_BAD;
    for (unsigned i = 0; (route = api_route_at(i)) != NULL; i++) {
        if (!fits(exchange, route->pattern))
            continue;
        if (is_method(exchange, route)) {
            exchange->route = route;
            return API_MATCH_ONE;
        }
        has_get = has_get || route->method == METHOD_GET;
        has_post = has_post || route->method == METHOD_POST;
    }
    snprintf(allow, 32, "%s%s%s", has_get ? "GET, HEAD" : "", has_get && has_post ? ", " : "",
             has_post ? "POST" : "");
    return has_get || has_post ? API_MATCH_METHOD : API_MATCH_NONE;
}

const struct command *api_route_command(const struct api_route *route)
{
    return command_find(route->command);
}

const char *api_route_param(const struct api_exchange *exchange, struct slice name)
{
    for (unsigned i = 0; i < exchange->param_count; i++)
        if (slice_is_equal(exchange->params[i].name, name))
            return exchange->params[i].value;
    return NULL;
}
