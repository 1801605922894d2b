/* Host and Origin of requests to the API: see api_gate_priv.h. */
#include "control/api_gate_priv.h"

#include <string.h>

#include "base/address.h"
#include "config/config.h"

/* IPv6 literals stand in brackets. */
static bool is_literal(struct slice host)
{
    char text[64];
    struct address_net net;

    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = slice_of(host.ptr + 1, host.len - 2);
    return slice_copy(host, text, sizeof text) && memchr(text, '/', host.len) == NULL &&
           strcmp(text, "unix:") != 0 && address_parse_net(host, &net) == 0;
}

static bool is_listed(struct slice host, const char *name)
{
    struct slice wanted = slice_from(name);

    if (!slice_starts_with(wanted, SLICE("*.")))
        return slice_is_equal_nocase(host, wanted);
    wanted = slice_of(wanted.ptr + 1, wanted.len - 1); /* with its dot */
    return host.len > wanted.len && slice_ends_with_nocase(host, wanted);
}

bool api_gate_is_host(struct slice host, const struct config_texts *hosts)
{
    if (host.len > 1 && host.ptr[host.len - 1] == '.')
        host.len--; /* the root of names */
    if (is_literal(host) || slice_is_equal_nocase(host, SLICE("localhost")))
        return true;
    for (size_t i = 0; i < hosts->count; i++)
        if (is_listed(host, hosts->items[i]))
            return true;
    return false;
}

/* In clear both are possible: something that speaks TLS may stand before us. */
static bool is_own(struct slice origin, struct slice authority, bool is_secure)
{
    static const struct slice schemes[] = { { "http://", 7 }, { "https://", 8 } };

    for (size_t i = is_secure ? 1 : 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        struct slice scheme = schemes[i];

        if (origin.len > scheme.len &&
            slice_is_equal_nocase(slice_of(origin.ptr, scheme.len), scheme) &&
            slice_is_equal_nocase(slice_of(origin.ptr + scheme.len, origin.len - scheme.len),
                                  authority))
            return true;
    }
    return false;
}

bool api_gate_is_origin(const struct head *head, bool is_secure)
{
    for (unsigned i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];

        if (slice_is_equal_nocase(head_field_name(head, field), SLICE("Origin")) &&
            !is_own(head_field_value(head, field), head->authority, is_secure))
            return false;
    }
    return true;
}
