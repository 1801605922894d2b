/*
 * Tables of heads and what must come of them. Every case is parsed in one call, byte by byte, and
 * cut in two at every place, from copies that end where the bytes end: the result must be the same
 * each time, and for every beginning of the bytes the same as if that beginning came at once.
 */
#ifndef HEAD_CASE_H
#define HEAD_CASE_H

#include <stddef.h>

#include "http/parse_head.h"

#define HEAD_CASE_FIELDS 100
#define HEAD_CASE_MORE   (-1) /* as a fault: the head is not complete */

struct head_case {
    const char *text;
    size_t size;
    int fault; /* enum fault; FAULT_NONE: a good head of exactly these bytes */
};

#define GOOD(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1, FAULT_NONE                                                         \
    }
#define BAD(text, name)                                                                            \
    {                                                                                              \
        text, sizeof(text) - 1, FAULT_##name                                                       \
    }
#define MORE(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1, HEAD_CASE_MORE                                                     \
    }

/* How the cases of a table are parsed. */
typedef enum parse head_case_parse(const char *bytes, size_t count, size_t *searched,
                                   struct head *head, enum fault *fault);

head_case_parse head_case_request;  /* 4096 bytes, target 256, 20 fields */
head_case_parse head_case_response; /* the same, for GET */

void head_case_check(head_case_parse *parse, const struct head_case *cases, size_t count);

#define HEAD_CASE_CHECK(parse, cases)                                                              \
    head_case_check(parse, cases, sizeof(cases) / sizeof((cases)[0]))

/* A parsed head with room for its fields. */
struct head_case_head {
    struct head head;
    struct field fields[HEAD_CASE_FIELDS];
};

/* Parses a head that must be good. */
void head_case_parse_good(head_case_parse *parse, const char *text, struct head_case_head *out);

/* Fails the test unless text says what expected says. */
void head_case_equal(struct slice text, const char *expected);

#endif
