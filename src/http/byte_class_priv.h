/*
 * Classes of single bytes, one table for all grammars of the room: for the places where sixteen bytes
 * at a time do not pay.
 */
#ifndef HTTP_BYTE_CLASS_PRIV_H
#define HTTP_BYTE_CLASS_PRIV_H

#include <stdint.h>

enum {
    BYTE_TOKEN = 1, /* tchar, RFC 9110 5.6.2 */
    BYTE_HOST = 2,  /* unreserved and sub-delims without the comma, RFC 3986 3.2.2 */
    BYTE_HEX = 4,
    BYTE_DIGIT = 8,
};

extern const uint8_t byte_class[256];

static inline int byte_is(char c, unsigned class)
{
    return (byte_class[(unsigned char)c] & class) != 0;
}

#endif
