/* Growing text: growth, the limit, and JSON strings out of any bytes. */
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

Test(text, starts_empty_and_is_always_terminated)
{
    struct text text;

    text_init(&text, 100);
    cr_expect_eq(text_slice(&text).len, 0);
    cr_expect_not(text_is_cut(&text));
    text_add(&text, "");
    cr_expect_str_eq(text.bytes, "");
    text_add(&text, "abc");
    text_add_slice(&text, SLICE("d\0e"));
    text_add_slice(&text, slice_from(NULL));
    cr_expect_eq(text_slice(&text).len, 6);
    cr_expect_eq(memcmp(text.bytes, "abcd\0e", 7), 0);
    text_clear(&text);
    cr_expect_eq(text.len, 0);
    cr_expect_str_eq(text.bytes, "");
    text_fini(&text);
    cr_expect_null(text.bytes);
    text_fini(&text);
}

Test(text, formats)
{
    struct text text;

    text_init(&text, 1000);
    text_add_format(&text, "%s=%d", "left", -7);
    text_add_format(&text, "%s", "");
    text_add_format(&text, " %300s|", "x");
    cr_expect_eq(text.len, 7 + 302);
    cr_expect_eq(memcmp(text.bytes, "left=-7  ", 9), 0);
    cr_expect_str_eq(text.bytes + 7 + 300, "x|");
    text_fini(&text);
}

Test(text, grows_without_losing_a_byte)
{
    struct text text;
    char piece[16];

    text_init(&text, 1u << 20);
    for (int i = 0; i < 20000; i++) {
        snprintf(piece, sizeof piece, "%06d,", i);
        text_add(&text, piece);
    }
    cr_assert_eq(text.len, 20000 * 7);
    for (int i = 0; i < 20000; i++) {
        snprintf(piece, sizeof piece, "%06d,", i);
        cr_assert_eq(memcmp(text.bytes + 7 * i, piece, 7), 0, "piece %d", i);
    }
    text_fini(&text);
}

Test(text, is_cut_at_its_limit_and_stays_so)
{
    struct text text;

    text_init(&text, 5);
    text_add(&text, "12345");
    cr_expect_not(text_is_cut(&text));
    text_add(&text, "6");
    cr_expect(text_is_cut(&text));
    text_add(&text, "");
    cr_expect_str_eq(text.bytes, "12345");
    text_clear(&text);
    cr_expect_not(text_is_cut(&text));
    text_add(&text, "123");
    text_add(&text, "456"); /* not even a part of it */
    text_add(&text, "7");   /* nor what would fit, behind a gap */
    cr_expect_str_eq(text.bytes, "123");
    cr_expect(text_is_cut(&text));
    text_fini(&text);
}

Test(text, a_format_is_cut_too)
{
    struct text text;

    text_init(&text, 3);
    text_add_format(&text, "%d", 1234);
    cr_expect(text_is_cut(&text));
    cr_expect_eq(text.len, 0);
    text_fini(&text);
    text_init(&text, 0);
    text_add(&text, "");
    cr_expect_not(text_is_cut(&text));
    text_add(&text, "x");
    cr_expect(text_is_cut(&text));
    text_fini(&text);
}

Test(text, hands_its_bytes_over)
{
    struct text text;
    char *bytes = NULL;

    text_init(&text, 10);
    bytes = text_take(&text);
    cr_expect_str_eq(bytes, "");
    free(bytes);
    text_add(&text, "abc");
    text_add(&text, "much too long for it");
    bytes = text_take(&text);
    cr_expect_str_eq(bytes, "abc");
    cr_expect_eq(text.len, 0);
    cr_expect_not(text_is_cut(&text));
    text_add(&text, "new");
    cr_expect_str_eq(text.bytes, "new");
    free(bytes);
    text_fini(&text);
}

struct json_row {
    struct slice in;
    const char *out;
};

#define ROW(in, out)                                                                               \
    {                                                                                              \
        { (in), sizeof(in) - 1 }, out                                                              \
    }
#define BAD "\\ufffd"

