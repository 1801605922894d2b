/* Golden values: stored decisions depend on them, so a change of one breaks installed systems. */
#include "base/hash.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const uint64_t SEED = 0x0123456789abcdefu;

struct golden {
    struct slice bytes;
    uint64_t plain; /* seed 0 */
    uint64_t plain_nocase;
    uint64_t seeded; /* seed SEED */
    uint64_t seeded_nocase;
};

static const struct golden goldens[] = {
    { { "", 0 },
      0xe19e9097dc355344u,
      0xe19e9097dc355344u,
      0x5994fae22e375bcau,
      0x5994fae22e375bcau },
    { { "a", 1 },
      0x46f26a04586bcbecu,
      0x46f26a04586bcbecu,
      0x560e2f1b06351a07u,
      0x560e2f1b06351a07u },
    { { "A", 1 },
      0x6be9709e19b6aba7u,
      0x46f26a04586bcbecu,
      0x7fd896e4ba25093du,
      0x560e2f1b06351a07u },
    { { "shop.example.com", 16 },
      0x0c5d6bb9bb1edaf2u,
      0x0c5d6bb9bb1edaf2u,
      0x3fa2660c8f61caf5u,
      0x3fa2660c8f61caf5u },
    { { "12345678", 8 },
      0x66481bf2c3a5f0d9u,
      0x66481bf2c3a5f0d9u,
      0xcd72212da7e2cbf4u,
      0xcd72212da7e2cbf4u },
    { { "123456789", 9 },
      0xdc863ed8dae2b415u,
      0xdc863ed8dae2b415u,
      0xe0a7b72ca02ab116u,
      0xe0a7b72ca02ab116u },
    { { "Shop.Example.COM", 16 },
      0x4a5334578e3a1b08u,
      0x0c5d6bb9bb1edaf2u,
      0xb16843710d630604u,
      0x3fa2660c8f61caf5u },
    { { "\xff\x00\x80", 3 },
      0x52324513b8139a77u,
      0x52324513b8139a77u,
      0x605cb65a313046e3u,
      0x605cb65a313046e3u },
};

Test(hash, is_what_it_always_was)
{
    for (size_t i = 0; i < COUNT(goldens); i++) {
        const char *ptr = goldens[i].bytes.ptr;
        size_t len = goldens[i].bytes.len;

        cr_expect_eq(hash_bytes(0, ptr, len), goldens[i].plain, "case %zu", i);
        cr_expect_eq(hash_bytes_nocase(0, ptr, len), goldens[i].plain_nocase, "case %zu", i);
        cr_expect_eq(hash_bytes(SEED, ptr, len), goldens[i].seeded, "case %zu", i);
        cr_expect_eq(hash_bytes_nocase(SEED, ptr, len), goldens[i].seeded_nocase, "case %zu", i);
    }
}

Test(hash, of_long_bytes_is_what_it_always_was)
{
    static const uint64_t wanted[] = { 0x42d0494dadada126u, 0x1314ee4d10847fd5u,
                                       0x4432ae683578a6b8u, 0x55db0f06115ffbf6u,
                                       0x2333b0e2fb97278fu };
    unsigned char bytes[256];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < COUNT(wanted); i++)
        cr_expect_eq(hash_bytes(7, bytes, i * 64), wanted[i], "%zu bytes", i * 64);
}

/* Every byte value at every place of a word: only A to Z may be folded. */
Test(hash, nocase_folds_ascii_letters_only)
{
    for (size_t len = 1; len <= 17; len++) {
        for (int c = 0; c < 256; c++) {
            char bytes[17];
            char lower[17];

            memset(bytes, 'q', sizeof bytes);
            memset(lower, 'q', sizeof lower);
            bytes[len - 1] = (char)c;
            lower[len - 1] = (char)(c >= 'A' && c <= 'Z' ? tolower(c) : c);
            cr_assert_eq(hash_bytes_nocase(3, bytes, len), hash_bytes(3, lower, len),
                         "byte %d at %zu", c, len - 1);
        }
    }
}

Test(hash, depends_on_every_byte_on_the_length_and_on_the_seed)
{
    unsigned char bytes[33] = { 0 };
    uint64_t before = hash_bytes(1, bytes, sizeof bytes);

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        cr_expect_neq(hash_bytes(1, bytes, sizeof bytes), before, "byte %zu", i);
        bytes[i] ^= 1;
        cr_expect_neq(hash_bytes(1, bytes, i), before, "%zu bytes", i);
    }
    cr_expect_neq(hash_bytes(2, bytes, sizeof bytes), before);
}

Test(hash, reads_from_any_address)
{
    char bytes[64];
    const char word[] = "an odd place for a key";

    for (size_t at = 0; at < 16; at++) {
        memcpy(bytes + at, word, sizeof word);
        cr_expect_eq(hash_bytes(9, bytes + at, sizeof word), hash_bytes(9, word, sizeof word));
    }
}

/* 64 buckets of 64000 neighbouring keys: each within 15 % of 1000. A fair share of users needs it. */
Test(hash, spreads_neighbouring_keys)
{
    unsigned buckets[64] = { 0 };

    for (int i = 0; i < 64000; i++) {
        char key[24];
        int len = snprintf(key, sizeof key, "user-%d", i);

        buckets[hash_bytes(0, key, (size_t)len) >> 58]++;
    }
    for (size_t i = 0; i < COUNT(buckets); i++)
        cr_expect(buckets[i] > 850 && buckets[i] < 1150, "bucket %zu has %u", i, buckets[i]);
}

Test(hash, mix_is_a_bijection_on_what_we_try)
{
    static const uint64_t wanted[] = { 0, 0x4179b061e0c0e0d0u, 0x1c9963305febc252u,
                                       0x70d9f876237016c6u };

    for (uint64_t i = 0; i < COUNT(wanted); i++)
        cr_expect_eq(hash_mix(i), wanted[i]);
    for (uint64_t i = 1; i < 1000; i++)
        cr_expect_neq(hash_mix(i), hash_mix(i - 1));
}

Test(hash, crc32_is_the_ieee_one_and_continues)
{
    cr_expect_eq(hash_crc32(0, "", 0), 0);
    cr_expect_eq(hash_crc32(0, "123456789", 9), 0xcbf43926u);
    cr_expect_eq(hash_crc32(hash_crc32(0, "1234", 4), "56789", 5), 0xcbf43926u);
    cr_expect_eq(hash_crc32(0, "a", 1), 0xe8b7be43u);
    cr_expect_neq(hash_crc32(0, "123456788", 9), 0xcbf43926u);
}

Test(hash, random_is_a_fixed_sequence)
{
    static const uint64_t wanted[] = { 0x4b525adae4162155u, 0xe289a0a49bb02555u,
                                       0x06dc45c36a56fd5du, 0x010bddf5b06f6f09u };
    uint64_t state = 1;

    for (size_t i = 0; i < COUNT(wanted); i++)
        cr_expect_eq(hash_random(&state), wanted[i]);
    for (int i = 0; i < 100000; i++) {
        hash_random(&state);
        cr_assert_neq(state, 0);
    }
}
