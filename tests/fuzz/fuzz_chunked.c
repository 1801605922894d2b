/* room: http */
/*
 * Chunked bodies against a reference: a decoder for a whole body in memory, written for plainness. The
 * first three bytes of the input choose in which pieces the body is fed; data, trailer, end and the
 * place of the end must be the same in all.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/chunk.h"

#define TRAILER_LIMIT 100
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_chunked: %d: %s\n", __LINE__, #condition);                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A body as it was understood. */
struct body {
    enum chunk_event end;
    size_t size; /* bytes used up */
    char *data;
    size_t data_len;
    struct slice trailer;
};

/* The reference */

struct text {
    const char *at;
    const char *end;
};

/* Up to the next CRLF: false when there is none yet. A control byte that is no CRLF sets *bad. */
static bool next_line(struct text *text, struct slice *line, bool *bad)
{
    for (const char *at = text->at; at < text->end; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '\r') {
            if (at + 1 == text->end)
                return false;
            *bad = at[1] != '\n';
            *line = slice_of(text->at, (size_t)(at - text->at));
            text->at = at + 2;
            return !*bad;
        }
        *bad = (c < 0x20 && c != '\t') || c == 0x7f;
        if (*bad)
            return false;
    }
    *line = slice_of(text->at, (size_t)(text->end - text->at));
    return false;
}

static size_t count_hex(struct slice line)
{
    size_t count = 0;

    while (count < line.len && strchr("0123456789abcdefABCDEF", line.ptr[count]) != NULL &&
           line.ptr[count] != '\0')
        count++;
    return count;
}

/* A size line, or the beginning of one if it is not whole. */
static bool is_size_line(struct slice line, bool whole, uint64_t *size, size_t *extra)
{
    size_t digits = count_hex(line), at = digits;

    if (digits > 16 || (digits == 0 && (whole || line.len > 0)))
        return false;
    *size = 0;
    for (size_t i = 0; i < digits; i++) {
        char digit[2] = { line.ptr[i], '\0' };

        *size = *size * 16 + strtoul(digit, NULL, 16);
        if (*size > (uint64_t)1 << 48)
            return false;
    }
    while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t'))
        at++;
    if (at < line.len ? line.ptr[at] != ';' : whole && at > digits)
        return false;
    /* The byte behind the digits is free, the others count. */
    *extra += line.len > digits ? line.len - digits - 1 : 0;
    return (line.len > digits ? line.len - digits - 1 : 0) <= 256 && *extra <= 4096;
}

static enum chunk_event finish_trailer(struct text *text, struct body *out)
{
    const char *start = text->at;
    struct slice line = { NULL, 0 };
    bool bad = false;

    while (next_line(text, &line, &bad)) {
        if (line.len > 0)
            continue;
        out->trailer = slice_of(start, (size_t)(line.ptr - start));
        return out->trailer.len <= TRAILER_LIMIT ? CHUNK_DONE : CHUNK_BAD;
    }
    if (bad || (size_t)(text->end - start) >= TRAILER_LIMIT + 2)
        return CHUNK_BAD;
    text->at = start;
    return CHUNK_MORE;
}

/* "\r\n" behind data; MORE while only a part of it is there. */
static enum chunk_event skip_crlf(struct text *text)
{
    static const char crlf[] = "\r\n";

    for (unsigned i = 0; i < 2; i++) {
        if (text->at == text->end)
            return CHUNK_MORE;
        if (*text->at++ != crlf[i])
            return CHUNK_BAD;
    }
    return CHUNK_DATA;
}

static enum chunk_event decode_chunk(struct text *text, size_t *extra, struct body *out)
{
    struct slice line = { NULL, 0 };
    uint64_t size = 0;
    size_t len = 0;
    bool bad = false, whole = next_line(text, &line, &bad);

    if (bad)
        return CHUNK_BAD;
    if (!whole && line.ptr == NULL)
        line = slice_of(text->at, (size_t)(text->end - text->at) - 1); /* ends in a CR */
    if (!is_size_line(line, whole || (text->at + line.len < text->end), &size, extra))
        return CHUNK_BAD;
    if (!whole) {
        text->at = text->end;
        return CHUNK_MORE;
    }
    if (size == 0)
        return finish_trailer(text, out);
    len = (uint64_t)(text->end - text->at) < size ? (size_t)(text->end - text->at) : (size_t)size;
    memcpy(out->data + out->data_len, text->at, len);
    out->data_len += len;
    text->at += len;
    return len < size ? CHUNK_MORE : skip_crlf(text);
}

static void decode_plainly(const char *bytes, size_t count, struct body *out)
{
    struct text text = { bytes, bytes + count };
    size_t extra = 0;

    do
        out->end = decode_chunk(&text, &extra, out);
    while (out->end == CHUNK_DATA);
    out->size = (size_t)(text.at - bytes);
}

/* The reader, in pieces */

static void read_piece(struct chunk_reader *reader, const char *bytes, size_t end, struct body *out)
{
    struct slice span = { NULL, 0 };
    size_t used = 0;

    do {
        out->end = chunk_read(reader, bytes + out->size, end - out->size, &used, &span);
        REQUIRE(used <= end - out->size);
        out->size += used;
        if (out->end == CHUNK_DATA) {
            REQUIRE(span.len > 0 && span.ptr >= bytes && span.ptr + span.len <= bytes + out->size);
            memcpy(out->data + out->data_len, span.ptr, span.len);
            out->data_len += span.len;
        }
        if (out->end == CHUNK_DONE)
            out->trailer = span;
    } while (out->end == CHUNK_DATA);
}

static void read_in_pieces(const char *bytes, size_t count, const size_t steps[3], struct body *out)
{
    struct chunk_reader reader;
    unsigned i = 0;

    chunk_reader_init(&reader, TRAILER_LIMIT);
    out->end = CHUNK_MORE;
    for (size_t end = steps[0]; end < count && out->end == CHUNK_MORE; end += steps[++i % 3])
        read_piece(&reader, bytes, end, out);
    if (out->end == CHUNK_MORE)
        read_piece(&reader, bytes, count, out);
    REQUIRE(reader.total == out->data_len);
}

static void require_same(const struct body *a, const struct body *b)
{
    REQUIRE(a->end == b->end);
    if (a->end == CHUNK_BAD)
        return;
    REQUIRE(a->data_len == b->data_len && memcmp(a->data, b->data, a->data_len) == 0);
    REQUIRE(a->size == b->size);
    if (a->end == CHUNK_DONE)
        REQUIRE(a->trailer.len == b->trailer.len &&
                (a->trailer.len == 0 || a->trailer.ptr == b->trailer.ptr));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count)
{
    const char *bytes = (const char *)input + 3;
    struct body plain = { .end = CHUNK_MORE }, whole = { .end = CHUNK_MORE };
    struct body cut = { .end = CHUNK_MORE };
    size_t steps[3] = { 0 };

    if (count < 3)
        return 0;
    count -= 3;
    for (unsigned i = 0; i < 3; i++)
        steps[i] = (size_t)input[i] + 1;
    plain.data = malloc(3 * count + 3);
    REQUIRE(plain.data != NULL);
    whole.data = plain.data + count + 1;
    cut.data = whole.data + count + 1;
    decode_plainly(bytes, count, &plain);
    read_in_pieces(bytes, count, (size_t[3]){ count + 1, 1, 1 }, &whole);
    read_in_pieces(bytes, count, steps, &cut);
    require_same(&plain, &whole);
    require_same(&plain, &cut);
    free(plain.data);
    return 0;
}
