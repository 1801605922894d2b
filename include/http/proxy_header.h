/*
 * The PROXY protocol, versions 1 and 2, read and written (proxy-protocol.txt of HAProxy). Pure.
 */
#ifndef HTTP_PROXY_HEADER_H
#define HTTP_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "http/parse_head.h"

#define PROXY_HEADER_SIZE 232 /* the most that is written */

struct proxy_header {
    bool is_local; /* LOCAL or UNKNOWN: the addresses of the connection itself count */
    struct address source;
    struct address destination;
};

/*
 * Reads a header of either version at bytes. PARSE_DONE: *size bytes are the header. PARSE_BAD: it
 * is none, or malformed; a v2 header with TLVs is skipped as a whole (at most 4 KiB), a bad
 * checksum refused.
 */
enum parse proxy_header_read(const char *bytes, size_t count, size_t *size,
                             struct proxy_header *out);

/*
 * Writes version 1 or 2 at out (PROXY_HEADER_SIZE bytes); the size. Mixed or unix addresses are
 * written as UNKNOWN (v1) or as AF_UNIX / LOCAL (v2).
 */
size_t proxy_header_write(int version, const struct address *source,
                          const struct address *destination, char *out);

#endif
