/*
 * A file as the lines behind a command: they go out as they are, but an empty line, which would end them too early,
 * becomes a comment, so that the numbers of lines stay right. Pure.
 */
#ifndef CTL_PAYLOAD_H
#define CTL_PAYLOAD_H

#include "base/slice.h"
#include "base/text.h"

struct payload {
    bool is_inside; /* a line */
    bool is_held;   /* a carriage return at the start of a line: what follows decides */
};

/* What becomes of the next bytes of the file is added to out. */
void payload_add(struct payload *payload, struct slice bytes, struct text *out);

/* The end of the file: the end of its last line, if that is missing, and the empty line. */
void payload_end(struct payload *payload, struct text *out);

#endif
