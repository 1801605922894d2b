/* Pieces of text: tables of cases, with embedded NULs and empty ends. */
#include "base/slice.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static void expect(struct slice s, struct slice wanted, const char *what)
{
    cr_expect(slice_is_equal(s, wanted), "%s: \"%.*s\" is not \"%.*s\"", what, SLICE_ARG(s),
              SLICE_ARG(wanted));
}

Test(slice, is_made_from_text_of_any_kind)
{
    cr_expect_eq(slice_from(NULL).len, 0);
    cr_expect_eq(slice_from("").len, 0);
    cr_expect_eq(slice_from("abc").len, 3);
    cr_expect_eq(SLICE("a\0b").len, 3);
    cr_expect_eq(slice_of("abc", 2).len, 2);
}

struct pair {
    struct slice a;
    struct slice b;
    bool equal;
    bool equal_nocase;
};

static const struct pair pairs[] = {
    { { "", 0 }, { NULL, 0 }, true, true },
    { { "abc", 3 }, { "abc", 3 }, true, true },
    { { "abc", 3 }, { "abd", 3 }, false, false },
    { { "abc", 3 }, { "abc", 2 }, false, false },
    { { "aBc", 3 }, { "AbC", 3 }, false, true },
    { { "a\0b", 3 }, { "a\0b", 3 }, true, true },
    { { "a\0b", 3 }, { "a\0c", 3 }, false, false }, /* no end at a NUL */
    { { "a\0b", 3 }, { "A\0B", 3 }, false, true },
    { { "@[`{", 4 }, { "`{@[", 4 }, false, false }, /* neighbours of the letters */
    { { "AZ", 2 }, { "az", 2 }, false, true },
    { { "\xc4", 1 }, { "\xe4", 1 }, false, false }, /* ASCII only */
    { { "0", 1 }, { "\x10", 1 }, false, false },
};

Test(slice, compares)
{
    for (size_t i = 0; i < COUNT(pairs); i++) {
        cr_expect_eq(slice_is_equal(pairs[i].a, pairs[i].b), pairs[i].equal, "case %zu", i);
        cr_expect_eq(slice_is_equal(pairs[i].b, pairs[i].a), pairs[i].equal, "case %zu", i);
        cr_expect_eq(slice_is_equal_nocase(pairs[i].a, pairs[i].b), pairs[i].equal_nocase,
                     "case %zu", i);
        cr_expect_eq(slice_is_equal_nocase(pairs[i].b, pairs[i].a), pairs[i].equal_nocase,
                     "case %zu", i);
    }
}

Test(slice, knows_its_ends)
{
    cr_expect(slice_starts_with(SLICE("/shop/cart"), SLICE("/shop")));
    cr_expect(slice_starts_with(SLICE("/shop"), SLICE("/shop")));
    cr_expect(slice_starts_with(SLICE("/shop"), SLICE("")));
    cr_expect(slice_starts_with(slice_from(NULL), slice_from(NULL)));
    cr_expect_not(slice_starts_with(SLICE("/sho"), SLICE("/shop")));
    cr_expect_not(slice_starts_with(SLICE("/SHOP"), SLICE("/shop")));
    cr_expect(slice_ends_with_nocase(SLICE("www.Example.COM"), SLICE(".example.com")));
    cr_expect(slice_ends_with_nocase(SLICE("x"), SLICE("")));
    cr_expect_not(slice_ends_with_nocase(SLICE("example.com"), SLICE(".example.com")));
    cr_expect_not(slice_ends_with_nocase(SLICE("www.example.org"), SLICE(".example.com")));
}

Test(slice, trims_spaces_and_tabs_only)
{
    expect(slice_trim(SLICE("")), SLICE(""), "empty");
    expect(slice_trim(slice_from(NULL)), SLICE(""), "none");
    expect(slice_trim(SLICE("  \t ")), SLICE(""), "only blanks");
    expect(slice_trim(SLICE("\t a b \t")), SLICE("a b"), "both ends");
    expect(slice_trim(SLICE("\r\na\v")), SLICE("\r\na\v"), "other blanks stay");
    expect(slice_trim(SLICE("a")), SLICE("a"), "nothing to do");
}

struct split {
    const char *text;
    const char *parts[5];
};

static const struct split splits[] = {
    { "", { "" } },
    { "a", { "a" } },
    { "a,b", { "a", "b" } },
    { "a,,b", { "a", "", "b" } },
    { ",", { "", "" } },
    { "a,", { "a", "" } },
    { ",,,", { "", "", "", "" } },
};

Test(slice, cuts_parts_off)
{
    for (size_t i = 0; i < COUNT(splits); i++) {
        struct slice rest = slice_from(splits[i].text);
        struct slice part = SLICE("untouched");

        for (size_t k = 0; splits[i].parts[k] != NULL; k++) {
            cr_assert(slice_next(&rest, ',', &part), "case %zu part %zu", i, k);
            expect(part, slice_from(splits[i].parts[k]), splits[i].text);
        }
        cr_expect_not(slice_next(&rest, ',', &part), "case %zu", i);
        cr_expect_not(slice_next(&rest, ',', &part), "case %zu", i);
    }
}

Test(slice, cuts_nothing_off_none)
{
    struct slice rest = slice_from(NULL);
    struct slice part = SLICE("untouched");

    cr_expect_not(slice_next(&rest, ',', &part));
    expect(part, SLICE("untouched"), "part");
}

Test(slice, copies_only_what_fits)
{
    char out[4] = "zzz";

    cr_expect(slice_copy(SLICE("abc"), out, sizeof out));
    cr_expect_str_eq(out, "abc");
    cr_expect_not(slice_copy(SLICE("abcd"), out, sizeof out));
    cr_expect_str_eq(out, "");
    out[0] = 'z';
    cr_expect(slice_copy(slice_from(NULL), out, sizeof out));
    cr_expect_str_eq(out, "");
    out[0] = 'z';
    cr_expect_not(slice_copy(SLICE(""), out, 0));
    cr_expect_eq(out[0], 'z');
    cr_expect(slice_copy(SLICE(""), out, 1));
    cr_expect_eq(out[0], '\0');
}
