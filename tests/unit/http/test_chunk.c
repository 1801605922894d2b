/* The chunked coding: every body is read whole, byte by byte, and cut in two at every place. */
#include "http/chunk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk_case {
    const char *text;
    size_t size;
    enum chunk_event end; /* CHUNK_MORE: incomplete */
    const char *data;
    const char *trailer;
    size_t rest; /* bytes behind the body */
};

#define TRAILER_LIMIT 64

#define DONE(text, data, trailer, rest)                                                            \
    {                                                                                              \
        text, sizeof(text) - 1, CHUNK_DONE, data, trailer, rest                                    \
    }
#define BAD(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1, CHUNK_BAD, NULL, NULL, 0                                           \
    }
#define MORE(text, data)                                                                           \
    {                                                                                              \
        text, sizeof(text) - 1, CHUNK_MORE, data, NULL, 0                                          \
    }

/* What came of a body. */
struct outcome {
    enum chunk_event end;
    size_t consumed;
    size_t data_len;
    uint64_t total;
    char data[8192];
    char trailer[TRAILER_LIMIT + 1];
};

/* Feeds what lies between *at and end, from a copy that ends there. */
static void feed(struct chunk_reader *reader, const char *text, size_t end, struct outcome *out)
{
    size_t count = end - out->consumed, at = 0;
    char *copy = malloc(count > 0 ? count : 1);

    cr_assert_not_null(copy);
    memcpy(copy, text + out->consumed, count);
    do {
        struct slice span = { NULL, 0 };
        size_t used = 0;

        out->end = chunk_read(reader, copy + at, count - at, &used, &span);
        cr_assert_leq(used, count - at);
        at += used;
        if (out->end == CHUNK_DATA) {
            cr_assert_gt(span.len, 0);
            cr_assert_leq(span.ptr + span.len, copy + at);
            memcpy(out->data + out->data_len, span.ptr, span.len);
            out->data_len += span.len;
        }
        if (out->end == CHUNK_DONE)
            cr_assert(slice_copy(span, out->trailer, sizeof out->trailer));
    } while (out->end == CHUNK_DATA);
    out->consumed += at;
    out->total = reader->total;
    free(copy);
}

/* Feeds the text so that it grows to each of `cuts` and then to its whole size. */
static void run(const struct chunk_case *one, size_t step, size_t cut, struct outcome *out)
{
    struct chunk_reader reader;

    memset(out, 0, sizeof *out);
    chunk_reader_init(&reader, TRAILER_LIMIT);
    out->end = CHUNK_MORE;
    for (size_t end = cut; end < one->size && out->end == CHUNK_MORE; end += step)
        feed(&reader, one->text, end, out);
    if (out->end == CHUNK_MORE)
        feed(&reader, one->text, one->size, out);
}

static void check_outcome(const struct chunk_case *one, const struct outcome *out)
{
    cr_assert_eq(out->end, one->end, "%d, not %d, for %s", out->end, one->end, one->text);
    if (one->end == CHUNK_BAD)
        return;
    cr_assert_eq(out->data_len, strlen(one->data), "%s", one->text);
    cr_assert_eq(memcmp(out->data, one->data, out->data_len), 0, "%s", one->text);
    cr_assert_eq(out->total, out->data_len);
    if (one->end == CHUNK_DONE) {
        cr_assert_str_eq(out->trailer, one->trailer, "%s", one->text);
        cr_assert_eq(one->size - out->consumed, one->rest, "%s", one->text);
    }
}

static void check(const struct chunk_case *cases, size_t count)
{
    static struct outcome out;

    for (size_t i = 0; i < count; i++) {
        run(&cases[i], 1, 0, &out);
        check_outcome(&cases[i], &out);
        for (size_t cut = 0; cut <= cases[i].size; cut++) {
            run(&cases[i], cases[i].size + 1, cut, &out);
            check_outcome(&cases[i], &out);
        }
    }
}

