/* Lines and columns of byte offsets in one text; offsets should mostly grow from call to call. Any thread. */
#ifndef LINT_PLACE_PRIV_H
#define LINT_PLACE_PRIV_H

#include <stddef.h>

#include "base/slice.h"

/* Owner: the caller, who keeps the text valid. Nothing to release. */
struct place {
    struct slice text;
    size_t at; /* the line that was found last begins here */
    unsigned line;
};

void place_init(struct place *place, struct slice text);

/* Line and column (in characters) of offset, both from 1; an offset behind the end is the end. */
void place_find(struct place *place, size_t offset, unsigned *line, unsigned *column);

/* The byte of the 1-based character `nth` of s: PostgreSQL counts characters in its errors. */
size_t place_of_character(struct slice s, size_t nth);

#endif
