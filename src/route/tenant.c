/* The tenant of a request: see route/tenant.h. Pure, any thread; workers call it for each request of a service
 * that has sources configured. */
#include "route/tenant.h"

#include "http/head.h"

static const struct slice nothing = { NULL, 0 };

static const bool is_id_byte[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true,
    ['.'] = true,         ['_'] = true,         ['~'] = true,         ['@'] = true,
    [':'] = true,         ['+'] = true,         ['='] = true,
};

bool tenant_is_valid(struct slice id)
{
    if (id.len == 0 || id.len > TENANT_BYTES_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!is_id_byte[(unsigned char)id.ptr[i]])
            return false;
    return true;
}

/* The part of that number, 1 is the first; ptr NULL: there are not so many. */
static struct slice find_part(struct slice rest, char separator, unsigned index)
{
    struct slice part = nothing;

    while (index > 0 && slice_next(&rest, separator, &part))
        index--;
    return index == 0 ? part : nothing;
}

static struct slice find_segment(struct slice path, unsigned index)
{
    if (path.len < 2 || path.ptr[0] != '/')
        return nothing;
    return find_part(slice_of(path.ptr + 1, path.len - 1), '/', index);
}

/* The value of the first parameter of that name. */
static struct slice find_parameter(struct slice query, struct slice name)
{
    struct slice part = nothing;

    while (slice_next(&query, '&', &part))
        if (part.len > name.len && part.ptr[name.len] == '=' && slice_starts_with(part, name))
            return slice_of(part.ptr + name.len + 1, part.len - name.len - 1);
    return nothing;
}

static struct slice ask(const struct tenant_source *source, const struct head *head)
{
    switch (source->kind) {
    case TENANT_HEADER: return head_value(head, slice_from(source->name));
    case TENANT_COOKIE: return head_cookie(head, slice_from(source->name));
    case TENANT_HOST_LABEL: return find_part(head_host(head), '.', source->index);
    case TENANT_PATH_SEGMENT: return find_segment(head->path, source->index);
    case TENANT_QUERY: return find_parameter(head->query, slice_from(source->name));
    }
    return nothing;
}

struct slice tenant_find(const struct tenant_source *sources, unsigned count,
                         const struct head *head)
{
    for (unsigned i = 0; i < count; i++) {
        struct slice id = ask(&sources[i], head);

        if (tenant_is_valid(id))
            return id;
    }
    return nothing;
}
