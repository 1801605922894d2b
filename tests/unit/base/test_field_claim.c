/* What is claimed of header fields, and whether it holds. src/base/field_claim.c */
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "base/field_claim.h"

Test(field_claim, holds_as_it_reads)
{
    static const struct {
        const char *claim;
        const char *value; /* NULL: the field is not there */
        bool holds;
    } rows[] = {
        { "X-Frame-Options", "DENY", true },
        { "X-Frame-Options", "", true },
        { "X-Frame-Options", NULL, false },
        { "Server=app", "app", true },
        { "Server=app", "App", false },
        { "Server=app", NULL, false },
        { "Server=", "", true },
        { "Server!=old", "old", false },
        { "Server!=old", "new", true },
        { "Server!=old", NULL, true },
        { "Cache-Control~no-(store|cache)", "private, no-store", true },
        { "Cache-Control~no-(store|cache)", "private", false },
        { "Cache-Control~.*", NULL, false },
        { "Link=<a>; rel=b", "<a>; rel=b", true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field_claim claim;
        const char *why = NULL;
        struct slice value = { NULL, 0 };

        if (rows[i].value != NULL)
            value = slice_from(rows[i].value);
        cr_assert_eq(field_claim_parse(rows[i].claim, &claim, &why), 0, "%s: %s", rows[i].claim,
                     why);
        cr_expect_eq(field_claim_holds(&claim, value), rows[i].holds, "row %zu", i);
    }
}

Test(field_claim, refuses_what_is_none)
{
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        { "", "does not begin" },
        { "=a", "does not begin" },
        { ": a", "does not begin" },
        { "A b", "behind the name" },
        { "A: b", "behind the name" },
        { "A!b", "behind the name" },
        { "A~", "empty" },
        { "A~(b", "regular expression" },
        { "A~b{2}", "counted" },
    };
    char longer[FIELD_CLAIM_BYTES_MAX + 2];
    struct field_claim claim;
    const char *why = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(field_claim_parse(rows[i].text, &claim, &why), ERR_INVALID, "%s",
                     rows[i].text);
        cr_expect(strstr(why, rows[i].why) != NULL, "%s: %s", rows[i].text, why);
    }
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cr_expect_eq(field_claim_parse(longer, &claim, &why), ERR_RANGE);
}
