/* See base/base64url.h. Tokens and their keys are read and written with it, by the daemon and by switchctl. */
#include "base/base64url.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const void *bytes, size_t count, char *out)
{
    const unsigned char *from = bytes;
    uint32_t pending = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < count; i++) {
        pending = (pending << 8 | from[i]) & 0xffffu;
        bits += 8;
        for (; bits >= 6; bits -= 6)
            *out++ = letters[pending >> (bits - 6) & 63];
    }
    if (bits > 0)
        *out++ = letters[pending << (6 - bits) & 63];
    *out = '\0';
}

/* 64 and more: it is no letter of ours. */
static unsigned value_of(char letter)
{
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

    return found != NULL ? (unsigned)(found - letters) : 64;
}

int base64url_decode(struct slice text, void *out, size_t capacity, size_t *count)
{
    unsigned char *to = out;
    uint32_t pending = 0;
    unsigned bits = 0;
    size_t done = 0;

    if (text.len % 4 == 1)
        return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        unsigned value = value_of(text.ptr[i]);

        if (value > 63)
            return ERR_INVALID;
        pending = (pending << 6 | value) & 0xffffu;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (done == capacity)
            return ERR_RANGE;
        to[done++] = (unsigned char)(pending >> bits & 255);
    }
    if ((pending & ((1u << bits) - 1)) != 0)
        return ERR_INVALID;
    *count = done;
    return 0;
}
