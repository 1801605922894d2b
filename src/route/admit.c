/* See route/admit.h. */
#include "route/admit.h"

#include "http/head.h"
#include "route/service.h"

bool admit_is_https(const struct head *head, bool is_trusted, bool is_secure)
{
    struct slice value = head_value(head, SLICE("X-Forwarded-Proto"));
    struct slice first = { NULL, 0 };

    if (!is_trusted || value.ptr == NULL)
        return is_secure;
    return slice_next(&value, ',', &first) &&
           slice_is_equal_nocase(slice_trim(first), SLICE("https"));
}

/* OPTIONS and TRACE may ask to go no further than here (RFC 9110 7.6.2); TRACE is never answered by us. */
static enum fault check_forwards(const struct head *head)
{
    if ((head->seen & 1ull << FIELD_MAX_FORWARDS) == 0 ||
        (head->method != METHOD_OPTIONS && head->method != METHOD_TRACE) ||
        !slice_is_equal(head_value(head, SLICE("Max-Forwards")), SLICE("0")))
        return FAULT_NONE;
    return head->method == METHOD_OPTIONS ? FAULT_NO_FURTHER : FAULT_METHOD_REFUSED;
}

static bool has_body(const struct head *head)
{
    return head->framing != FRAMING_NONE && (head->framing != FRAMING_LENGTH || head->length > 0);
}

/* The service's own limits, where they are stricter than the most that any service allows. */
static enum fault check_limits(const struct policy *policy, const struct head *head)
{
    if (head->target.len > policy->target_bytes)
        return FAULT_TARGET_TOO_LONG;
    if (head->size > policy->head_bytes)
        return FAULT_HEAD_TOO_LARGE;
    if (head->field_count > policy->fields)
        return FAULT_TOO_MANY_FIELDS;
    if (head->wants_upgrade && has_body(head))
        return FAULT_UPGRADE_REFUSED; /* in which protocol would its body be? */
    if (policy->body_limit > 0 && head->framing == FRAMING_LENGTH &&
        head->length > policy->body_limit)
        return FAULT_BODY_TOO_LARGE;
    return check_forwards(head);
}

enum fault admit_request(const struct policy *policy, const struct head *head, bool is_https,
                         enum fault routed)
{
    enum fault limit = FAULT_NONE;

    /* where a request names no host there is no place to send it to */
    if (policy->https_redirect && !is_https)
        return head->host_len > 0 ? FAULT_HTTPS_ONLY : FAULT_BAD_HOST;
    if (routed != FAULT_NONE && routed != FAULT_HELD && routed != FAULT_SLOT_BUSY &&
        routed != FAULT_TARGET_BUSY)
        return routed;
    limit = check_limits(policy, head);
    return limit != FAULT_NONE ? limit : routed;
}
