/* One text for one sequence of bytes. src/base/base64url.c */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/err.h"
#include "base/hash.h"

Test(base64url, reads_and_writes_the_same)
{
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {
        { "", "" },
        { "f", "Zg" },
        { "fo", "Zm8" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg" },
        { "fooba", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy" },
        { "\xff\xfe\xfb", "__77" },
    };
    char text[32];
    char bytes[32];
    size_t count = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].bytes);

        base64url_encode(rows[i].bytes, len, text);
        cr_expect_str_eq(text, rows[i].text);
        cr_expect_eq(strlen(text), BASE64URL_LEN(len));
        cr_expect_eq(base64url_decode(slice_from(text), bytes, len, &count), 0);
        cr_expect(count == len && memcmp(bytes, rows[i].bytes, len) == 0, "%s", text);
    }
}

Test(base64url, refuses_every_other_spelling)
{
    static const char *const bad[] = {
        "Z",     "Zg=",  "Zg==", "Zh",   "Zm9",   "Zm9vYh", "Zm9v\n",
        " Zm9v", "Zm 9", "Zm+v", "Zm/v", "Zm9v=", "Zm9vY",  "\xc3g"
    };
    char bytes[32];
    size_t count = 77;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(base64url_decode(slice_from(bad[i]), bytes, sizeof bytes, &count), ERR_INVALID,
                     "%s", bad[i]);
    cr_expect_eq(base64url_decode(slice_of("Zm\0v", 4), bytes, sizeof bytes, &count), ERR_INVALID);
    cr_expect_eq(count, 77, "it was written to");
    cr_expect_eq(base64url_decode(SLICE("Zm9v"), bytes, 2, &count), ERR_RANGE);
}

/* What decodes is written in just this way, whatever the letters. */
Test(base64url, is_canonical)
{
    static const char letters[] = "AZaz09-_Qg";
    uint64_t state = 7;
    unsigned good = 0;

    for (unsigned i = 0; i < 20000; i++) {
        char text[9] = "";
        char again[16];
        char bytes[8];
        size_t count = 0;
        size_t len = hash_random(&state) % 9;

        for (size_t k = 0; k < len; k++)
            text[k] = letters[hash_random(&state) % (sizeof letters - 1)];
        if (base64url_decode(slice_of(text, len), bytes, sizeof bytes, &count) != 0)
            continue;
        good++;
        base64url_encode(bytes, count, again);
        cr_assert(strlen(again) == len && memcmp(again, text, len) == 0, "%.*s", (int)len, text);
    }
    cr_expect_gt(good, 1000);
}
