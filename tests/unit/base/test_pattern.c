/* What a pattern finds, and what is refused because it would cost too much. src/base/pattern.c */
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "base/pattern.h"

Test(pattern, finds_what_it_says)
{
    static const struct {
        const char *pattern;
        const char *text;
        bool is_found;
    } rows[] = {
        { "ok", "all is ok here", true },
        { "^ok$", "ok", true },
        { "^ok$", "not ok", false },
        { "v3\\.[0-9]+", "release v3.14", true },
        { "v3\\.[0-9]+", "release v3x", false },
        { "(a|b)c", "xbc", true },
        { "OK", "ok", false },
        { "[]{]x", "{x", true },
        { "\\{", "a{b", true },
        { "a?", "", true },
        { ".", "", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *why = NULL;

        cr_assert_eq(pattern_check(rows[i].pattern, &why), 0, "%s: %s", rows[i].pattern, why);
        cr_expect_eq(pattern_finds(rows[i].pattern, slice_from(rows[i].text)), rows[i].is_found,
                     "%s in %s", rows[i].pattern, rows[i].text);
    }
}

Test(pattern, finds_behind_any_byte)
{
    static const char bytes[] = "a\0b\xff\nneedle";

    cr_expect(pattern_finds("needle", slice_of(bytes, sizeof bytes - 1)));
    cr_expect(!pattern_finds("needle", slice_of(bytes, sizeof bytes - 2)));
    cr_expect(!pattern_finds("x", slice_of(NULL, 0)));
}

Test(pattern, refuses_what_costs_too_much)
{
    static const struct {
        const char *pattern;
        const char *why;
    } rows[] = {
        { "", "empty" },        { "(a)\\1", "reference back" },
        { "a{3}", "counted" },  { "(a{9}){9}", "counted" },
        { "(a", "no regular" }, { "[a", "no regular" },
    };
    char longer[PATTERN_BYTES_MAX + 2];
    const char *why = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(pattern_check(rows[i].pattern, &why), ERR_INVALID, "%s", rows[i].pattern);
        cr_expect(strstr(why, rows[i].why) != NULL, "%s: %s", rows[i].pattern, why);
    }
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cr_expect_eq(pattern_check(longer, &why), ERR_RANGE);
    longer[PATTERN_BYTES_MAX] = '\0';
    cr_expect_eq(pattern_check(longer, &why), 0);
}
