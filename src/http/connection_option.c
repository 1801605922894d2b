/*
 * The Connection field (RFC 9110 7.6.1): whether the connection persists, and which fields stop
 * here. A peer may not have fields taken away that routing, framing or trust rest on.
 */
#include "base/slice.h"
#include "http/parse_priv.h"
#include "http/upgrade.h"

/* More options that are neither known nor useful are an attempt to keep us comparing names. */
#define OTHER_OPTIONS_MAX 32

struct options {
    bool close;
    bool keep_alive;
    bool upgrade;
    unsigned others;
};

static bool is_protected_id(enum field_id id)
{
    const uint64_t kept = field_bit(FIELD_HOST) | field_bit(FIELD_CONTENT_LENGTH) |
                          field_bit(FIELD_TRANSFER_ENCODING) | field_bit(FIELD_CONNECTION) |
                          field_bit(FIELD_EXPECT) | field_bit(FIELD_VIA) | field_bit(FIELD_DATE) |
                          field_bit(FIELD_COOKIE) | field_bit(FIELD_AUTHORIZATION) |
                          field_bit(FIELD_MAX_FORWARDS) | field_bit(FIELD_IDEMPOTENCY_KEY) |
                          field_bit(FIELD_FORWARDED) | field_bit(FIELD_X_FORWARDED_FOR) |
                          field_bit(FIELD_X_FORWARDED_PROTO) | field_bit(FIELD_X_FORWARDED_HOST) |
                          field_bit(FIELD_X_REQUEST_ID) | field_bit(FIELD_X_SWITCHYARD_SLOT) |
                          field_bit(FIELD_X_SWITCHYARD_EPOCH);

    return field_set_has(kept, id);
}

static bool starts_with_nocase(struct slice name, struct slice prefix)
{
    return name.len >= prefix.len && slice_is_equal_nocase(slice_of(name.ptr, prefix.len), prefix);
}

static bool is_protected_name(struct slice name)
{
    return starts_with_nocase(name, SLICE("content-")) ||
           starts_with_nocase(name, SLICE("x-forwarded-")) ||
           slice_is_equal_nocase(name, SLICE("set-cookie")) ||
           slice_is_equal_nocase(name, SLICE("cache-control"));
}

/* Marks the fields that bear `name`. */
static void mark_named(struct head *head, struct slice name, enum field_id id)
{
    for (unsigned i = 0; i < head->field_count; i++) {
        struct field *field = &head->fields[i];

        if (field->id == id &&
            (id != FIELD_OTHER || slice_is_equal_nocase(head_field_name(head, field), name)))
            field->named = 1;
    }
}

static void apply_option(struct head *head, struct slice option, struct options *found)
{
    enum field_id id = field_find(option.ptr, option.len);

    if (slice_is_equal_nocase(option, SLICE("close"))) {
        found->close = true;
    } else if (id == FIELD_KEEP_ALIVE) {
        found->keep_alive = true;
    } else if (id == FIELD_UPGRADE) {
        found->upgrade = true;
    } else {
        found->others++;
        if (id == FIELD_OTHER ? !is_protected_name(option) : !is_protected_id(id))
            mark_named(head, option, id);
    }
}

enum fault connection_option_apply(struct head *head)
{
    struct options found = { .others = 0 };
    const struct field *field = NULL;
    unsigned index = 0;

    while ((field = head_find(head, FIELD_CONNECTION, &index)) != NULL) {
        struct slice rest = head_field_value(head, field), part = { NULL, 0 };

        while (slice_next(&rest, ',', &part)) {
            apply_option(head, slice_trim(part), &found);
            if (found.others > OTHER_OPTIONS_MAX)
                return FAULT_BAD_FIELD;
        }
    }
    head->close = found.close || (head->minor == 0 && !found.keep_alive);
    head->wants_upgrade = found.upgrade && head->minor == 1 &&
                          field_set_has(head->seen, FIELD_UPGRADE) && upgrade_has_any(head);
    return FAULT_NONE;
}
