/* The grammar of assertions: what is taken, what is refused with which words, steps of paths, variables. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/assertion.h"
#include "base/err.h"
#include "base/text.h"

struct taken {
    const char *text;
    const char *path;
    enum assertion_op op;
    const char *value;
};

static const struct taken taken[] = {
    { "status=healthy", "status", ASSERTION_EQUAL, "healthy" },
    { "environment=$slot", "environment", ASSERTION_EQUAL, "$slot" },
    { "version = v$version-x", "version", ASSERTION_EQUAL, "v$version-x" },
    { "checks.database.status!=down", "checks.database.status", ASSERTION_UNEQUAL, "down" },
    { "uptime>=10", "uptime", ASSERTION_AT_LEAST, "10" },
    { "load<=-1.5e3", "load", ASSERTION_AT_MOST, "-1.5e3" },
    { "a>0", "a", ASSERTION_ABOVE, "0" },
    { "a<0.5", "a", ASSERTION_BELOW, "0.5" },
    { "database?", "database", ASSERTION_EXISTS, "" },
    { "pools[2].active<5", "pools[2].active", ASSERTION_BELOW, "5" },
    { "[0][9999]?", "[0][9999]", ASSERTION_EXISTS, "" },
    { "url=http://x?y=1", "url", ASSERTION_EQUAL, "http://x?y=1" },
    { "a-b_c:d/e@f=1", "a-b_c:d/e@f", ASSERTION_EQUAL, "1" },
    { "name=two words", "name", ASSERTION_EQUAL, "two words" },
};

Test(assertion, takes_what_people_write)
{
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        struct assertion got;
        const char *why = NULL;
        int err = assertion_parse(slice_from(taken[i].text), &got, &why);

        cr_assert_eq(err, 0, "%s: %s", taken[i].text, why);
        cr_assert(slice_is_equal(got.path, slice_from(taken[i].path)), "%s", taken[i].text);
        cr_assert_eq(got.op, taken[i].op, "%s", taken[i].text);
        cr_assert(slice_is_equal(got.value, slice_from(taken[i].value)), "%s", taken[i].text);
        cr_assert_eq(got.has_slot, strstr(taken[i].value, "$slot") != NULL);
        cr_assert_eq(got.has_version, strstr(taken[i].value, "$version") != NULL);
    }
}

static const struct {
    const char *text;
    const char *why;
} refused[] = {
    { "", "an operator is missing" },
    { "status", "an operator is missing" },
    { "status healthy", "an operator is missing" },
    { "=healthy", "the path is missing" },
    { "?", "the path is missing" },
    { "status==healthy", "equal is written with one '='" },
    { "status!==down", "equal is written with one '='" },
    { "status=", "the value is missing" },
    { "status= ", "the value is missing" },
    { "a..b=1", "a name is missing behind a dot" },
    { "a.=1", "a name is missing behind a dot" },
    { ".a=1", "this is no path" },
    { "a b=1", "this is no path" },
    { "\"a\"=1", "this is no path" },
    { "a]=1", "this is no path" },
    { "a[0]b=1", "this is no path" },
    { "a[=1", "an index is [0] to [9999]" },
    { "a[]=1", "an index is [0] to [9999]" },
    { "a[x]=1", "an index is [0] to [9999]" },
    { "a[-1]=1", "an index is [0] to [9999]" },
    { "a[10000]=1", "an index is [0] to [9999]" },
    { "a.[0]=1", "a name is missing behind a dot" },
    { "a=$", "behind '$' stand slot or version" },
    { "a=$slots", "behind '$' stand slot or version" },
    { "a=$environment", "behind '$' stand slot or version" },
    { "a=x\ty", "the value has a control byte" },
    { "a>=ten", "only numbers are compared with <, <=, > and >=" },
    { "a<01", "only numbers are compared with <, <=, > and >=" },
    { "a>1.", "only numbers are compared with <, <=, > and >=" },
    { "a>1e", "only numbers are compared with <, <=, > and >=" },
    { "a>$version", "only numbers are compared with <, <=, > and >=" },
    { "a>1e999", "only numbers are compared with <, <=, > and >=" },
    { "a?b", "nothing stands behind '?'" },
    { "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q?", "the path has more than 16 steps" },
};

Test(assertion, refuses_the_rest_in_words)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct assertion got;
        const char *why = NULL;

        cr_assert_neq(assertion_parse(slice_from(refused[i].text), &got, &why), 0, "%s",
                      refused[i].text);
        cr_assert_str_eq(why, refused[i].why, "%s", refused[i].text);
    }
}

Test(assertion, is_bounded)
{
    char text[ASSERTION_BYTES_MAX + 2];
    struct assertion got;
    const char *why = NULL;

    memset(text, 'a', sizeof text);
    text[ASSERTION_BYTES_MAX - 1] = '?';
    cr_assert_eq(assertion_parse(slice_of(text, ASSERTION_BYTES_MAX), &got, &why), 0);
    text[ASSERTION_BYTES_MAX - 1] = 'a';
    text[ASSERTION_BYTES_MAX] = '?';
    cr_assert_eq(assertion_parse(slice_of(text, ASSERTION_BYTES_MAX + 1), &got, &why), ERR_RANGE);
    cr_assert_eq(assertion_check_path(slice_of(text, ASSERTION_BYTES_MAX + 1), &why), ERR_RANGE);
}

Test(assertion, goes_along_a_path)
{
    struct slice path = SLICE("checks.pools[12][3].active");
    struct assertion_step step;

    cr_assert(assertion_next_step(&path, &step));
    cr_assert(slice_is_equal(step.name, SLICE("checks")));
    cr_assert(assertion_next_step(&path, &step));
    cr_assert(slice_is_equal(step.name, SLICE("pools")));
    cr_assert(assertion_next_step(&path, &step));
    cr_assert_null(step.name.ptr);
    cr_assert_eq(step.index, 12);
    cr_assert(assertion_next_step(&path, &step));
    cr_assert_eq(step.index, 3);
    cr_assert(assertion_next_step(&path, &step));
    cr_assert(slice_is_equal(step.name, SLICE("active")));
    cr_assert_not(assertion_next_step(&path, &step));
}

Test(assertion, puts_slot_and_version_in)
{
    struct text out;

    text_init(&out, 100);
    assertion_expand(SLICE("x-$slot/$version$slot"), "blue", "v3", &out);
    cr_assert_str_eq(out.bytes, "x-blue/v3blue");
    text_fini(&out);
}

Test(assertion, says_how_it_compares)
{
    cr_assert_str_eq(assertion_op_words(ASSERTION_EXISTS), "");
    cr_assert_str_eq(assertion_op_words(ASSERTION_EQUAL), "");
    cr_assert_str_eq(assertion_op_words(ASSERTION_UNEQUAL), "other than ");
    cr_assert_str_eq(assertion_op_words(ASSERTION_AT_LEAST), "at least ");
    cr_assert_str_eq(assertion_op_words(ASSERTION_AT_MOST), "at most ");
    cr_assert_str_eq(assertion_op_words(ASSERTION_ABOVE), "more than ");
    cr_assert_str_eq(assertion_op_words(ASSERTION_BELOW), "less than ");
}