Test(chunk, bodies)
{
    static const struct chunk_case cases[] = {
        DONE("0\r\n\r\n", "", "", 0),
        DONE("5\r\nhello\r\n0\r\n\r\n", "hello", "", 0),
        DONE("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", "", 0),
        DONE("A\r\n0123456789\r\n0\r\n\r\n", "0123456789", "", 0),
        DONE("a\r\n0123456789\r\n00\r\n\r\n", "0123456789", "", 0),
        DONE("0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello", "", 0),
        DONE("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", "", 0),
        DONE("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a", "", 16),
        DONE("1\r\na\r\n0\r\n\r\n\r\n", "a", "", 2),
        DONE("1;a\r\na\r\n0;b=c\r\n\r\n", "a", "", 0),
        DONE("1;a=\"b;c\\\"\"\r\na\r\n0\r\n\r\n", "a", "", 0),
        DONE("1 ;a\r\na\r\n0\t;b\r\n\r\n", "a", "", 0),
        DONE("1;\r\na\r\n0;\r\n\r\n", "a", "", 0),
        DONE("1;\xc3\xa9\r\na\r\n0\r\n\r\n", "a", "", 0),
        DONE("0\r\nA: b\r\n\r\n", "", "A: b\r\n", 0),
        DONE("1\r\na\r\n0\r\nA: b\r\nC:d\r\n\r\nrest", "a", "A: b\r\nC:d\r\n", 4),
    };

    check(cases, sizeof cases / sizeof cases[0]);
}

Test(chunk, incomplete)
{
    static const struct chunk_case cases[] = {
        MORE("", ""),
        MORE("5", ""),
        MORE("5;", ""),
        MORE("5\r", ""),
        MORE("5\r\n", ""),
        MORE("5\r\nhel", "hel"),
        MORE("5\r\nhello", "hello"),
        MORE("5\r\nhello\r", "hello"),
        MORE("5\r\nhello\r\n", "hello"),
        MORE("5\r\nhello\r\n0\r\n", "hello"),
        MORE("5\r\nhello\r\n0\r\n\r", "hello"),
        MORE("0\r\nA: b\r\n", ""),
        MORE("0\r\nA: b\r\n\r", ""),
        MORE("1000000000000\r\na", "a"),
    };

    check(cases, sizeof cases / sizeof cases[0]);
}

Test(chunk, malformed)
{
    static const struct chunk_case cases[] = {
        BAD("\r\n"),
        BAD("\r\n5\r\nhello\r\n0\r\n\r\n"),
        BAD("x\r\n"),
        BAD("g\r\n"),
        BAD("-5\r\n"),
        BAD("+5\r\n"),
        BAD("0x5\r\n"),
        BAD("5x\r\n"),
        BAD("5_0\r\n"),
        BAD("5,5\r\n"),
        BAD(" 5\r\n"),
        BAD("\t5\r\n"),
        BAD("5 \r\n"),
        BAD("5\t\r\n"),
        BAD("5 5\r\n"),
        BAD(";a\r\n"),
        BAD("00000000000000005\r\n"),
        BAD("1000000000001\r\n"),
        BAD("ffffffffffffffff\r\n"),
        BAD("10000000000000005\r\n"),
        BAD("5\nhello\r\n"),
        BAD("5\rhello\r\n"),
        BAD("5\r\rhello\r\n"),
        BAD("5\0\r\nhello\r\n"),
        BAD("5;a\nhello\r\n"),
        BAD("5;a\rb\r\n"),
        BAD("5;a\0b\r\n"),
        BAD("5;a\x7f\r\n"),
        BAD("5;\x0b\r\n"),
        BAD("5;a\n\r\n"),
        BAD("5 \n;a\r\n"),
        BAD("5\r\nhello0\r\n\r\n"),
        BAD("5\r\nhello\n0\r\n\r\n"),
        BAD("5\r\nhello\r0\r\n\r\n"),
        BAD("5\r\nhello\rX0\r\n\r\n"),
        BAD("5\r\nhelloX\n0\r\n\r\n"),
        BAD("5\r\nhello!\r\n0\r\n\r\n"),
        BAD("4\r\nhello\r\n0\r\n\r\n"),
        BAD("0\n\r\n"),
        BAD("0\r\n\n"),
        BAD("0\r\n\r\r\n"),
        BAD("0\r\nA: b\n\r\n"),
        BAD("0\r\nA: b\r\n\n"),
        BAD("0\r\nA: \0\r\n\r\n"),
        BAD("0\r\nA: b\rc\r\n\r\n"),
    };

    check(cases, sizeof cases / sizeof cases[0]);
}

