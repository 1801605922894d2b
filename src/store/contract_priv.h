/* The body of a contract: one claim for each object, in an order in which they can be searched. */
#ifndef STORE_CONTRACT_PRIV_H
#define STORE_CONTRACT_PRIV_H

#include <stdbool.h>

#include "store/column_type_priv.h"
#include "store/contract.h"

enum claim_stance { CLAIM_NEEDS, CLAIM_TOLERATES, CLAIM_FORBIDS };

enum claim_kind {
    CLAIM_TABLE,
    CLAIM_COLUMN, /* part: its name */
    CLAIM_ENUM,
    CLAIM_LABEL,    /* part: the label */
    CLAIM_INDEX,    /* part: its table, "": any */
    CLAIM_FUNCTION, /* part: the types of its arguments; NULL: any */
};

enum claim_wish { CLAIM_ANY, CLAIM_YES, CLAIM_NO };

enum { CLAIM_TYPES_MAX = 4 };

struct claim {
    enum claim_stance stance;
    enum claim_kind kind;
    char *schema;
    char *name;
    char *part;
    bool is_written;          /* TABLE: the release inserts rows */
    bool has_columns;         /* TABLE: the contract names those that the release writes */
    bool is_closed;           /* ENUM: no other labels than those that are named */
    enum claim_wish nullable; /* COLUMN: NULL must be allowed, or must not */
    enum claim_wish has_default;
    struct column_type *types; /* COLUMN: any of them */
    unsigned type_count;
};

/* Owner: whoever loaded it. Immutable. */
struct contract {
    char *file;
    char release[SCHEMA_VERSION_MAX];
    struct schema_range schema;
    struct claim *claims; /* by stance, kind, schema, name, part */
    size_t claim_count;
};

/* Negative, 0, positive: the order of claims; a NULL part comes first. */
int claim_compare(const void *a, const void *b);

/* The claim of that stance and kind on that object; NULL: there is none. */
const struct claim *contract_find(const struct contract *contract, const struct claim *like);

#endif
