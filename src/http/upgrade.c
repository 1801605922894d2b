/* Protocols of an Upgrade field: see http/upgrade.h. Used by the parser and the writer of heads, and by proxy. */
#include "http/upgrade.h"

#include <string.h>

#include "base/slice.h"

/* No protocol is switched to in more layers; each is looked up among those offered. */
enum { AGREED_MAX = 8 };

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~/", c) != NULL);
}

/* protocol-name ["/" protocol-version], and none that would end our part of the connection unseen. */
static bool may_pass(struct slice protocol)
{
    static const char *const refused[] = { "h2", "h2c", "http", "tls" };
    const char *dash = memchr(protocol.ptr, '/', protocol.len);
    struct slice name = protocol;

    if (dash != NULL)
        name.len = (size_t)(dash - protocol.ptr);
    for (size_t i = 0; i < protocol.len; i++)
        if (!is_name_byte(protocol.ptr[i]))
            return false;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (slice_is_equal_nocase(name, slice_from(refused[i])))
            return false;
    return name.len > 0;
}

bool upgrade_next(const struct head *head, unsigned *field_index, struct slice *rest,
                  struct slice *protocol)
{
    const struct field *field = NULL;

    for (;;) {
        struct slice part = { NULL, 0 };

        while (rest->ptr != NULL && slice_next(rest, ',', &part)) {
            *protocol = slice_trim(part);
            if (protocol->len > 0 && may_pass(*protocol))
                return true;
        }
        field = head_find(head, FIELD_UPGRADE, field_index);
        if (field == NULL)
            return false;
        *rest = head_field_value(head, field);
    }
}

bool upgrade_has_any(const struct head *head)
{
    struct slice rest = { NULL, 0 };
    struct slice protocol = { NULL, 0 };
    unsigned index = 0;

    return upgrade_next(head, &index, &rest, &protocol);
}

static bool is_in(const struct head *head, struct slice wanted)
{
    struct slice rest = { NULL, 0 };
    struct slice protocol = { NULL, 0 };
    unsigned index = 0;

    while (upgrade_next(head, &index, &rest, &protocol))
        if (slice_is_equal_nocase(protocol, wanted))
            return true;
    return false;
}

bool upgrade_is_offered(const struct head *request, const struct head *response)
{
    const struct field *field = NULL;
    unsigned index = 0;
    unsigned count = 0;

    if (!request->wants_upgrade || !response->wants_upgrade)
        return false;
    while ((field = head_find(response, FIELD_UPGRADE, &index)) != NULL) {
        struct slice rest = head_field_value(response, field);
        struct slice part = { NULL, 0 };

        while (slice_next(&rest, ',', &part)) {
            part = slice_trim(part);
            if (part.len == 0)
                continue;
            if (++count > AGREED_MAX || !is_in(request, part))
                return false;
        }
    }
    return count > 0;
}

bool upgrade_is_websocket(const struct head *response)
{
    struct slice rest = { NULL, 0 };
    struct slice protocol = { NULL, 0 };
    unsigned index = 0;
    unsigned count = 0;

    while (upgrade_next(response, &index, &rest, &protocol)) {
        if (!slice_is_equal_nocase(protocol, SLICE("websocket")))
            return false;
        count++;
    }
    return count == 1;
}
