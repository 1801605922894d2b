/* How a target is asked: see probe_spec_priv.h. Control thread. */
#include "health/probe_spec_priv.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"

static const struct probe_range default_statuses[] = { { 200, 299 } };

static char *copy_text(const char *text, const char *otherwise)
{
    return mem_text(text != NULL ? text : otherwise);
}

static void copy_headers(struct probe_spec *copy, const struct probe_spec *spec)
{
    const char **headers = NULL;

    if (spec->header_count > 0)
        headers = mem_zalloc(spec->header_count * sizeof *headers);
    for (unsigned i = 0; i < spec->header_count; i++)
        headers[i] = mem_text(spec->headers[i]);
    copy->headers = headers;
}

static void copy_statuses(struct probe_spec *copy, const struct probe_spec *spec)
{
    bool is_given = spec->status_count > 0;
    unsigned count = is_given ? spec->status_count : 1;
    struct probe_range *statuses = mem_zalloc(count * sizeof *statuses);

    memcpy(statuses, is_given ? spec->statuses : default_statuses, count * sizeof *statuses);
    copy->statuses = statuses;
    copy->status_count = count;
}

static void fill_numbers(struct probe_spec *copy)
{
    if (copy->interval_us == 0)
        copy->interval_us = 2000000;
    if (copy->timeout_us == 0)
        copy->timeout_us = 1000000;
    if (copy->rise == 0)
        copy->rise = 2;
    if (copy->fall == 0)
        copy->fall = 3;
    if (copy->jitter > 100)
        copy->jitter = 100;
}

struct probe_spec *probe_spec_copy(const struct probe_spec *spec)
{
    struct probe_spec *copy = mem_zalloc(sizeof *copy);

    *copy = *spec;
    fill_numbers(copy);
    copy->method = copy_text(spec->method, "GET");
    copy->path = copy_text(spec->path, "/");
    copy->host = mem_text(spec->host);
    copy_headers(copy, spec);
    copy_statuses(copy, spec);
    return copy;
}

/* The copy's parts are const for its readers, and ours to free. */
static void free_part(const void *part)
{
    free((void *)(uintptr_t)part);
}

void probe_spec_free(struct probe_spec *copy)
{
    if (copy == NULL)
        return;
    for (unsigned i = 0; i < copy->header_count; i++)
        free_part(copy->headers[i]);
    free_part(copy->headers);
    free_part(copy->statuses);
    free_part(copy->method);
    free_part(copy->path);
    free_part(copy->host);
    free(copy);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool probe_spec_is_equal(const struct probe_spec *a, const struct probe_spec *b)
{
    if (a->enabled != b->enabled || a->kind != b->kind || a->port != b->port)
        return false;
    if (a->interval_us != b->interval_us || a->timeout_us != b->timeout_us ||
        a->jitter != b->jitter || a->rise != b->rise || a->fall != b->fall)
        return false;
    if (!is_same_text(a->method, b->method) || !is_same_text(a->path, b->path) ||
        !is_same_text(a->host, b->host))
        return false;
    if (a->header_count != b->header_count || a->status_count != b->status_count)
        return false;
    for (unsigned i = 0; i < a->header_count; i++)
        if (strcmp(a->headers[i], b->headers[i]) != 0)
            return false;
    for (unsigned i = 0; i < a->status_count; i++)
        if (a->statuses[i].from != b->statuses[i].from || a->statuses[i].to != b->statuses[i].to)
            return false;
    return true;
}

/* Whether the operator gave a field of that name ("Host:") himself. */
static bool has_header(const struct probe_spec *spec, struct slice name)
{
    for (unsigned i = 0; i < spec->header_count; i++) {
        struct slice line = slice_from(spec->headers[i]);

        if (line.len >= name.len && slice_is_equal_nocase(slice_of(line.ptr, name.len), name))
            return true;
    }
    return false;
}

static bool has_body_by_nature(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

void probe_spec_write_request(const struct probe_spec *spec, const struct target *target,
                              struct text *out)
{
    text_add_format(out, "%s %s HTTP/1.1\r\n", spec->method, spec->path);
    if (!has_header(spec, SLICE("Host:")))
        text_add_format(out, "Host: %s\r\n", spec->host != NULL ? spec->host : target->authority);
    if (!has_header(spec, SLICE("User-Agent:")))
        text_add(out, "User-Agent: switchyard-health\r\n");
    if (has_body_by_nature(spec->method))
        text_add(out, "Content-Length: 0\r\n");
    for (unsigned i = 0; i < spec->header_count; i++)
        text_add_format(out, "%s\r\n", spec->headers[i]);
    text_add(out, "Connection: close\r\n\r\n");
}

struct address probe_spec_address(const struct probe_spec *spec, const struct target *target)
{
    struct address address = target->address;

    if (spec->port != 0 && address.sa.any.sa_family == AF_INET)
        address.sa.in.sin_port = htons(spec->port);
    if (spec->port != 0 && address.sa.any.sa_family == AF_INET6)
        address.sa.in6.sin6_port = htons(spec->port);
    return address;
}

bool probe_spec_expects(const struct probe_spec *spec, uint16_t status)
{
    for (unsigned i = 0; i < spec->status_count; i++)
        if (status >= spec->statuses[i].from && status <= spec->statuses[i].to)
            return true;
    return false;
}

void probe_spec_format_statuses(const struct probe_spec *spec, struct text *out)
{
    for (unsigned i = 0; i < spec->status_count; i++) {
        struct probe_range range = spec->statuses[i];

        text_add(out, i > 0 ? ", " : "");
        if (range.from % 100 == 0 && range.to == range.from + 99)
            text_add_format(out, "%uxx", range.from / 100);
        else if (range.from == range.to)
            text_add_format(out, "%u", range.from);
        else
            text_add_format(out, "%u-%u", range.from, range.to);
    }
}
