/*
 * Reads answers of a proxy under measurement: head, both framings, nothing else. Pure functions on
 * bytes; used by bench_load.
 */
#ifndef ANSWER_READER_H
#define ANSWER_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

#define ANSWER_KEPT_BYTES  4096
#define ANSWER_VALUE_BYTES 32

enum answer_state {
    ANSWER_HEAD,
    ANSWER_LENGTH, /* `left` bytes to come */
    ANSWER_CHUNK_SIZE,
    ANSWER_CHUNK_LINE,
    ANSWER_CHUNK_DATA, /* `left` bytes of this chunk to come */
    ANSWER_CHUNK_END,
    ANSWER_TRAILER,
    ANSWER_TRAILER_LINE,
    ANSWER_DONE
};

/* One answer. Owner: a client; zeroed is ready for the first one. */
struct answer_reader {
    enum answer_state state;
    unsigned status;
    uint64_t left;
    uint64_t body_bytes;            /* read so far */
    struct slice wanted;            /* the name of a field to remember; empty: none */
    char value[ANSWER_VALUE_BYTES]; /* of that field; empty when it is absent or too long */
    size_t kept_bytes;
    char kept[ANSWER_KEPT_BYTES]; /* the start of a head that is not complete */
};

void answer_reader_reset(struct answer_reader *reader);

/*
 * Takes bytes that begin with what was kept. 1xx answers are skipped. ERR_INVALID: no HTTP, no
 * framing, or bytes beyond the end of the answer.
 */
MUST_CHECK int answer_reader_take(struct answer_reader *reader, const char *bytes, size_t count);

#endif
