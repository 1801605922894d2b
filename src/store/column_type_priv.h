/*
 * Types of columns as people write them ("varchar(60)", "timestamptz", "int[]") and as the catalog does
 * ("character varying(60)", …). Pure, any thread.
 */
#ifndef STORE_COLUMN_TYPE_PRIV_H
#define STORE_COLUMN_TYPE_PRIV_H

#include <stdbool.h>

#include "base/check.h"

struct column_type {
    char base[160];     /* canonical: "timestamp with time zone" */
    char modifiers[32]; /* "60", "10,2"; "": none */
    unsigned dimensions;
};

/* ERR_INVALID: it is no type, or longer than any. */
MUST_CHECK int column_type_parse(const char *text, struct column_type *out);

/* Whether a column of this type serves who wants that one: the same, or one that holds more without a rewrite. */
bool column_type_serves(const struct column_type *is, const struct column_type *wanted);

#endif
