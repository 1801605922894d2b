/*
 * An authority as Host carries it: uri-host [":" port] of RFC 3986 3.2, without userinfo and without
 * commas. An address in brackets must be an IPv6 address; nothing is decoded.
 */
#include <arpa/inet.h>

#include "parse_priv.h"

#define HOST_LENGTH_MAX 255

/* "[2001:db8::1]" at the beginning; its length with the brackets, or -1. */
static int literal_length(struct slice text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    size_t len = 1;

    while (len < text.len && text.ptr[len] != ']')
        len++;
    if (len == text.len || !slice_copy(slice_of(text.ptr + 1, len - 1), address, sizeof address))
        return -1;
    for (size_t i = 0; i < len - 1; i++)
        if (address[i] == '\0')
            return -1;
    return inet_pton(AF_INET6, address, &parsed) == 1 ? (int)len + 1 : -1;
}

/* A percent-encoded byte, which must not be NUL. */
static bool is_encoded(struct slice text, size_t at)
{
    return at + 2 < text.len && scan_is(text.ptr[at + 1], SCAN_HEX) &&
           scan_is(text.ptr[at + 2], SCAN_HEX) &&
           !(text.ptr[at + 1] == '0' && text.ptr[at + 2] == '0');
}

static int name_length(struct slice text)
{
    const char *at = text.ptr, *end = text.ptr + text.len;

    for (;;) {
        while (at < end && scan_is(*at, SCAN_HOST))
            at++;
        if (at == end || *at != '%' || !is_encoded(text, (size_t)(at - text.ptr)))
            break;
        at += 3;
    }
    return at - text.ptr <= HOST_LENGTH_MAX ? (int)(at - text.ptr) : -1;
}

/* Nothing, or a colon and a port, which may be empty (RFC 3986 3.2.3). */
static bool is_port_part(struct slice text)
{
    unsigned port = 0;

    if (text.len == 0)
        return true;
    if (text.ptr[0] != ':' || text.len > 6)
        return false;
    for (size_t i = 1; i < text.len; i++) {
        if (!scan_is(text.ptr[i], SCAN_DIGIT))
            return false;
        port = port * 10 + (unsigned)(text.ptr[i] - '0');
    }
    return port <= UINT16_MAX;
}

int authority_host_length(struct slice authority)
{
    int len = 0;

    if (authority.len == 0)
        return 0;
    len = authority.ptr[0] == '[' ? literal_length(authority) : name_length(authority);
    if (len < 0 || !is_port_part(slice_of(authority.ptr + len, authority.len - (size_t)len)))
        return -1;
    return len;
}
