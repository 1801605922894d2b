/*
 * Reads the response to a probe from bytes as they come: interim heads are skipped, then the head, then the body
 * to its end or to PROBE_ANSWER_BODY_MAX bytes. Pure.
 */
#ifndef HEALTH_PROBE_ANSWER_PRIV_H
#define HEALTH_PROBE_ANSWER_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"
#include "http/chunk.h"
#include "http/parse_head.h"

enum {
    PROBE_ANSWER_HEAD_MAX = 16384,
    PROBE_ANSWER_FIELDS_MAX = 100,
    PROBE_ANSWER_TRAILER_MAX = 4096,
    PROBE_ANSWER_BODY_MAX = 65536,
    PROBE_ANSWER_INTERIM_MAX = 8,
};

enum probe_answer_step {
    PROBE_ANSWER_MORE, /* more bytes are needed */
    PROBE_ANSWER_STATUS, /* the head is complete: answer->status may be judged; go on with probe_answer_read */
    PROBE_ANSWER_DONE,
    PROBE_ANSWER_BAD, /* answer->fault says why */
};

/* A field of the final head that is wanted; its value is kept as far as it has room. */
struct probe_want {
    const char *name;
    bool is_there;
    char value[256];
};

/* A value, in a probe. */
struct probe_answer {
    enum method method;
    bool has_head;
    uint8_t framing;
    uint8_t interims; /* 1xx heads so far */
    uint16_t status;
    enum fault fault;
    uint64_t left; /* of a body of known length */
    uint64_t body_bytes;
    struct text *
        body; /* takes the body, and one byte more than PROBE_ANSWER_BODY_MAX; NULL: nobody wants it */
    unsigned want_count;
    struct probe_want *wants; /* borrowed */
    size_t count;             /* bytes that are not yet consumed */
    size_t searched;          /* for the parser */
    struct chunk_reader chunks;
    struct head head;
    struct field fields[PROBE_ANSWER_FIELDS_MAX];
    char bytes[PROBE_ANSWER_HEAD_MAX + 1024];
};

/* The body is longer than PROBE_ANSWER_BODY_MAX; known only where it is wanted. */
bool probe_answer_is_cut(const struct probe_answer *answer);

void probe_answer_init(struct probe_answer *answer, const char *method);

/* Where the next bytes go; never without room after PROBE_ANSWER_MORE. */
char *probe_answer_room(struct probe_answer *answer, size_t *size);

/* `count` bytes were put there. */
void probe_answer_take(struct probe_answer *answer, size_t count);
enum probe_answer_step probe_answer_read(struct probe_answer *answer);

/* The peer has ended. Never PROBE_ANSWER_MORE. */
enum probe_answer_step probe_answer_end(struct probe_answer *answer);

#endif
