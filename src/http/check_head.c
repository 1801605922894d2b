/*
 * What the fields of a complete head mean together: one Host, one framing, options that are known.
 * Here a head that is well formed line by line is refused because it could be understood in two
 * ways.
 */
#include "http/parse_priv.h"

static enum fault check_expect(struct head *head)
{
    const struct field *field = NULL;
    unsigned index = 0;

    if (!field_set_has(head->seen, FIELD_EXPECT) || head->minor == 0)
        return FAULT_NONE;
    while ((field = head_find(head, FIELD_EXPECT, &index)) != NULL)
        if (!slice_is_equal_nocase(head_field_value(head, field), SLICE("100-continue")))
            return FAULT_BAD_EXPECT;
    head->expect_continue = true;
    return FAULT_NONE;
}

/* Exactly one Host in HTTP/1.1, at most one in HTTP/1.0; one with an absolute target it agrees. */
static enum fault check_host(struct head *head, uint64_t repeated)
{
    unsigned index = 0;
    const struct field *field = head_find(head, FIELD_HOST, &index);
    struct slice host = { NULL, 0 };
    int len = 0;

    if (field_set_has(repeated, FIELD_HOST) || (field == NULL && head->minor == 1))
        return FAULT_BAD_HOST;
    if (field != NULL) {
        host = head_field_value(head, field);
        len = authority_host_length(host);
        if (len < 0 || (len == 0 && (host.len > 0 || head->minor == 1)))
            return FAULT_BAD_HOST;
        if (head->is_absolute && !slice_is_equal_nocase(host, head->authority))
            return FAULT_BAD_HOST;
    }
    if (head->is_absolute)
        len = authority_host_length(head->authority);
    else
        head->authority = host;
    head->host_len = (uint16_t)len;
    return FAULT_NONE;
}

enum fault check_head_request(struct head *head, uint64_t repeated)
{
    enum fault fault = check_host(head, repeated);

    if (fault == FAULT_NONE)
        fault = framing_check_request(head, repeated);
    head->close = head->minor == 0;
    if (fault == FAULT_NONE && field_set_has(head->seen, FIELD_CONNECTION))
        fault = connection_option_apply(head);
    return fault == FAULT_NONE ? check_expect(head) : fault;
}

enum fault check_head_response(struct head *head, enum method method)
{
    head->close = head->minor == 0;
    if (field_set_has(head->seen, FIELD_CONNECTION) && connection_option_apply(head) != FAULT_NONE)
        return FAULT_RESPONSE_BAD;
    return framing_check_response(head, method);
}
