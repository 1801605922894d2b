/*
 * The chunked coding (RFC 9112 7.1), read incrementally: a size is 1*16HEXDIG up to 2^48,
 * extensions are skipped (256 bytes a line, 4 KiB a body at most), only CRLF ends a line. Data
 * comes out as spans of the bytes given, so nothing is copied. Pure, any thread.
 */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum chunk_event {
    CHUNK_DATA, /* *span holds data bytes (not empty) */
    CHUNK_MORE, /* all was consumed that can be; more bytes are needed */
    CHUNK_DONE, /* the body and its trailer section ended; *span is the trailer section without its
                   final CRLF (empty: none) */
    CHUNK_BAD,
};

struct chunk_reader {
    uint64_t left;        /* of the present chunk */
    uint64_t total;       /* data bytes so far */
    uint32_t line_bytes;  /* of the present size line */
    uint32_t extra_bytes; /* extensions so far */
    uint32_t trailer_limit;
    uint8_t state;
    uint8_t digits;
};

void chunk_reader_init(struct chunk_reader *reader, uint32_t trailer_limit);

/*
 * Reads on in bytes; *consumed says how many were used up (always before the span's end or later).
 * The trailer section is not consumed in parts: while it is incomplete CHUNK_MORE leaves its bytes,
 * to be given again with more behind them. After CHUNK_DONE or CHUNK_BAD the reader is at its end.
 * After CHUNK_DATA call again with the bytes behind *consumed.
 */
enum chunk_event chunk_read(struct chunk_reader *reader, const char *bytes, size_t count,
                            size_t *consumed, struct slice *span);

/* "1a2b\r\n" for a chunk of `size` bytes at out (CHUNK_HEAD_SIZE bytes); the length. */
#define CHUNK_HEAD_SIZE 18
size_t chunk_write_head(uint64_t size, char *out);

#endif
