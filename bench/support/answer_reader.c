/* See answer_reader.h. */
#include "support/answer_reader.h"

#include <string.h>

#include "base/err.h"
#include "base/num.h"

void answer_reader_reset(struct answer_reader *reader)
{
    reader->state = ANSWER_HEAD;
    reader->body_bytes = 0;
    reader->kept_bytes = 0;
    reader->value[0] = '\0';
}

static int take_field(struct answer_reader *reader, struct slice name, struct slice value)
{
    if (slice_is_equal_nocase(name, SLICE("Content-Length"))) {
        reader->state = ANSWER_LENGTH;
        return num_parse_u64(value, INT64_MAX, &reader->left);
    }
    if (slice_is_equal_nocase(name, SLICE("Transfer-Encoding"))) {
        reader->state = ANSWER_CHUNK_SIZE;
        reader->left = 0;
    }
    if (reader->wanted.len > 0 && slice_is_equal_nocase(name, reader->wanted))
        (void)slice_copy(value, reader->value, sizeof reader->value);
    return ERR_OK;
}

/* `rest` begins with the status line and ends before the empty line. */
static int take_head(struct answer_reader *reader, struct slice rest)
{
    struct slice line = { 0 };
    uint64_t status = 0;

    if (!slice_starts_with(rest, SLICE("HTTP/1.")) || rest.len < 12 ||
        num_parse_u64(slice_of(rest.ptr + 9, 3), 999, &status) != ERR_OK)
        return ERR_INVALID;
    reader->status = (unsigned)status;
    reader->state = ANSWER_HEAD;
    if (status < 200)
        return ERR_OK;
    while (slice_next(&rest, '\n', &line)) {
        struct slice name = { 0 };
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (!slice_next(&line, ':', &name) || line.ptr == NULL)
            continue;
        if (take_field(reader, name, slice_trim(line)) != ERR_OK)
            return ERR_INVALID;
    }
    if (status == 204 || status == 304 || (reader->state == ANSWER_LENGTH && reader->left == 0))
        reader->state = ANSWER_DONE;
    return reader->state == ANSWER_HEAD ? ERR_INVALID : ERR_OK;
}

static int take_chunk_size_byte(struct answer_reader *reader, char c)
{
    uint64_t digit = 0;

    if (num_parse_hex(slice_of(&c, 1), 15, &digit) == ERR_OK) {
        reader->left = reader->left << 4 | digit;
        return ERR_OK;
    }
    reader->state = ANSWER_CHUNK_LINE;
    return c == '\r' || c == ';' ? ERR_OK : ERR_INVALID;
}

/* One byte of framing; the line feed of each line decides what follows. */
static int take_framing_byte(struct answer_reader *reader, char c)
{
    if (reader->state == ANSWER_CHUNK_SIZE)
        return take_chunk_size_byte(reader, c);
    if (reader->state == ANSWER_TRAILER && c != '\r' && c != '\n')
        reader->state = ANSWER_TRAILER_LINE;
    if (c != '\n')
        return ERR_OK;
    if (reader->state == ANSWER_CHUNK_LINE)
        reader->state = reader->left > 0 ? ANSWER_CHUNK_DATA : ANSWER_TRAILER;
    else if (reader->state == ANSWER_CHUNK_END)
        reader->state = ANSWER_CHUNK_SIZE;
    else if (reader->state == ANSWER_TRAILER)
        reader->state = ANSWER_DONE;
    else
        reader->state = ANSWER_TRAILER;
    return ERR_OK;
}

static int take_body(struct answer_reader *reader, const char *bytes, size_t count)
{
    int err = ERR_OK;

    while (count > 0 && err == ERR_OK && reader->state != ANSWER_DONE) {
        if (reader->state != ANSWER_LENGTH && reader->state != ANSWER_CHUNK_DATA) {
            err = take_framing_byte(reader, *bytes++);
            count--;
            continue;
        }
        size_t piece = count < reader->left ? count : (size_t)reader->left;
        reader->left -= piece;
        reader->body_bytes += piece;
        bytes += piece;
        count -= piece;
        if (reader->left == 0)
            reader->state = reader->state == ANSWER_LENGTH ? ANSWER_DONE : ANSWER_CHUNK_END;
    }
    return count > 0 ? ERR_INVALID : err; /* nobody asked for more than one answer */
}

int answer_reader_take(struct answer_reader *reader, const char *bytes, size_t count)
{
    while (reader->state == ANSWER_HEAD) {
        const char *end = memmem(bytes, count, "\r\n\r\n", 4);
        if (end == NULL) {
            if (count > sizeof reader->kept)
                return ERR_INVALID;
            memmove(reader->kept, bytes, count);
            reader->kept_bytes = count;
            return ERR_OK;
        }
        size_t used = (size_t)(end - bytes);
        if (take_head(reader, slice_of(bytes, used)) != ERR_OK)
            return ERR_INVALID;
        bytes += used + 4;
        count -= used + 4;
    }
    reader->kept_bytes = 0;
    return take_body(reader, bytes, count);
}
