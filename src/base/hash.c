/* Hashes: 64-bit multiply-and-fold over eight bytes at a time; see base/hash.h. */
#include "base/hash.h"

#include <string.h>

static const uint64_t PRIME_A = 0x9e3779b97f4a7c15u;
static const uint64_t PRIME_B = 0xd6e8feb86659fd93u;

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_mix(uint64_t value)
{
    value ^= value >> 32;
    value *= PRIME_B;
    value ^= value >> 32;
    value *= PRIME_B;
    return value ^ (value >> 32);
}

/* Bytes are taken as little-endian words, so that the result is the same on every machine. */
static uint64_t load_word(const unsigned char *at, size_t count)
{
    uint64_t word = 0;

    memcpy(&word, at, count);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Lower-cases the ASCII capitals of eight bytes at once. */
static uint64_t lower_word(uint64_t word)
{
    uint64_t low = word & 0x7f7f7f7f7f7f7f7fu;
    uint64_t from_a = low + 0x3f3f3f3f3f3f3f3fu; /* high bit: >= 'A' */
    uint64_t past_z = low + 0x2525252525252525u; /* high bit: > 'Z' */
    uint64_t capital = (from_a & ~past_z & ~word) & 0x8080808080808080u;

    return word | (capital >> 2);
}

static uint64_t hash_words(uint64_t seed, const unsigned char *at, size_t count, int nocase)
{
    uint64_t hash = seed ^ fold(count + PRIME_A, PRIME_B);

    while (count > 0) {
        size_t take = count < 8 ? count : 8;
        uint64_t word = load_word(at, take);

        hash = fold(hash ^ (nocase ? lower_word(word) : word) ^ PRIME_A, PRIME_B);
        at += take;
        count -= take;
    }
    return hash_mix(hash);
}

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t count)
{
    return hash_words(seed, bytes, count, 0);
}

uint64_t hash_bytes_nocase(uint64_t seed, const char *text, size_t count)
{
    return hash_words(seed, (const unsigned char *)text, count, 1);
}

uint32_t hash_crc32(uint32_t crc, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;

    crc = ~crc;
    while (count-- > 0) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

uint64_t hash_random(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x * PRIME_A;
}
