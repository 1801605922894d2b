/* Growing text: see base/text.h. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void text_init(struct text *text, size_t limit)
{
    *text = (struct text){ .limit = limit };
}

void text_fini(struct text *text)
{
    free(text->bytes);
    text->bytes = NULL;
    text->len = text->capacity = 0;
}

void text_clear(struct text *text)
{
    text->len = 0;
    text->cut = false;
    if (text->bytes != NULL)
        text->bytes[0] = '\0';
}

/* Makes room for `more` bytes and the terminator; false, and the text is cut, beyond the limit. */
static bool make_room(struct text *text, size_t more)
{
    size_t want = text->len + more + 1;

    if (text->cut || more > text->limit || text->len > text->limit - more) {
        text->cut = true;
        return false;
    }
    if (want > text->capacity) {
        text->capacity = want < 256 ? 256 : want + want / 2;
        text->bytes = mem_grow(text->bytes, text->capacity, 1);
    }
    return true;
}

void text_add_slice(struct text *text, struct slice s)
{
    if (!make_room(text, s.len))
        return;
    if (s.len > 0)
        memcpy(text->bytes + text->len, s.ptr, s.len);
    text->len += s.len;
    text->bytes[text->len] = '\0';
}

void text_add(struct text *text, const char *words)
{
    text_add_slice(text, slice_from(words));
}

void text_add_format(struct text *text, const char *format, ...)
{
    va_list args;
    int len = 0;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !make_room(text, (size_t)len))
        return;
    va_start(args, format);
    vsnprintf(text->bytes + text->len, (size_t)len + 1, format, args);
    va_end(args);
    text->len += (size_t)len;
}

/* Length of the valid UTF-8 sequence at `at` (RFC 3629), or 0. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    size_t len = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;

    if (len == 1)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return len;
}

bool text_is_utf8(struct slice s)
{
    const unsigned char *at = (const unsigned char *)s.ptr;
    size_t len = 0;

    for (size_t i = 0; i < s.len; i += len) {
        len = utf8_length(at + i, s.len - i);
        if (len == 0)
            return false;
    }
    return true;
}

void text_add_json(struct text *text, struct slice s)
{
    const unsigned char *at = (const unsigned char *)s.ptr;

    for (size_t i = 0; i < s.len;) {
        size_t len = utf8_length(at + i, s.len - i);

        if (len == 1 && (at[i] == '"' || at[i] == '\\'))
            text_add_format(text, "\\%c", at[i]);
        else if (len == 1 && (at[i] < 0x20 || at[i] == 0x7f))
            text_add_format(text, "\\u%04x", at[i]);
        else if (len == 0)
            text_add(text, "\\ufffd");
        else
            text_add_slice(text, slice_of(s.ptr + i, len));
        i += len > 0 ? len : 1;
    }
}

bool text_is_cut(const struct text *text)
{
    return text->cut;
}

struct slice text_slice(const struct text *text)
{
    return slice_of(text->bytes, text->len);
}

char *text_take(struct text *text)
{
    char *bytes = text->bytes != NULL ? text->bytes : mem_text("");

    text->bytes = NULL;
    text->len = text->capacity = 0;
    text->cut = false;
    return bytes;
}
