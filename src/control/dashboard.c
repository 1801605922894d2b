/* The files of the page for people: see dashboard_priv.h. */
#include "control/dashboard_priv.h"

#include <string.h>

#include "control/api_exchange_priv.h"
#include "control/api_route_priv.h"

/*
 * Nothing but our own files runs or is asked, nothing frames the page, and its script cannot make markup from a text
 * (trusted types), whatever stands in it.
 */
static const char fields[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n"
    "X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n";

const struct dashboard_file *dashboard_find(struct slice name)
{
    for (unsigned i = 0; i < dashboard_file_count; i++)
        if (slice_is_equal(name, slice_from(dashboard_files[i].name)))
            return &dashboard_files[i];
    return NULL;
}

/* RFC 9110 13.1.2: a list of tags, compared weakly, or "*". */
static bool has_it(const struct head *head, const char *etag)
{
    struct slice rest = head_value(head, SLICE("If-None-Match"));
    struct slice tag = { NULL, 0 };

    while (rest.ptr != NULL && slice_next(&rest, ',', &tag)) {
        tag = slice_trim(tag);
        if (slice_starts_with(tag, SLICE("W/")))
            tag = slice_of(tag.ptr + 2, tag.len - 2);
        if (slice_is_equal(tag, slice_from(etag)) || slice_is_equal(tag, SLICE("*")))
            return true;
    }
    return false;
}

void dashboard_answer(struct api_exchange *exchange)
{
    const char *name = api_route_param(exchange, SLICE("file"));
    const struct dashboard_file *file =
        dashboard_find(name != NULL ? slice_from(name) : SLICE("index.html"));
    struct api_error none = { 404, "not_found", "the page is at /", "GET /" };

    if (file == NULL) {
        api_exchange_refuse(exchange, &none, "the page has no such file");
        return;
    }
    text_add(&exchange->extra, fields);
    text_add_format(&exchange->extra, "ETag: %s\r\n", file->etag);
    exchange->cache = "no-cache"; /* kept, and asked for again by its tag */
    if (has_it(&exchange->head, file->etag)) {
        api_exchange_answer(exchange, 304, file->type);
        return;
    }
    text_add_slice(&exchange->answer, slice_of((const char *)file->bytes, file->size));
    api_exchange_answer(exchange, 200, file->type);
}
