/*
 * Building the host table: every pair of host and prefix that a service claims becomes one row, the rows are
 * sorted, and each run of one host becomes an entry. Looking up is in host_find.c. Control thread.
 */
#include "route/snapshot_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

/* One host and prefix, claimed by a service or by one of its slots. */
struct claim {
    struct slice host;
    struct slice prefix;
    uint32_t service;
    uint32_t slot;
};

struct claims {
    struct claim *rows;
    size_t count;
    size_t capacity;
    struct arena *arena;
    const struct snapshot_input *input;
    struct snapshot_clash *clash; /* may be NULL */
};

static void describe(const struct claims *claims, const struct claim *a, const struct claim *b)
{
    struct snapshot_clash *clash = claims->clash;
    struct slice host = a->host.len > 0 ? a->host : SLICE("*");
    char *at = clash != NULL ? clash->host : NULL;

    if (clash == NULL)
        return;
    memset(clash, 0, sizeof *clash);
    memcpy(clash->first, claims->input->services[a->service].service->name, sizeof clash->first);
    memcpy(clash->second, claims->input->services[b->service].service->name, sizeof clash->second);
    if (host.ptr[0] == '.')
        *at++ = '*';
    if (host.len >= sizeof clash->host - 1)
        host.len = sizeof clash->host - 2;
    memcpy(at, host.ptr, host.len);
    memcpy(clash->path, a->prefix.ptr,
           a->prefix.len < sizeof clash->path ? a->prefix.len : sizeof clash->path - 1);
}

/* "*.Example.com." becomes ".example.com", "*" becomes "". False: it is no name of a host. */
static bool take_host(struct arena *arena, const char *text, struct slice *out)
{
    struct slice name = slice_from(text);
    char *copy = NULL;

    if (name.len > 1 && name.ptr[name.len - 1] == '.')
        name.len--;
    if (name.len > 0 && name.ptr[0] == '*')
        name = slice_of(name.ptr + 1, name.len - 1);
    else if (name.len == 0 || name.ptr[0] == '.')
        return false;
    if (name.len > HOST_BYTES_MAX || (name.len > 0 && memchr(name.ptr, '*', name.len) != NULL))
        return false;
    if (name.ptr != text && name.len > 0 && (name.ptr[0] != '.' || name.len < 2))
        return false;
    copy = snapshot_take(arena, name.len + 1, 1);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];

        copy[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    *out = slice_of(copy, name.len);
    return true;
}

static int take_prefix(struct arena *arena, const char *text, struct slice *out)
{
    struct slice prefix = slice_from(text);
    char *copy = NULL;

    if (prefix.len == 0)
        prefix = SLICE("/");
    if (prefix.ptr[0] != '/')
        return ERR_INVALID;
    copy = snapshot_take(arena, prefix.len + 1, 1);
    memcpy(copy, prefix.ptr, prefix.len);
    *out = slice_of(copy, prefix.len);
    return 0;
}

static void add_claim(struct claims *claims, const struct claim *claim)
{
    if (claims->count == claims->capacity) {
        claims->capacity = claims->capacity > 0 ? claims->capacity * 2 : 64;
        claims->rows = mem_grow(claims->rows, claims->capacity, sizeof *claims->rows);
    }
    claims->rows[claims->count++] = *claim;
}

/* One host under every prefix of its service. */
static int add_host(struct claims *claims, const struct slice *prefixes, unsigned prefix_count,
                    const char *host, const struct claim *whose)
{
    struct claim claim = *whose;

    if (!take_host(claims->arena, host, &claim.host)) {
        claim.host = slice_from(host);
        claim.prefix = prefixes[0];
        if (claim.host.len == 0)
            claim.host = SLICE("(empty)");
        describe(claims, &claim, &claim);
        return ERR_INVALID;
    }
    for (unsigned i = 0; i < prefix_count; i++) {
        claim.prefix = prefixes[i];
        add_claim(claims, &claim);
    }
    return 0;
}

static int add_hosts(struct claims *claims, const struct snapshot_service *service,
                     const struct slice *prefixes, unsigned prefix_count, uint32_t number)
{
    struct claim whose = { .service = number, .slot = HOST_NONE };
    int err = 0;

    if (service->host_count == 0)
        err = add_host(claims, prefixes, prefix_count, "*", &whose);
    for (unsigned i = 0; i < service->host_count && err == 0; i++)
        err = add_host(claims, prefixes, prefix_count, service->hosts[i], &whose);
    for (unsigned i = 0; i < service->slot_count && err == 0; i++) {
        const struct snapshot_slot *slot = &service->slots[i];

        whose.slot = i;
        for (unsigned j = 0; j < slot->host_count && err == 0; j++)
            err = add_host(claims, prefixes, prefix_count, slot->hosts[j], &whose);
    }
    return err;
}

