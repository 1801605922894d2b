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

static const char *const *copy_texts(const char *const *texts, unsigned count)
{
    const char **copy = count > 0 ? mem_zalloc(count * sizeof *copy) : NULL;

    for (unsigned i = 0; i < count; i++)
        copy[i] = mem_text(texts[i]);
    return copy;
}

static const struct probe_range *copy_ranges(const struct probe_range *ranges, unsigned count)
{
    struct probe_range *copy = count > 0 ? mem_zalloc(count * sizeof *copy) : NULL;

    if (count > 0)
        memcpy(copy, ranges, count * sizeof *copy);
    return copy;
}

static void copy_statuses(struct probe_spec *copy, const struct probe_spec *spec)
{
    bool is_given = spec->status_count > 0;

    copy->status_count = is_given ? spec->status_count : 1;
    copy->statuses = copy_ranges(is_given ? spec->statuses : default_statuses, copy->status_count);
}

static void copy_body(struct probe_body_spec *copy, const struct probe_body_spec *spec)
{
    copy->assertions = copy_texts(spec->assertions, spec->assertion_count);
    copy->slot = copy_text(spec->slot, "");
    copy->version = copy_text(spec->version, "");
    copy->rivals = copy_texts(spec->rivals, spec->rival_count);
    copy->timestamp = mem_text(spec->timestamp);
    copy->database = mem_text(spec->database);
    copy->database_header = mem_text(spec->database_header);
    copy->database_statuses = copy_ranges(spec->database_statuses, spec->database_status_count);
    if (copy->gauge_count > PROBE_GAUGES_MAX)
        copy->gauge_count = PROBE_GAUGES_MAX;
    copy->gauges = copy_texts(spec->gauges, copy->gauge_count);
    copy->patterns = copy_texts(spec->patterns, spec->pattern_count);
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
    if (copy->eject.time_us == 0)
        copy->eject.time_us = 30000000;
    if (copy->eject.most == 0)
        copy->eject.most = 50;
}

struct probe_spec *probe_spec_copy(const struct probe_spec *spec)
{
    struct probe_spec *copy = mem_zalloc(sizeof *copy);

    *copy = *spec;
    fill_numbers(copy);
    copy->method = copy_text(spec->method, "GET");
    copy->path = copy_text(spec->path, "/");
    copy->host = mem_text(spec->host);
    copy->headers = copy_texts(spec->headers, spec->header_count);
    copy_statuses(copy, spec);
    copy_body(&copy->body, &spec->body);
    return copy;
}

/* The copy's parts are const for its readers, and ours to free. */
static void free_part(const void *part)
{
    free((void *)(uintptr_t)part);
}

static void free_texts(const char *const *texts, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        free_part(texts[i]);
    free_part(texts);
}

static void free_body(const struct probe_body_spec *body)
{
    free_texts(body->assertions, body->assertion_count);
    free_texts(body->rivals, body->rival_count);
    free_texts(body->gauges, body->gauge_count);
    free_texts(body->patterns, body->pattern_count);
    free_part(body->slot);
    free_part(body->version);
    free_part(body->timestamp);
    free_part(body->database);
    free_part(body->database_header);
    free_part(body->database_statuses);
}

void probe_spec_free(struct probe_spec *copy)
{
    if (copy == NULL)
        return;
    free_texts(copy->headers, copy->header_count);
    free_body(&copy->body);
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

static bool are_same_texts(const char *const *a, unsigned a_count, const char *const *b,
                           unsigned b_count)
{
    if (a_count != b_count)
        return false;
    for (unsigned i = 0; i < a_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool are_same_ranges(const struct probe_range *a, unsigned a_count,
                            const struct probe_range *b, unsigned b_count)
{
    if (a_count != b_count)
        return false;
    for (unsigned i = 0; i < a_count; i++)
        if (a[i].from != b[i].from || a[i].to != b[i].to)
            return false;
    return true;
}

static bool are_same_bodies(const struct probe_body_spec *a, const struct probe_body_spec *b)
{
    if (a->skew_us != b->skew_us || !is_same_text(a->slot, b->slot) ||
        !is_same_text(a->version, b->version) || !is_same_text(a->timestamp, b->timestamp))
        return false;
    if (!is_same_text(a->database, b->database) ||
        !is_same_text(a->database_header, b->database_header) ||
        !are_same_ranges(a->database_statuses, a->database_status_count, b->database_statuses,
                         b->database_status_count))
        return false;
    return are_same_texts(a->assertions, a->assertion_count, b->assertions, b->assertion_count) &&
           are_same_texts(a->rivals, a->rival_count, b->rivals, b->rival_count) &&
           are_same_texts(a->gauges, a->gauge_count, b->gauges, b->gauge_count) &&
           are_same_texts(a->patterns, a->pattern_count, b->patterns, b->pattern_count);
}

static bool are_same_ejections(const struct eject_spec *a, const struct eject_spec *b)
{
    return a->errors == b->errors && a->rate == b->rate && a->most == b->most &&
           a->time_us == b->time_us;
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
    return are_same_texts(a->headers, a->header_count, b->headers, b->header_count) &&
           are_same_ranges(a->statuses, a->status_count, b->statuses, b->status_count) &&
           are_same_bodies(&a->body, &b->body) && are_same_ejections(&a->eject, &b->eject);
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

static bool is_inside(const struct probe_range *ranges, unsigned count, uint16_t status)
{
    for (unsigned i = 0; i < count; i++)
        if (status >= ranges[i].from && status <= ranges[i].to)
            return true;
    return false;
}

bool probe_spec_expects(const struct probe_spec *spec, uint16_t status)
{
    return is_inside(spec->statuses, spec->status_count, status);
}

bool probe_spec_is_without_database(const struct probe_spec *spec, uint16_t status)
{
    return is_inside(spec->body.database_statuses, spec->body.database_status_count, status);
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
