/*
 * What surrounds a state on disk: format, generation, length and SHA-256 of all before it. The same in all
 * formats. Behind it only line feeds may follow (a reserve file is padded with them). Pure.
 */
#ifndef DEPLOY_ENVELOPE_PRIV_H
#define DEPLOY_ENVELOPE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

struct envelope {
    uint64_t format;
    uint64_t min_reader;
    uint64_t generation;
    struct slice content; /* one JSON object */
};

void envelope_write(unsigned format, unsigned min_reader, uint64_t generation, struct slice content,
                    struct text *out);

/*
 * ERR_NOT_FOUND: blank (only line feeds, at least one); ERR_VERSION: a reader newer than `format` is
 * needed; ERR_CORRUPT: the rest, *why says what.
 */
MUST_CHECK int envelope_read(struct slice bytes, unsigned format, struct envelope *out,
                             const char **why);

#endif