Test(chunk, trailer_limit)
{
    for (size_t len = TRAILER_LIMIT - 3; len <= TRAILER_LIMIT + 3; len++) {
        char text[128], trailer[128];
        struct chunk_case one = { text, 0, CHUNK_DONE, "", trailer, 0 };

        memset(trailer, 't', len - 2);
        memcpy(trailer, "A: ", 3);
        memcpy(trailer + len - 2, "\r\n", 3);
        one.size = (size_t)snprintf(text, sizeof text, "0\r\n%s\r\n", trailer);
        if (len > TRAILER_LIMIT)
            one.end = CHUNK_BAD;
        check(&one, 1);
    }
}

/* A trailer section that never ends is refused as soon as it is over the limit. */
Test(chunk, endless_trailer)
{
    char text[128] = "0\r\n";
    struct chunk_case one = { text, 3 + TRAILER_LIMIT + 1, CHUNK_MORE, "", "", 0 };

    memset(text + 3, 't', sizeof text - 3);
    check(&one, 1);
    one.size++;
    one.end = CHUNK_BAD;
    check(&one, 1);
}

Test(chunk, extension_limits)
{
    for (size_t len = 254; len <= 258; len++) {
        char text[512];
        struct chunk_case one = { text, 0, CHUNK_DONE, "a", "", 0 };
        size_t size = (size_t)snprintf(text, sizeof text, "1;");

        memset(text + size, 'e', len);
        memcpy(text + size + len, "\r\na\r\n0\r\n\r\n", 11);
        one.size = size + len + 10;
        if (len > 256)
            one.end = CHUNK_BAD;
        check(&one, 1);
    }
}

/* 4096 bytes of extensions in all: 40 chunks with 100 each are fine, with 104 each they are not. */
Test(chunk, extension_total)
{
    for (size_t len = 100; len <= 104; len += 2) {
        static char text[40 * 128];
        static struct outcome out;
        struct chunk_case one = { text, 0, CHUNK_DONE, "", "", 0 };

        for (unsigned i = 0; i < 40; i++) {
            memcpy(text + one.size, "1;", 2);
            memset(text + one.size + 2, 'e', len);
            memcpy(text + one.size + 2 + len, "\r\na\r\n", 5);
            one.size += len + 7;
        }
        memcpy(text + one.size, "0\r\n\r\n", 5);
        one.size += 5;
        run(&one, 1, 0, &out);
        cr_assert_eq(out.end, len <= 102 ? CHUNK_DONE : CHUNK_BAD, "%zu", len);
    }
}

Test(chunk, stays_at_its_end)
{
    struct chunk_reader reader;
    struct slice span = { NULL, 0 };
    size_t used = 9;

    chunk_reader_init(&reader, 0);
    cr_assert_eq(chunk_read(&reader, "0\r\n\r\n", 5, &used, &span), CHUNK_DONE);
    cr_assert_eq(chunk_read(&reader, "5\r\nhello\r\n", 10, &used, &span), CHUNK_DONE);
    cr_assert_eq(used, 0);
    chunk_reader_init(&reader, 0);
    cr_assert_eq(chunk_read(&reader, "x", 1, &used, &span), CHUNK_BAD);
    cr_assert_eq(chunk_read(&reader, "0\r\n\r\n", 5, &used, &span), CHUNK_BAD);
    cr_assert_eq(used, 0);
    chunk_reader_init(&reader, 0);
    cr_assert_eq(chunk_read(&reader, NULL, 0, &used, &span), CHUNK_MORE);
}

struct size_case {
    uint64_t size;
    const char *text;
};

Test(chunk, writes_sizes)
{
    static const struct size_case cases[] = {
        { 0, "0\r\n" },
        { 1, "1\r\n" },
        { 15, "f\r\n" },
        { 16, "10\r\n" },
        { 255, "ff\r\n" },
        { 256, "100\r\n" },
        { 6699, "1a2b\r\n" },
        { (uint64_t)1 << 48, "1000000000000\r\n" },
        { UINT64_MAX, "ffffffffffffffff\r\n" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[CHUNK_HEAD_SIZE];
        size_t size = chunk_write_head(cases[i].size, out);

        cr_assert_eq(size, strlen(cases[i].text));
        cr_assert_eq(memcmp(out, cases[i].text, size), 0, "%s", cases[i].text);
    }
}