static int add_service(struct claims *claims, uint32_t number)
{
    const struct snapshot_service *service = &claims->input->services[number];
    unsigned prefix_count = service->path_count > 0 ? service->path_count : 1;
    struct slice *prefixes = snapshot_take(claims->arena, prefix_count, sizeof *prefixes);

    for (unsigned i = 0; i < prefix_count; i++) {
        const char *text = service->path_count > 0 ? service->paths[i] : "/";
        int err = take_prefix(claims->arena, text, &prefixes[i]);

        if (err != 0) {
            struct claim claim = { SLICE("*"), slice_from(text), number, HOST_NONE };

            describe(claims, &claim, &claim);
            return err;
        }
    }
    return add_hosts(claims, service, prefixes, prefix_count, number);
}

static int compare_slices(struct slice a, struct slice b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_claims(const void *left, const void *right)
{
    const struct claim *a = left;
    const struct claim *b = right;
    int order = compare_slices(a->host, b->host);

    if (order == 0)
        order = compare_slices(a->prefix, b->prefix);
    if (order == 0)
        order = (a->service > b->service) - (a->service < b->service);
    return order != 0 ? order : (a->slot > b->slot) - (a->slot < b->slot);
}

/* Drops what is said twice; ERR_EXISTS when it is said by two. */
static int settle_claims(struct claims *claims)
{
    size_t kept = 0;

    if (claims->count > 0)
        qsort(claims->rows, claims->count, sizeof *claims->rows, compare_claims);
    for (size_t i = 0; i < claims->count; i++) {
        struct claim *claim = &claims->rows[i];
        struct claim *last = kept > 0 ? &claims->rows[kept - 1] : NULL;

        if (last == NULL || !slice_is_equal(last->host, claim->host) ||
            !slice_is_equal(last->prefix, claim->prefix)) {
            claims->rows[kept++] = *claim;
        } else if (last->service != claim->service || last->slot != claim->slot) {
            describe(claims, last, claim);
            return ERR_EXISTS;
        }
    }
    claims->count = kept;
    return 0;
}

/* Prefixes are sorted, so whatever begins one is among those before it, on the chain of its neighbour. */
static uint32_t find_parent(const struct host_route *routes, uint32_t at)
{
    uint32_t parent = at > 0 ? at - 1 : HOST_NONE;

    while (parent != HOST_NONE && !slice_starts_with(routes[at].prefix, routes[parent].prefix))
        parent = routes[parent].parent;
    return parent;
}

static struct host_entry *make_entry(struct arena *arena, const struct claim *rows, size_t count)
{
    struct slice name = rows[0].host;
    struct host_entry *entry = NULL;
    size_t routes = 0;
    char *copy = NULL;

    CHECK(!__builtin_mul_overflow(count, sizeof entry->routes[0], &routes));
    entry = snapshot_take(arena, 1, sizeof *entry + routes + name.len);
    copy = (char *)&entry->routes[count];
    memcpy(copy, name.ptr, name.len);
    entry->name = slice_of(copy, name.len);
    entry->route_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        entry->routes[i].prefix = rows[i].prefix;
        entry->routes[i].service = rows[i].service;
        entry->routes[i].slot = rows[i].slot;
        entry->routes[i].parent = find_parent(entry->routes, i);
    }
    return entry;
}

static void add_entry(struct host_index *index, const struct host_entry *entry)
{
    struct slice name = entry->name;
    uint32_t hash = (uint32_t)hash_bytes_nocase(0, name.ptr, name.len);
    uint32_t at = hash & index->mask;

    while (index->tags[at].entry != NULL)
        at = (at + 1) & index->mask;
    index->tags[at] = (struct host_tag){ .entry = entry, .hash = hash };
    index->named_count++;
    if (name.ptr[0] == '.')
        index->wild_lengths[name.len / 64] |= UINT64_C(1) << (name.len % 64);
}

static void build_entries(struct host_index *index, const struct claims *claims)
{
    size_t hosts = 0;
    uint32_t size = 8;

    for (size_t i = 0; i < claims->count; i++)
        hosts += i == 0 || !slice_is_equal(claims->rows[i - 1].host, claims->rows[i].host);
    CHECK(hosts < UINT32_MAX / 4);
    while (size < hosts * 2)
        size *= 2;
    index->mask = size - 1;
    index->tags = snapshot_take(claims->arena, size, sizeof *index->tags);
    for (size_t first = 0, next = 0; first < claims->count; first = next) {
        const struct host_entry *entry = NULL;

        for (next = first + 1; next < claims->count; next++)
            if (!slice_is_equal(claims->rows[first].host, claims->rows[next].host))
                break;
        entry = make_entry(claims->arena, &claims->rows[first], next - first);
        if (entry->name.len == 0)
            index->any = entry;
        else
            add_entry(index, entry);
    }
}

int host_index_build(struct host_index *index, struct arena *arena,
                     const struct snapshot_input *input, struct snapshot_clash *clash)
{
    struct claims claims = { .arena = arena, .input = input, .clash = clash };
    int err = 0;

    memset(index, 0, sizeof *index);
    for (uint32_t i = 0; i < input->service_count && err == 0; i++)
        err = add_service(&claims, i);
    if (err == 0)
        err = settle_claims(&claims);
    if (err == 0)
        build_entries(index, &claims);
    free(claims.rows);
    return err;
}
