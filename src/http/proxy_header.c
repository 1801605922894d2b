/*
 * The PROXY protocol: see http/proxy_header.h. Version 1 is a line of at most 107 bytes, version 2
 * a binary header of 16 bytes, addresses and TLVs. Only stream sockets make sense here, so a header
 * that speaks of datagrams is refused.
 */
#include "http/proxy_header.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

#define LINE_SIZE_MAX  107
#define FIXED_SIZE     16
#define REST_SIZE_MAX  4096
#define UNIX_PATH_SIZE 108
#define TLV_CRC32C     0x03

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n"; /* 12 bytes without the terminator */

#define SIGNATURE_SIZE (sizeof signature - 1)

enum { FAMILY_UNSPEC = 0x00, FAMILY_TCP4 = 0x11, FAMILY_TCP6 = 0x21, FAMILY_UNIX = 0x31 };

static struct address make_in(const void *host, uint16_t port)
{
    struct address address = { .len = sizeof address.sa.in };

    address.sa.in.sin_family = AF_INET;
    memcpy(&address.sa.in.sin_addr, host, sizeof address.sa.in.sin_addr);
    address.sa.in.sin_port = htons(port);
    return address;
}

static struct address make_in6(const void *host, uint16_t port)
{
    struct address address = { .len = sizeof address.sa.in6 };

    address.sa.in6.sin6_family = AF_INET6;
    memcpy(&address.sa.in6.sin6_addr, host, sizeof address.sa.in6.sin6_addr);
    address.sa.in6.sin6_port = htons(port);
    return address;
}

static struct address make_unix(const char *path)
{
    struct address address = { .len = offsetof(struct sockaddr_un, sun_path) };

    address.sa.un.sun_family = AF_UNIX;
    if (path[0] == '\0')
        return address;
    memcpy(address.sa.un.sun_path, path, UNIX_PATH_SIZE);
    address.len += (socklen_t)strnlen(path, UNIX_PATH_SIZE - 1) + 1;
    address.sa.un.sun_path[UNIX_PATH_SIZE - 1] = '\0';
    return address;
}

/* Version 1 */

/* Decimal without leading zeros. */
static bool parse_port(struct slice text, uint16_t *port)
{
    uint64_t value = 0;

    if (text.len > 5 || (text.len > 1 && text.ptr[0] == '0') ||
        num_parse_u64(text, UINT16_MAX, &value) != ERR_OK)
        return false;
    *port = (uint16_t)value;
    return true;
}

static bool parse_host(struct slice text, int family, unsigned char host[16])
{
    char copy[INET6_ADDRSTRLEN];

    return text.len > 0 && memchr(text.ptr, '\0', text.len) == NULL &&
           slice_copy(text, copy, sizeof copy) && inet_pton(family, copy, host) == 1;
}

static bool parse_pair(int family, struct slice host, struct slice port, struct address *out)
{
    unsigned char bytes[16];
    uint16_t number = 0;

    if (!parse_host(host, family, bytes) || !parse_port(port, &number))
        return false;
    *out = family == AF_INET ? make_in(bytes, number) : make_in6(bytes, number);
    return true;
}

/* The line without "PROXY " and CRLF. */
static bool parse_line(struct slice line, struct proxy_header *out)
{
    struct slice parts[5] = { { NULL, 0 } };
    size_t count = 0;
    int family = AF_UNSPEC;

    if (slice_is_equal(line, SLICE("UNKNOWN")) || slice_starts_with(line, SLICE("UNKNOWN "))) {
        out->is_local = true;
        return true;
    }
    while (count < 5 && slice_next(&line, ' ', &parts[count]))
        count++;
    if (count != 5 || line.ptr != NULL)
        return false;
    if (slice_is_equal(parts[0], SLICE("TCP4")))
        family = AF_INET;
    else if (slice_is_equal(parts[0], SLICE("TCP6")))
        family = AF_INET6;
    else
        return false;
    return parse_pair(family, parts[1], parts[3], &out->source) &&
           parse_pair(family, parts[2], parts[4], &out->destination);
}

static enum parse read_text(struct slice bytes, size_t *size, struct proxy_header *out)
{
    struct slice prefix = SLICE("PROXY ");
    size_t limit = bytes.len < LINE_SIZE_MAX ? bytes.len : LINE_SIZE_MAX;
    size_t at = 0;

