/*
 * Looking up a host and a path in the host table: one hash for an exact name, one for each suffix whose
 * length some wildcard has, a binary search among the prefixes. No allocation; workers.
 */
#include <string.h>

#include "base/hash.h"
#include "route/host_index_priv.h"

static const struct host_entry *find_entry(const struct host_index *index, struct slice name)
{
    uint32_t hash = (uint32_t)hash_bytes_nocase(0, name.ptr, name.len);

    for (uint32_t at = hash & index->mask; index->tags[at].entry != NULL;
         at = (at + 1) & index->mask) {
        const struct host_tag *tag = &index->tags[at];

        if (tag->hash == hash && slice_is_equal_nocase(tag->entry->name, name))
            return tag->entry;
    }
    return NULL;
}

/* Whether the prefix ends where a segment of the path ends. */
static bool is_match(struct slice prefix, struct slice path)
{
    if (!slice_starts_with(path, prefix))
        return false;
    return prefix.len == path.len || prefix.ptr[prefix.len - 1] == '/' ||
           path.ptr[prefix.len] == '/';
}

/* All prefixes of the path sort at or before it, and the last one there begins with each of them. */
static const struct host_route *find_route(const struct host_entry *entry, struct slice path)
{
    uint32_t low = 0;
    uint32_t high = entry->route_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct slice prefix = entry->routes[middle].prefix;
        size_t shared = prefix.len < path.len ? prefix.len : path.len;
        int order = memcmp(prefix.ptr, path.ptr, shared);

        if (order < 0 || (order == 0 && prefix.len <= path.len))
            low = middle + 1;
        else
            high = middle;
    }
    for (uint32_t at = low > 0 ? low - 1 : HOST_NONE; at != HOST_NONE;
         at = entry->routes[at].parent)
        if (is_match(entry->routes[at].prefix, path))
            return &entry->routes[at];
    return NULL;
}

static bool has_wild_length(const struct host_index *index, size_t len)
{
    return (index->wild_lengths[len / 64] >> (len % 64) & 1) != 0;
}

static const struct host_route *find_named(const struct host_index *index, struct slice host,
                                           struct slice path)
{
    const struct host_route *route = NULL;
    const struct host_entry *entry = host.ptr[0] != '.' ? find_entry(index, host) : NULL;

    if (entry != NULL)
        route = find_route(entry, path);
    for (size_t at = 1; at < host.len && route == NULL; at++) {
        if (host.ptr[at] != '.' || !has_wild_length(index, host.len - at))
            continue;
        entry = find_entry(index, slice_of(host.ptr + at, host.len - at));
        if (entry != NULL)
            route = find_route(entry, path);
    }
    return route;
}

const struct host_route *host_index_find(const struct host_index *index, struct slice host,
                                         struct slice path)
{
    const struct host_route *route = NULL;

    if (path.len == 0 || path.ptr[0] != '/')
        path = SLICE("/"); /* "OPTIONS *" speaks of the whole service */
    if (host.len > 1 && host.ptr[host.len - 1] == '.')
        host.len--;
    if (index->named_count > 0 && host.len > 0 && host.len <= HOST_BYTES_MAX)
        route = find_named(index, host, path);
    if (route == NULL && index->any != NULL)
        route = find_route(index->any, path);
    return route;
}
