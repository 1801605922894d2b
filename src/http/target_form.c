/*
 * The four forms of a request target (RFC 9112 3.2). It is judged as it stands and nothing is
 * decoded: what routes a request must be what the target server sees.
 */
#include "http/parse_priv.h"

/* "//authority/path?query" behind the scheme's colon. */
static enum fault split_absolute(struct head *head, size_t scheme_len)
{
    const char *at = head->target.ptr + scheme_len;
    const char *end = head->target.ptr + head->target.len;
    const char *authority = at;

    while (at < end && *at != '/' && *at != '?')
        at++;
    head->authority = slice_of(authority, (size_t)(at - authority));
    if (authority_host_length(head->authority) <= 0)
        return FAULT_BAD_TARGET;
    head->is_absolute = true;
    head->path = SLICE("/");
    if (at < end && *at == '/')
        head->path = slice_of(at, head->query.ptr != NULL ? (size_t)(head->query.ptr - at) - 1
                                                          : (size_t)(end - at));
    return FAULT_NONE;
}

static enum fault check_unusual(struct head *head)
{
    static const struct slice schemes[] = { { "http://", 7 }, { "https://", 8 } };

    if (slice_is_equal(head->target, SLICE("*"))) {
        head->is_asterisk = true;
        head->path = SLICE("/");
        return head->method == METHOD_OPTIONS ? FAULT_NONE : FAULT_BAD_TARGET;
    }
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = schemes[i].len;

        if (head->target.len > len &&
            slice_is_equal_nocase(slice_of(head->target.ptr, len), schemes[i]))
            return split_absolute(head, len);
    }
    return FAULT_BAD_TARGET;
}

enum fault target_form_check(struct head *head)
{
    if (head->method == METHOD_CONNECT)
        return FAULT_METHOD_REFUSED;
    if (head->target.ptr[0] != '/')
        return check_unusual(head);
    head->path.ptr = head->target.ptr;
    head->path.len = head->query.ptr != NULL ? (size_t)(head->query.ptr - head->target.ptr) - 1
                                             : head->target.len;
    return FAULT_NONE;
}