    while (at < limit && bytes.ptr[at] != '\r') {
        if ((at < prefix.len && bytes.ptr[at] != prefix.ptr[at]) || bytes.ptr[at] == '\n')
            return PARSE_BAD;
        at++;
    }
    if (at + 1 >= limit)
        return limit < LINE_SIZE_MAX ? PARSE_MORE : PARSE_BAD;
    if (at < prefix.len || bytes.ptr[at + 1] != '\n' ||
        !parse_line(slice_of(bytes.ptr + prefix.len, at - prefix.len), out))
        return PARSE_BAD;
    *size = at + 2;
    return PARSE_DONE;
}

/* Version 2 */

static unsigned load_u16(const char *at)
{
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

static uint32_t load_u32(const char *at)
{
    return (uint32_t)load_u16(at) << 16 | load_u16(at + 2);
}

/* CRC-32C (Castagnoli), bit by bit: a header is a few hundred bytes at most, once a connection. */
static uint32_t add_crc32c(uint32_t crc, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        crc ^= (unsigned char)bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
    }
    return crc;
}

/* The checksum covers the whole header with its own four bytes taken as zero. */
static bool is_checksum_right(struct slice header, size_t at)
{
    uint32_t crc = add_crc32c(UINT32_MAX, header.ptr, at);

    crc = add_crc32c(crc, "\0\0\0\0", 4);
    crc = add_crc32c(crc, header.ptr + at + 4, header.len - at - 4);
    return ~crc == load_u32(header.ptr + at);
}

/*
 * The TLVs from `at` to the end of the header are well formed, and a checksum among them is right.
 */
static bool are_tlvs_right(struct slice header, size_t at)
{
    while (at < header.len) {
        size_t len = 0;

        if (header.len - at < 3)
            return false;
        len = load_u16(header.ptr + at + 1);
        if (header.len - at - 3 < len)
            return false;
        if (header.ptr[at] == TLV_CRC32C && (len != 4 || !is_checksum_right(header, at + 3)))
            return false;
        at += 3 + len;
    }
    return true;
}

/* How many bytes the addresses of a family take; -1 for a family that is none of ours. */
static int addresses_size(unsigned family)
{
    switch (family) {
    case FAMILY_UNSPEC: return 0;
    case FAMILY_TCP4: return 12;
    case FAMILY_TCP6: return 36;
    case FAMILY_UNIX: return 2 * UNIX_PATH_SIZE;
    }
    return -1;
}

static void read_addresses(const char *at, unsigned family, struct proxy_header *out)
{
    switch (family) {
    case FAMILY_TCP4:
        out->source = make_in(at, (uint16_t)load_u16(at + 8));
        out->destination = make_in(at + 4, (uint16_t)load_u16(at + 10));
        break;
    case FAMILY_TCP6:
        out->source = make_in6(at, (uint16_t)load_u16(at + 32));
        out->destination = make_in6(at + 16, (uint16_t)load_u16(at + 34));
        break;
    case FAMILY_UNIX:
        out->source = make_unix(at);
        out->destination = make_unix(at + UNIX_PATH_SIZE);
        break;
    }
}

/* A complete header of version 2 with the command PROXY. */
static bool read_proxied(struct slice header, struct proxy_header *out)
{
    unsigned family = (unsigned char)header.ptr[13];
    int size = addresses_size(family);

    if (size < 0 || header.len - FIXED_SIZE < (size_t)size)
        return false;
    /* What follows UNSPEC is nothing we could know the form of. */
    out->is_local = family == FAMILY_UNSPEC;
    read_addresses(header.ptr + FIXED_SIZE, family, out);
    return out->is_local || are_tlvs_right(header, FIXED_SIZE + (size_t)size);
}

static enum parse read_binary(struct slice bytes, size_t *size, struct proxy_header *out)
{
    unsigned command = 0, rest = 0;

