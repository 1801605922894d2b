/*
 * Sixteen bytes at a time: every byte value at every place, in both forms, against the plain rule.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "http/block_scan_priv.h"
#include "http/byte_class_priv.h"

typedef bool rule(unsigned char c);
typedef unsigned mask(const char *at);

static bool is_value_stop(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

static bool is_target_stop(unsigned char c)
{
    return c <= 0x20 || c >= 0x7f || c == '#';
}

static bool is_name_stop(unsigned char c)
{
    return c >= 0x80 || (!isalnum(c) && c != '-');
}

static bool is_question(unsigned char c)
{
    return c == '?';
}

static unsigned find_question(const char *at)
{
    return block_byte(at, '?');
}

static unsigned find_question_words(const char *at)
{
    return block_words_byte(at, '?');
}

struct scan_case {
    rule *rule;
    mask *fast;
    mask *words;
};

static unsigned value_fast(const char *at)
{
    return block_value(at);
}

static unsigned target_fast(const char *at)
{
    return block_target(at);
}

static unsigned name_fast(const char *at)
{
    return block_name(at);
}

static const struct scan_case cases[] = {
    { is_value_stop, value_fast, block_words_value },
    { is_target_stop, target_fast, block_words_target },
    { is_name_stop, name_fast, block_words_name },
    { is_question, find_question, find_question_words },
};

/* Each value at each place among bytes that differ from it. */
Test(block_scan, every_byte_everywhere)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned c = 0; c < 256; c++) {
            for (unsigned place = 0; place < 16; place++) {
                char block[16];
                unsigned expected = 0;

                memset(block, (int)(c * 31 + place * 7) & 0xff, sizeof block);
                block[place] = (char)c;
                for (unsigned at = 0; at < 16; at++)
                    expected |= (unsigned)cases[i].rule((unsigned char)block[at]) << at;
                cr_assert_eq(cases[i].fast(block), expected, "rule %zu, byte %02x", i, c);
                cr_assert_eq(cases[i].words(block), expected, "rule %zu, byte %02x", i, c);
            }
        }
    }
}

Test(block_scan, blocks_at_the_end)
{
    static const char text[] = "0123456789abcdef0123456789abcdef";

    for (size_t left = 0; left <= 32; left++) {
        struct block_input in = { text, text + 32 };
        unsigned shift = 99;
        const char *at = text + 32 - left;
        const char *block = block_place(&in, at, &shift);

        cr_assert_eq(block, left >= 16 ? at : text + 16);
        cr_assert_eq(shift, left >= 16 ? 0 : 16 - left);
        cr_assert_eq(block_length(0, shift), left >= 16 ? 16 : left);
    }
}

Test(block_scan, classes)
{
    for (unsigned c = 0; c < 256; c++) {
        bool special = c != 0 && c < 0x80 && strchr("!#$%&'*+-.^_`|~", (int)c) != NULL;
        bool host = c != 0 && c < 0x80 && strchr("-._~!$&'()*+;=", (int)c) != NULL;
        bool alnum = c < 0x80 && isalnum((int)c);

        cr_assert_eq(byte_is((char)c, BYTE_TOKEN), special || alnum, "%02x", c);
        cr_assert_eq(byte_is((char)c, BYTE_HOST), host || alnum, "%02x", c);
        cr_assert_eq(byte_is((char)c, BYTE_HEX), c < 0x80 && isxdigit((int)c), "%02x", c);
        cr_assert_eq(byte_is((char)c, BYTE_DIGIT), c >= '0' && c <= '9', "%02x", c);
    }
}
