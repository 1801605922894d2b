/*
 * Scanning sixteen bytes at a time: masks of the bytes at which a name, a value or a target ends or
 * goes wrong, bit n for byte n. SSE2 where the compiler has it (every x86-64), words elsewhere; a
 * test holds the two against each other. Inline because they are a handful of instructions each in
 * the innermost loops.
 */
#ifndef HTTP_BLOCK_SCAN_PRIV_H
#define HTTP_BLOCK_SCAN_PRIV_H

#include <stddef.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "http/block_words_priv.h"

/* Bytes being read. The 16 bytes before `end` are readable, also when fewer were received. */
struct block_input {
    const char *at;
    const char *end;
};

/*
 * Where to load the block at `at` from: there, or, within 16 bytes of the end, the last 16 bytes;
 * *shift says by how much a mask of that block is to be shifted then.
 */
static inline const char *block_place(const struct block_input *in, const char *at, unsigned *shift)
{
    size_t left = (size_t)(in->end - at);

    *shift = left >= 16 ? 0 : 16 - (unsigned)left;
    return left >= 16 ? at : in->end - 16;
}

/*
 * The stops among the up to 16 bytes at `at`, with one more behind the last of them: counting the
 * zeros below gives 16 for a block without stops, or what is left before the end of input.
 */
#define BLOCK_STOPS(scan, in, at)                                                                  \
    (__builtin_expect((in)->end - (at) >= 16, 1)                                                   \
         ? scan(at) | 0x10000u                                                                     \
         : (scan((in)->end - 16) | 0x10000u) >> (16 - (unsigned)((in)->end - (at))))

/* How many bytes of the block lie before the first stop: 16 for none, or up to the end of input. */
static inline unsigned block_length(unsigned stops, unsigned shift)
{
    return (unsigned)__builtin_ctz((stops | 0x10000u) >> shift);
}

#ifdef __SSE2__

static inline __m128i block_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Bytes from low to low + span, unsigned. */
static inline __m128i block_in_range(__m128i block, char low, char span)
{
    __m128i offset = _mm_sub_epi8(block, _mm_set1_epi8(low));

    return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(span)), offset);
}

static inline __m128i block_is_byte(__m128i block, char byte)
{
    return _mm_cmpeq_epi8(block, _mm_set1_epi8(byte));
}

/* Control bytes except HTAB: where a field value, or anything else in a head, ends or is wrong. */
static inline unsigned block_value(const char *at)
{
    __m128i block = block_load(at);
    __m128i low = _mm_andnot_si128(block_is_byte(block, '\t'), block_in_range(block, 0, 0x1f));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, block_is_byte(block, 0x7f)));
}

/* What a request target may not contain: control bytes, space, '#', DEL and beyond ASCII. */
static inline unsigned block_target(const char *at)
{
    __m128i block = block_load(at);
    __m128i fine = _mm_andnot_si128(block_is_byte(block, '#'), block_in_range(block, 0x21, 0x5d));

    return (unsigned)_mm_movemask_epi8(fine) ^ 0xffffu;
}

/* Everything but letters, digits and '-': the colon, and the rarer bytes of tokens. */
static inline unsigned block_name(const char *at)
{
    __m128i block = block_load(at);
    __m128i letter = block_in_range(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 25);
    __m128i fine = _mm_or_si128(letter, block_in_range(block, '0', 9));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(fine, block_is_byte(block, '-'))) ^ 0xffffu;
}

static inline unsigned block_byte(const char *at, char byte)
{
    return (unsigned)_mm_movemask_epi8(block_is_byte(block_load(at), byte));
}

#else

#define block_value  block_words_value
#define block_target block_words_target
#define block_name   block_words_name
#define block_byte   block_words_byte

#endif
#endif