    if (memcmp(bytes.ptr, signature, bytes.len < SIGNATURE_SIZE ? bytes.len : SIGNATURE_SIZE) != 0)
        return PARSE_BAD;
    if (bytes.len < FIXED_SIZE)
        return PARSE_MORE;
    command = (unsigned char)bytes.ptr[12];
    rest = load_u16(bytes.ptr + 14);
    if ((command != 0x20 && command != 0x21) || rest > REST_SIZE_MAX)
        return PARSE_BAD;
    if (bytes.len < FIXED_SIZE + rest)
        return PARSE_MORE;
    out->is_local = true;
    if (command == 0x21 && !read_proxied(slice_of(bytes.ptr, FIXED_SIZE + rest), out))
        return PARSE_BAD;
    *size = FIXED_SIZE + rest;
    return PARSE_DONE;
}

enum parse proxy_header_read(const char *bytes, size_t count, size_t *size,
                             struct proxy_header *out)
{
    *out = (struct proxy_header){ .is_local = false };
    if (count == 0)
        return PARSE_MORE;
    return bytes[0] == signature[0] ? read_binary(slice_of(bytes, count), size, out)
                                    : read_text(slice_of(bytes, count), size, out);
}

/* Writing */

static size_t write_text(const struct address *source, const struct address *destination, char *out)
{
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
    int family = source->sa.any.sa_family;
    int len = 0;

    if (family == AF_INET) {
        inet_ntop(family, &source->sa.in.sin_addr, from, sizeof from);
        inet_ntop(family, &destination->sa.in.sin_addr, to, sizeof to);
        len = snprintf(out, PROXY_HEADER_SIZE, "PROXY TCP4 %s %s %u %u\r\n", from, to,
                       ntohs(source->sa.in.sin_port), ntohs(destination->sa.in.sin_port));
    } else if (family == AF_INET6) {
        inet_ntop(family, &source->sa.in6.sin6_addr, from, sizeof from);
        inet_ntop(family, &destination->sa.in6.sin6_addr, to, sizeof to);
        len = snprintf(out, PROXY_HEADER_SIZE, "PROXY TCP6 %s %s %u %u\r\n", from, to,
                       ntohs(source->sa.in6.sin6_port), ntohs(destination->sa.in6.sin6_port));
    } else {
        len = snprintf(out, PROXY_HEADER_SIZE, "PROXY UNKNOWN\r\n");
    }
    return (size_t)len;
}

static char *put_bytes(char *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

static char *put_path(char *at, const struct address *address)
{
    size_t named = offsetof(struct sockaddr_un, sun_path);

    memset(at, 0, UNIX_PATH_SIZE);
    if (address->len > named)
        memcpy(at, address->sa.un.sun_path, address->len - named);
    return at + UNIX_PATH_SIZE;
}

static size_t write_binary(const struct address *source, const struct address *destination,
                           char *out)
{
    char *at = put_bytes(out, signature, SIGNATURE_SIZE) + 4;
    size_t rest = 0;

    out[12] = 0x21;
    switch (source->sa.any.sa_family) {
    case AF_INET:
        out[13] = FAMILY_TCP4;
        at = put_bytes(at, &source->sa.in.sin_addr, 4);
        at = put_bytes(at, &destination->sa.in.sin_addr, 4);
        at = put_bytes(at, &source->sa.in.sin_port, 2);
        at = put_bytes(at, &destination->sa.in.sin_port, 2);
        break;
    case AF_INET6:
        out[13] = FAMILY_TCP6;
        at = put_bytes(at, &source->sa.in6.sin6_addr, 16);
        at = put_bytes(at, &destination->sa.in6.sin6_addr, 16);
        at = put_bytes(at, &source->sa.in6.sin6_port, 2);
        at = put_bytes(at, &destination->sa.in6.sin6_port, 2);
        break;
    case AF_UNIX:
        out[13] = FAMILY_UNIX;
        at = put_path(put_path(at, source), destination);
        break;
    default: /* LOCAL: there is nobody to speak of */
        out[12] = 0x20;
        out[13] = FAMILY_UNSPEC;
        break;
    }
    rest = (size_t)(at - out) - FIXED_SIZE;
    out[14] = (char)(rest >> 8);
    out[15] = (char)(rest & 0xff);
    return FIXED_SIZE + rest;
}

size_t proxy_header_write(int version, const struct address *source,
                          const struct address *destination, char *out)
{
    static const struct address nobody;

    CHECK(version == 1 || version == 2);
    if (source->sa.any.sa_family != destination->sa.any.sa_family)
        source = destination = &nobody;
    return version == 1 ? write_text(source, destination, out)
                        : write_binary(source, destination, out);
}
