/* See base/field_claim.h. Called when a configuration is checked, and for each answer that is judged. */
#include "base/field_claim.h"

#include <string.h>

#include "base/err.h"
#include "base/pattern.h"

/* RFC 9110 5.6.2, without '!' and '~', which mean something here. */
static bool is_name_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("#$%&'*+-.^_`|", c) != NULL);
}

static enum field_claim_kind read_kind(const char **rest)
{
    if (strncmp(*rest, "!=", 2) == 0) {
        *rest += 2;
        return FIELD_CLAIM_IS_NOT;
    }
    return *(*rest)++ == '=' ? FIELD_CLAIM_IS : FIELD_CLAIM_FINDS;
}

int field_claim_parse(const char *text, struct field_claim *out, const char **why)
{
    struct field_claim made = { .kind = FIELD_CLAIM_THERE };
    size_t len = 0;

    if (strlen(text) > FIELD_CLAIM_BYTES_MAX) {
        *why = "it is longer than 256 bytes";
        return ERR_RANGE;
    }
    while (is_name_byte(text[len]))
        len++;
    made.name = slice_of(text, len);
    made.value = text + len;
    *why = "it does not begin with the name of a header field";
    if (len == 0)
        return ERR_INVALID;
    *why = "behind the name stands =, != or ~";
    if (made.value[0] != '\0' && made.value[0] != '=' && made.value[0] != '~' &&
        strncmp(made.value, "!=", 2) != 0)
        return ERR_INVALID;
    if (made.value[0] != '\0')
        made.kind = read_kind(&made.value);
    if (made.kind == FIELD_CLAIM_FINDS && pattern_check(made.value, why) != 0)
        return ERR_INVALID;
    *out = made;
    return 0;
}

bool field_claim_holds(const struct field_claim *claim, struct slice value)
{
    bool is_same = value.ptr != NULL && slice_is_equal(value, slice_from(claim->value));

    switch (claim->kind) {
    case FIELD_CLAIM_THERE: return value.ptr != NULL;
    case FIELD_CLAIM_IS: return is_same;
    case FIELD_CLAIM_IS_NOT: return !is_same;
    case FIELD_CLAIM_FINDS: return value.ptr != NULL && pattern_finds(claim->value, value);
    }
    return false;
}
