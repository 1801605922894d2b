/*
 * The chunked coding: see http/chunk.h. Size lines are read byte by byte, because they may be cut
 * anywhere and are short; data is never touched.
 */
#include "http/chunk.h"

#include "base/check.h"
#include "http/parse_priv.h"

#define SIZE_DIGITS_MAX 16
#define SIZE_MAX_BYTES  ((uint64_t)1 << 48)
#define LINE_BYTES_MAX  256
#define EXTRA_BYTES_MAX 4096

enum state {
    STATE_SIZE,  /* in the digits */
    STATE_SPACE, /* in the blanks between size and extension */
    STATE_EXTENSION,
    STATE_SIZE_LF,
    STATE_DATA,
    STATE_DATA_CR,
    STATE_DATA_LF,
    STATE_TRAILER,
    STATE_DONE,
    STATE_BAD,
};

void chunk_reader_init(struct chunk_reader *reader, uint32_t trailer_limit)
{
    *reader = (struct chunk_reader){ .trailer_limit = trailer_limit, .state = STATE_SIZE };
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum state end_digits(const struct chunk_reader *reader, char c)
{
    if (reader->digits == 0)
        return STATE_BAD;
    if (c == '\r')
        return STATE_SIZE_LF;
    if (c == ';')
        return STATE_EXTENSION;
    return c == ' ' || c == '\t' ? STATE_SPACE : STATE_BAD;
}

static enum state read_digit(struct chunk_reader *reader, char c)
{
    int value = hex_value(c);

    if (value < 0)
        return end_digits(reader, c);
    if (reader->digits == SIZE_DIGITS_MAX)
        return STATE_BAD;
    reader->digits++;
    reader->left = reader->left << 4 | (uint64_t)value;
    return reader->left > SIZE_MAX_BYTES ? STATE_BAD : STATE_SIZE;
}

/* A byte of an extension, or of the blanks before one; all that counts is where the line ends. */
static enum state skip_extension(struct chunk_reader *reader, char c, enum state state)
{
    bool is_control = ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;

    if (c == '\r' && state == STATE_EXTENSION)
        return STATE_SIZE_LF;
    if (is_control || ++reader->line_bytes > LINE_BYTES_MAX ||
        ++reader->extra_bytes > EXTRA_BYTES_MAX)
        return STATE_BAD;
    if (state == STATE_EXTENSION || c == ';')
        return STATE_EXTENSION;
    return c == ' ' || c == '\t' ? STATE_SPACE : STATE_BAD;
}

static enum state end_size(struct chunk_reader *reader, char c)
{
    if (c != '\n' || reader->left > INT64_MAX - reader->total)
        return STATE_BAD;
    reader->line_bytes = 0;
    reader->digits = 0;
    return reader->left > 0 ? STATE_DATA : STATE_TRAILER;
}

/* One byte outside of data and trailers; the state after it. */
static enum state read_byte(struct chunk_reader *reader, char c)
{
    enum state state = (enum state)reader->state;

    switch (state) {
    case STATE_SIZE: return read_digit(reader, c);
    case STATE_SPACE:
    case STATE_EXTENSION: return skip_extension(reader, c, state);
    case STATE_SIZE_LF: return end_size(reader, c);
    case STATE_DATA_CR: return c == '\r' ? STATE_DATA_LF : STATE_BAD;
    case STATE_DATA_LF: return c == '\n' ? STATE_SIZE : STATE_BAD;
    case STATE_DATA:
    case STATE_TRAILER:
    case STATE_DONE:
    case STATE_BAD: break;
    }
    return STATE_BAD;
}

static enum chunk_event take_data(struct chunk_reader *reader, struct slice rest, size_t *consumed,
                                  struct slice *span)
{
    size_t len = rest.len < reader->left ? rest.len : (size_t)reader->left;

    *span = slice_of(rest.ptr, len);
    *consumed += len;
    reader->left -= len;
    reader->total += len;
    if (reader->left == 0)
        reader->state = STATE_DATA_CR;
    return CHUNK_DATA;
}

/* Looks for the end of the trailer section at rest; line_bytes is where the search goes on. */
static enum parse find_trailer(struct chunk_reader *reader, struct slice rest, struct slice *span)
{
    size_t limit = reader->trailer_limit, at = reader->line_bytes;
    enum parse result = PARSE_DONE;

    if (rest.len >= 2 && rest.ptr[0] == '\r' && rest.ptr[1] == '\n')
        at = 0;
    else
        result = head_end_find(rest.ptr, at, rest.len, &at);
    if (result == PARSE_MORE && rest.len < limit + 2) {
        reader->line_bytes = (uint32_t)at;
        return PARSE_MORE;
    }
    if (result != PARSE_DONE || at > limit)
        return PARSE_BAD;
    *span = slice_of(rest.ptr, at);
    return PARSE_DONE;
}

static enum chunk_event take_trailer(struct chunk_reader *reader, struct slice rest,
                                     size_t *consumed, struct slice *span)
{
    switch (find_trailer(reader, rest, span)) {
    case PARSE_MORE: return CHUNK_MORE;
    case PARSE_DONE:
        reader->state = STATE_DONE;
        *consumed += span->len + 2;
        return CHUNK_DONE;
    case PARSE_BAD: break;
    }
    reader->state = STATE_BAD;
    return CHUNK_BAD;
}

enum chunk_event chunk_read(struct chunk_reader *reader, const char *bytes, size_t count,
                            size_t *consumed, struct slice *span)
{
    size_t at = 0;

    while (at < count && (reader->state < STATE_DATA || reader->state == STATE_DATA_CR ||
                          reader->state == STATE_DATA_LF))
        reader->state = (uint8_t)read_byte(reader, bytes[at++]);
    *span = slice_of(NULL, 0);
    *consumed = at;
    switch ((enum state)reader->state) {
    case STATE_SIZE:
    case STATE_SPACE:
    case STATE_EXTENSION:
    case STATE_SIZE_LF:
    case STATE_DATA_CR:
    case STATE_DATA_LF: return CHUNK_MORE;
    case STATE_DATA:
        return at < count ? take_data(reader, slice_of(bytes + at, count - at), consumed, span)
                          : CHUNK_MORE;
    case STATE_TRAILER:
        return at < count ? take_trailer(reader, slice_of(bytes + at, count - at), consumed, span)
                          : CHUNK_MORE;
    case STATE_DONE: return CHUNK_DONE;
    case STATE_BAD: break;
    }
    return CHUNK_BAD;
}

size_t chunk_write_head(uint64_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    unsigned len = size > 0 ? (67 - (unsigned)__builtin_clzll(size)) / 4 : 1;

    for (unsigned i = 0; i < len; i++)
        out[i] = digits[size >> 4 * (len - 1 - i) & 15];
    out[len] = '\r';
    out[len + 1] = '\n';
    return len + 2;
}
