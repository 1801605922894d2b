/* Trailer sections: the rules of fields, and which of them go on. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "head_case.h"
#include "http/write_head.h"

struct trailer_case {
    const char *text;
    size_t size;
    enum parse parse;
    enum fault fault;
    const char *written;
};

#define DONE(text, written)                                                                        \
    {                                                                                              \
        text, sizeof(text) - 1, PARSE_DONE, FAULT_NONE, written                                    \
    }
#define REFUSED(text, name)                                                                        \
    {                                                                                              \
        text, sizeof(text) - 1, PARSE_BAD, FAULT_##name, NULL                                      \
    }
#define CUT(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1, PARSE_MORE, FAULT_NONE, NULL                                       \
    }

static const struct head_limits limits = { .head_bytes = 126, .target_bytes = 1, .fields = 3 };

static void check_one(const struct trailer_case *one)
{
    struct field fields[8];
    struct head head = { .fields = fields, .field_capacity = 8 };
    enum fault fault = FAULT_COUNT;
    char *copy = malloc(one->size > 0 ? one->size : 1);
    char out[256];
    long size = 0;

    cr_assert_not_null(copy);
    memcpy(copy, one->text, one->size);
    cr_assert_eq(parse_trailer(copy, one->size, &limits, &head, &fault), one->parse, "%s",
                 one->text);
    if (one->parse == PARSE_BAD)
        cr_assert_eq(fault, one->fault, "%s for %s", fault_name(fault), one->text);
    if (one->parse == PARSE_DONE) {
        size = write_trailer(&head, out, sizeof out);
        cr_assert_gt(size, 0);
        head_case_equal(slice_of(out, (size_t)size), one->written);
        cr_assert_eq(write_trailer(&head, out, (size_t)size - 1), ERR_FULL);
    }
    free(copy);
}

Test(trailer, sections)
{
    static const struct trailer_case cases[] = {
        DONE("", "\r\n"),
        DONE("\r\n", "\r\n"),
        DONE("A: b\r\n", "A: b\r\n\r\n"),
        DONE("A:b\r\n\r\n", "A: b\r\n\r\n"),
        DONE("A: 1\r\nX-Checksum:abc \r\nA: 2\r\n", "A: 1\r\nX-Checksum: abc\r\nA: 2\r\n\r\n"),
        DONE("Content-Length: 5\r\nA: b\r\n", "A: b\r\n\r\n"),
        DONE("Transfer-Encoding: chunked\r\n", "\r\n"),
        DONE("Host: evil\r\nForwarded: x\r\nX-Forwarded-Port: 1\r\n", "\r\n"),
        DONE("Authorization: x\r\nCookie: y\r\nProxy-Authorization: z\r\n", "\r\n"),
        DONE("Set-Cookie: x\r\nWWW-Authenticate: y\r\nAuthentication-Info: z\r\n", "\r\n"),
        DONE("Connection: A\r\nA: b\r\nKeep-Alive: c\r\n", "A: b\r\n\r\n"),
        DONE("Content-Type: x\r\nIf-Match: y\r\nX-Request-Id: z\r\n", "\r\n"),
        DONE("grpc-status: 0\r\nServer-Timing: a\r\nETag: b\r\n",
             "grpc-status: 0\r\nServer-Timing: a\r\nETag: b\r\n\r\n"),
        CUT("A"),
        CUT("A: b"),
        CUT("A: b\r"),
        CUT("A: b\r\n\r"),
        CUT("A-longer-name: and value\r\n\r"),
        REFUSED("A : b\r\n", BAD_FIELD),
        REFUSED(" A: b\r\n", BAD_FIELD),
        REFUSED("A: b\r\n c\r\n", BAD_FIELD),
        REFUSED(": b\r\n", BAD_FIELD),
        REFUSED("A\r\n", BAD_FIELD),
        REFUSED("A: b\n", BAD_FIELD),
        REFUSED("A: \0\r\n", BAD_FIELD),
        REFUSED("A: b\r\n\n", BAD_FIELD),
        REFUSED("A: b\r\n\r\r", BAD_FIELD),
        REFUSED("A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\n", TOO_MANY_FIELDS),
        REFUSED("A: 0123456789012345678901234567890123456789012345678901234567890123456789"
                "01234567890123456789012345678901234567890123456789012345\r\n",
                HEAD_TOO_LARGE),
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_one(&cases[i]);
}
