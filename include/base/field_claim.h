/*
 * What a header field of an answer has to be: "Name" (it is there), "Name=value", "Name!=value" (it is not there, or
 * another one), "Name~PATTERN" (base/pattern.h). Pure; any thread.
 */
#ifndef BASE_FIELD_CLAIM_H
#define BASE_FIELD_CLAIM_H

#include <stdbool.h>

#include "base/check.h"
#include "base/slice.h"

enum field_claim_kind { FIELD_CLAIM_THERE, FIELD_CLAIM_IS, FIELD_CLAIM_IS_NOT, FIELD_CLAIM_FINDS };

enum { FIELD_CLAIM_BYTES_MAX = 256 };

struct field_claim {
    enum field_claim_kind kind;
    struct slice name;
    const char *value; /* into the text, to its end */
};

/* ERR_INVALID or ERR_RANGE, and a constant text in *why. */
MUST_CHECK int field_claim_parse(const char *text, struct field_claim *out, const char **why);

/* value: of the field, ptr NULL: it is not there. */
bool field_claim_holds(const struct field_claim *claim, struct slice value);

#endif
