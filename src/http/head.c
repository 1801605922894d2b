/* Questions to a parsed head: see http/head.h. */
#include "http/head.h"

#include <string.h>

#include "base/check.h"
#include "http/field_set_priv.h"

struct method_row {
    const char *name;
    bool is_safe;
    bool is_idempotent;
};

static const struct method_row methods[METHOD_COUNT] = {
    [METHOD_GET] = { "GET", true, true },           [METHOD_HEAD] = { "HEAD", true, true },
    [METHOD_POST] = { "POST", false, false },       [METHOD_PUT] = { "PUT", false, true },
    [METHOD_DELETE] = { "DELETE", false, true },    [METHOD_PATCH] = { "PATCH", false, false },
    [METHOD_OPTIONS] = { "OPTIONS", true, true },   [METHOD_TRACE] = { "TRACE", true, true },
    [METHOD_CONNECT] = { "CONNECT", false, false }, [METHOD_OTHER] = { "OTHER", false, false },
};

static const struct slice nothing = { NULL, 0 };

struct slice head_host(const struct head *head)
{
    return slice_of(head->authority.ptr, head->host_len);
}

struct slice head_field_name(const struct head *head, const struct field *field)
{
    return slice_of(head->base + field->name_at, field->name_len);
}

struct slice head_field_value(const struct head *head, const struct field *field)
{
    return slice_of(head->base + field->value_at, field->value_len);
}

const struct field *head_find(const struct head *head, enum field_id id, unsigned *index)
{
    unsigned i = *index;

    while (i < head->field_count && head->fields[i].id != id)
        i++;
    *index = i + 1;
    return i < head->field_count ? &head->fields[i] : NULL;
}

struct slice head_value(const struct head *head, struct slice name)
{
    enum field_id id = field_find(name.ptr, name.len);
    unsigned index = 0;
    const struct field *field = NULL;

    if (id != FIELD_OTHER && !field_set_has(head->seen, id))
        return nothing;
    while ((field = head_find(head, id, &index)) != NULL)
        if (id != FIELD_OTHER || slice_is_equal_nocase(head_field_name(head, field), name))
            return head_field_value(head, field);
    return nothing;
}

struct slice head_cookie(const struct head *head, struct slice name)
{
    const struct field *field = NULL;
    unsigned index = 0;

    if (!field_set_has(head->seen, FIELD_COOKIE))
        return nothing;
    while ((field = head_find(head, FIELD_COOKIE, &index)) != NULL) {
        struct slice rest = head_field_value(head, field), pair = nothing, value = nothing;

        while (slice_next(&rest, ';', &pair)) {
            value = pair;
            if (slice_next(&value, '=', &pair) && value.ptr != NULL &&
                slice_is_equal(slice_trim(pair), name))
                return slice_trim(value);
        }
    }
    return nothing;
}

void head_hide(struct head *head, struct slice name)
{
    for (unsigned i = 0; i < head->field_count; i++)
        if (slice_is_equal_nocase(head_field_name(head, &head->fields[i]), name))
            head->fields[i].named = true;
}

/* What an app that gets its fields as variables cannot tell apart (RFC 3875 4.1.18). */
static char fold_name(char c)
{
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool head_name_begins_like(struct slice name, struct slice prefix)
{
    size_t at = 0;

    if (name.len < prefix.len)
        return false;
    while (at < prefix.len && fold_name(name.ptr[at]) == fold_name(prefix.ptr[at]))
        at++;
    return at == prefix.len;
}

void head_hide_like(struct head *head, struct slice prefix)
{
    for (unsigned i = 0; i < head->field_count; i++)
        if (head_name_begins_like(head_field_name(head, &head->fields[i]), prefix))
            head->fields[i].named = true;
}

bool head_is_idempotent(const struct head *head)
{
    CHECK(head->method < METHOD_COUNT);
    return methods[head->method].is_idempotent;
}

bool head_is_safe(const struct head *head)
{
    CHECK(head->method < METHOD_COUNT);
    return methods[head->method].is_safe;
}

const char *method_name(enum method method)
{
    CHECK((unsigned)method < METHOD_COUNT);
    return methods[method].name;
}
