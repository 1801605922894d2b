/*
 * Masks of sixteen bytes without vector instructions: two 64-bit words, exact per byte. Within a word
 * the result is the high bit of each byte. See block_scan_priv.h for what the masks mean.
 */
#ifndef HTTP_BLOCK_WORDS_PRIV_H
#define HTTP_BLOCK_WORDS_PRIV_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define WORD_ONES  0x0101010101010101u
#define WORD_HIGHS 0x8080808080808080u

static inline uint64_t word_at_least(uint64_t word, unsigned bound) /* bound 1 to 128 */
{
    return (((word & ~WORD_HIGHS) + (128 - bound) * WORD_ONES) | word) & WORD_HIGHS;
}

static inline uint64_t word_equal(uint64_t word, unsigned byte)
{
    return ~word_at_least(word ^ byte * WORD_ONES, 1) & WORD_HIGHS;
}

static inline uint64_t word_value(uint64_t word)
{
    return (~word_at_least(word, 0x20) & WORD_HIGHS & ~word_equal(word, '\t')) |
           word_equal(word, 0x7f);
}

static inline uint64_t word_target(uint64_t word)
{
    return (~word_at_least(word, 0x21) & WORD_HIGHS) | word_at_least(word, 0x7f) |
           word_equal(word, '#');
}

static inline uint64_t word_name(uint64_t word)
{
    uint64_t folded = word | 0x20 * WORD_ONES;
    uint64_t letter = word_at_least(folded, 'a') & ~word_at_least(folded, 'z' + 1);
    uint64_t digit = word_at_least(word, '0') & ~word_at_least(word, '9' + 1);

    return ~(letter | digit | word_equal(word, '-')) & WORD_HIGHS;
}

static inline uint64_t word_load(const char *at)
{
    uint64_t word = 0;

    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

static inline unsigned word_mask(uint64_t high_bits)
{
    return (unsigned)(((high_bits >> 7) * 0x0102040810204080u) >> 56);
}

#define BLOCK_WORDS(at, test)                                                                      \
    (word_mask(test(word_load(at))) | word_mask(test(word_load((at) + 8))) << 8)

static inline unsigned block_words_value(const char *at)
{
    return BLOCK_WORDS(at, word_value);
}

static inline unsigned block_words_target(const char *at)
{
    return BLOCK_WORDS(at, word_target);
}

static inline unsigned block_words_name(const char *at)
{
    return BLOCK_WORDS(at, word_name);
}

static inline unsigned block_words_byte(const char *at, char byte)
{
    return word_mask(word_equal(word_load(at), (unsigned char)byte)) |
           word_mask(word_equal(word_load(at + 8), (unsigned char)byte)) << 8;
}

#endif
