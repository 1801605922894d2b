/* Pieces of text: see base/slice.h. */
#include "base/slice.h"

#include <string.h>

struct slice slice_of(const char *ptr, size_t len)
{
    return (struct slice){ ptr, len };
}

struct slice slice_from(const char *text)
{
    return (struct slice){ text, text != NULL ? strlen(text) : 0 };
}

bool slice_is_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static unsigned char to_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Not strncasecmp: that one stops at a NUL and looks at the locale. */
bool slice_is_equal_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (to_lower(a.ptr[i]) != to_lower(b.ptr[i]))
            return false;
    return true;
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

bool slice_ends_with_nocase(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len &&
           slice_is_equal_nocase(slice_of(s.ptr + (s.len - suffix.len), suffix.len), suffix);
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool slice_next(struct slice *rest, char separator, struct slice *part)
{
    const char *found = NULL;

    if (rest->ptr == NULL)
        return false;
    found = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (found == NULL) {
        *part = *rest;
        *rest = (struct slice){ NULL, 0 };
        return true;
    }
    part->ptr = rest->ptr;
    part->len = (size_t)(found - rest->ptr);
    rest->len -= part->len + 1;
    rest->ptr = found + 1;
    return true;
}

bool slice_copy(struct slice s, char *out, size_t capacity)
{
    if (capacity == 0)
        return false;
    out[0] = '\0';
    if (s.len >= capacity)
        return false;
    if (s.len > 0)
        memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
    return true;
}