static const struct json_row json_rows[] = {
    ROW("", ""),
    ROW("plain text / 123", "plain text / 123"),
    ROW("\"\\", "\\\"\\\\"),
    ROW("\0\x01\x1f\x7f", "\\u0000\\u0001\\u001f\\u007f"),
    ROW("\t\r\n", "\\u0009\\u000d\\u000a"),
    ROW("\xc3\xa4", "\xc3\xa4"),                 /* two bytes */
    ROW("\xe2\x82\xac", "\xe2\x82\xac"),         /* three */
    ROW("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"), /* four */
    ROW("\xc2\x80", "\xc2\x80"),                 /* the first of two bytes */
    ROW("\xdf\xbf", "\xdf\xbf"),                 /* the last */
    ROW("\xe0\xa0\x80", "\xe0\xa0\x80"),         /* the first of three */
    ROW("\xef\xbf\xbf", "\xef\xbf\xbf"),         /* the last */
    ROW("\xf0\x90\x80\x80", "\xf0\x90\x80\x80"), /* the first of four */
    ROW("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"), /* U+10FFFF */
    ROW("\xed\x9f\xbf", "\xed\x9f\xbf"),         /* before the surrogates */
    ROW("\xee\x80\x80", "\xee\x80\x80"),         /* behind them */
    ROW("\x80", BAD),                            /* a lone continuation */
    ROW("a\xc3", "a" BAD),                       /* an end in the middle */
    ROW("\xc3(", BAD "("),                       /* no continuation: the next byte stays */
    ROW("\xe2\x82", BAD BAD),                    /* each byte on its own */
    ROW("\xc0\xaf", BAD BAD),                    /* overlong '/' */
    ROW("\xc1\xbf", BAD BAD),
    ROW("\xe0\x9f\xbf", BAD BAD BAD),         /* overlong */
    ROW("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD), /* overlong */
    ROW("\xed\xa0\x80", BAD BAD BAD),         /* U+D800 */
    ROW("\xf4\x90\x80\x80", BAD BAD BAD BAD), /* U+110000 */
    ROW("\xf5\x80\x80\x80", BAD BAD BAD BAD),
    ROW("\xff\xfe", BAD BAD),
    ROW("\xe2\x82\"", BAD BAD "\\\""), /* no quote may hide in a sequence */
};

Test(text, makes_json_strings_of_any_bytes)
{
    for (size_t i = 0; i < COUNT(json_rows); i++) {
        struct text text;

        text_init(&text, 1000);
        text_add(&text, "");
        text_add_json(&text, json_rows[i].in);
        cr_expect_str_eq(text.bytes, json_rows[i].out, "case %zu: %s", i, text.bytes);
        text_fini(&text);
    }
}

/* Whatever goes in: no control byte, no bare quote, and every backslash begins a known escape. */
Test(text, json_of_random_bytes_is_a_valid_string)
{
    uint64_t random = 99;

    for (int round = 0; round < 5000; round++) {
        char in[24];
        struct text text;

        for (size_t i = 0; i < sizeof in; i++)
            in[i] = (char)(hash_random(&random) >> 33);
        text_init(&text, 1000);
        text_add_json(&text, slice_of(in, hash_random(&random) % sizeof in + 1));
        for (size_t i = 0; i < text.len; i++) {
            unsigned char c = (unsigned char)text.bytes[i];

            cr_assert(c >= 0x20 && c != '"' && c != 0x7f);
            if (c != '\\')
                continue;
            cr_assert_not_null(strchr("\"\\u", text.bytes[++i]));
            if (text.bytes[i] == 'u')
                i += 4;
        }
        text_fini(&text);
    }
}

Test(text, knows_utf8)
{
    static const char *const good[] = { "", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    static const char *const bad[] = { "\x80",         "\xc3",         "\xc0\xaf",
                                       "\xed\xa0\x80", "\xe0\x80\xaf", "\xf5\x80\x80\x80",
                                       "a\xe2\x82" };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_expect(text_is_utf8(slice_from(good[i])), "case %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(text_is_utf8(slice_from(bad[i])), "case %zu", i);
    cr_expect(text_is_utf8(slice_of(NULL, 0)));
}
