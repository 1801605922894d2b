/*
 * Scanning sixteen bytes at a time: masks of the bytes at which a name, a value or a target ends or
 * goes wrong, bit n for byte n. SSE2 where the compiler has it (every x86-64), two 64-bit words
 * elsewhere; both forms are always compiled, so that a test can hold them against each other.
 * Inline because they are a handful of instructions each in the innermost loops.
 */
#ifndef HTTP_SCAN_PRIV_H
#define HTTP_SCAN_PRIV_H

#include <endian.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Classes of single bytes, for the places where sixteen at a time do not pay. */
enum {
    SCAN_TOKEN = 1, /* tchar, RFC 9110 5.6.2 */
    SCAN_HOST = 2,  /* unreserved and sub-delims without the comma, RFC 3986 3.2.2 */
    SCAN_HEX = 4,
    SCAN_DIGIT = 8,
};

extern const uint8_t scan_class[256];

static inline int scan_is(char c, unsigned class)
{
    return (scan_class[(unsigned char)c] & class) != 0;
}

/* Bytes being read. The 16 bytes before `end` are readable, also when fewer were received. */
struct scan_input {
    const char *at;
    const char *end;
};

/*
 * Where to load the block at `at` from: there, or, within 16 bytes of the end, the last 16 bytes;
 * *shift says by how much a mask of that block is to be shifted then.
 */
static inline const char *scan_block(const struct scan_input *in, const char *at, unsigned *shift)
{
    size_t left = (size_t)(in->end - at);

    *shift = left >= 16 ? 0 : 16 - (unsigned)left;
    return left >= 16 ? at : in->end - 16;
}

/*
 * The stops among the up to 16 bytes at `at`, with one more behind the last of them: counting the zeros
 * below gives 16 for a block without stops, or what is left before the end of input.
 */
#define SCAN_STOPS(scan, in, at)                                                                   \
    (__builtin_expect((in)->end - (at) >= 16, 1)                                                   \
         ? scan(at) | 0x10000u                                                                     \
         : (scan((in)->end - 16) | 0x10000u) >> (16 - (unsigned)((in)->end - (at))))

/* How many bytes of the block lie before the first stop: 16 for none, or up to the end of input. */
static inline unsigned scan_length(unsigned stops, unsigned shift)
{
    return (unsigned)__builtin_ctz((stops | 0x10000u) >> shift);
}

/* The portable forms: exact per byte, the result in the high bit of each byte of a word. */

#define SCAN_ONES  0x0101010101010101u
#define SCAN_HIGHS 0x8080808080808080u

static inline uint64_t scan_word_at_least(uint64_t word, unsigned bound) /* bound 1 to 128 */
{
    return (((word & ~SCAN_HIGHS) + (128 - bound) * SCAN_ONES) | word) & SCAN_HIGHS;
}

static inline uint64_t scan_word_equal(uint64_t word, unsigned byte)
{
    return ~scan_word_at_least(word ^ byte * SCAN_ONES, 1) & SCAN_HIGHS;
}

static inline uint64_t scan_word_value(uint64_t word)
{
    return (~scan_word_at_least(word, 0x20) & SCAN_HIGHS & ~scan_word_equal(word, '\t')) |
           scan_word_equal(word, 0x7f);
}

static inline uint64_t scan_word_target(uint64_t word)
{
    return (~scan_word_at_least(word, 0x21) & SCAN_HIGHS) | scan_word_at_least(word, 0x7f) |
           scan_word_equal(word, '#');
}

static inline uint64_t scan_word_name(uint64_t word)
{
    uint64_t folded = word | 0x20 * SCAN_ONES;
    uint64_t letter = scan_word_at_least(folded, 'a') & ~scan_word_at_least(folded, 'z' + 1);
    uint64_t digit = scan_word_at_least(word, '0') & ~scan_word_at_least(word, '9' + 1);

    return ~(letter | digit | scan_word_equal(word, '-')) & SCAN_HIGHS;
}

static inline uint64_t scan_word_load(const char *at)
{
    uint64_t word = 0;

    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

static inline unsigned scan_word_mask(uint64_t high_bits)
{
    return (unsigned)(((high_bits >> 7) * 0x0102040810204080u) >> 56);
}

#define SCAN_WORDS(at, test)                                                                       \
    (scan_word_mask(test(scan_word_load(at))) | scan_word_mask(test(scan_word_load((at) + 8))) << 8)

static inline unsigned scan_value_words(const char *at)
{
    return SCAN_WORDS(at, scan_word_value);
}

static inline unsigned scan_target_words(const char *at)
{
    return SCAN_WORDS(at, scan_word_target);
}

static inline unsigned scan_name_words(const char *at)
{
    return SCAN_WORDS(at, scan_word_name);
}

static inline unsigned scan_byte_words(const char *at, char byte)
{
    return scan_word_mask(scan_word_equal(scan_word_load(at), (unsigned char)byte)) |
           scan_word_mask(scan_word_equal(scan_word_load(at + 8), (unsigned char)byte)) << 8;
}

#ifdef __SSE2__

static inline __m128i scan_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Bytes from low to low + span, unsigned. */
static inline __m128i scan_in_range(__m128i block, char low, char span)
{
    __m128i offset = _mm_sub_epi8(block, _mm_set1_epi8(low));

    return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(span)), offset);
}

static inline __m128i scan_is_byte(__m128i block, char byte)
{
    return _mm_cmpeq_epi8(block, _mm_set1_epi8(byte));
}

/* Control bytes except HTAB: where a field value, or anything else in a head, ends or is wrong. */
static inline unsigned scan_value(const char *at)
{
    __m128i block = scan_load(at);
    __m128i low = _mm_andnot_si128(scan_is_byte(block, '\t'), scan_in_range(block, 0, 0x1f));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, scan_is_byte(block, 0x7f)));
}

/* What a request target may not contain: control bytes, space, '#', DEL and beyond ASCII. */
static inline unsigned scan_target(const char *at)
{
    __m128i block = scan_load(at);
    __m128i fine = _mm_andnot_si128(scan_is_byte(block, '#'), scan_in_range(block, 0x21, 0x5d));

    return (unsigned)_mm_movemask_epi8(fine) ^ 0xffffu;
}

/* Everything but letters, digits and '-': the colon, and the rarer bytes of tokens. */
static inline unsigned scan_name(const char *at)
{
    __m128i block = scan_load(at);
    __m128i letter = scan_in_range(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 25);
    __m128i fine = _mm_or_si128(letter, scan_in_range(block, '0', 9));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(fine, scan_is_byte(block, '-'))) ^ 0xffffu;
}

static inline unsigned scan_byte(const char *at, char byte)
{
    return (unsigned)_mm_movemask_epi8(scan_is_byte(scan_load(at), byte));
}

#else

#define scan_value  scan_value_words
#define scan_target scan_target_words
#define scan_name   scan_name_words
#define scan_byte   scan_byte_words

#endif
#endif
