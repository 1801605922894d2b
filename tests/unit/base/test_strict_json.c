/* What the strict wrapper takes and refuses: everything that cJSON alone lets pass, and the grammar itself. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/strict_json.h"
#include "base/text.h"

#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct strict_json_limits tight = { .bytes = 64, .depth = 3, .items = 5 };

static int parse(struct slice bytes, const struct strict_json_limits *limits, const char **why)
{
    cJSON *tree = NULL;
    int err = strict_json_parse(bytes, limits, &tree, why);

    cr_assert_eq(err == 0, tree != NULL);
    cJSON_Delete(tree);
    return err;
}

Test(strict_json, takes_what_is_strict)
{
    static const struct slice cases[] = {
        BYTES("{}"),
        BYTES(" [ ] "),
        BYTES("\t\r\n{\"a\" : 1 , \"b\":[true,false,null]}\n"),
        BYTES("\"\""),
        BYTES("0"),
        BYTES("-0"),
        BYTES("-1.5e+10"),
        BYTES("1E-3"),
        BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""),
        BYTES("\"\\ud83d\\ude00\""),
        BYTES("\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\""),
        BYTES("{\"a\":1,\"A\":2}"),
        BYTES("{\"\":1}"),
        BYTES("9007199254740991"),
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = NULL;
        int err = parse(cases[i], &strict_json_small, &why);

        cr_expect_eq(err, 0, "%.*s: %s", SLICE_ARG(cases[i]), why);
    }
}

Test(strict_json, refuses_the_rest)
{
    static const struct {
        struct slice bytes;
        const char *why;
    } cases[] = {
        { BYTES(""), "empty" },
        { BYTES("   "), "a value was expected" },
        { BYTES("{\"a\":1,\"a\":2}"), "repeated name" },
        { BYTES("{\"a\":1,\"\\u0061\":2}"), "repeated name" },
        { BYTES("[{\"x\":{\"k\":1,\"j\":2,\"k\":3}}]"), "repeated name" },
        { BYTES("\"admin\\u0000x\""), "NUL in a text" },
        { BYTES("{\"admin\\u0000x\":1}"), "NUL in a text" },
        { BYTES("\"a\0b\""), "control byte in a text" },
        { BYTES("{}\0"), "bytes behind the end" },
        { BYTES("{}x"), "bytes behind the end" },
        { BYTES("{} {}"), "bytes behind the end" },
        { BYTES("1 2"), "bytes behind the end" },
        { BYTES("\"a\nb\""), "control byte in a text" },
        { BYTES("\"\x1f\""), "control byte in a text" },
        { BYTES("\"\xff\""), "bytes that are not UTF-8" },
        { BYTES("\"\xc0\xaf\""), "bytes that are not UTF-8" },
        { BYTES("\"\xe0\x80\xaf\""), "bytes that are not UTF-8" },
        { BYTES("\"\xed\xa0\x80\""), "bytes that are not UTF-8" },
        { BYTES("\"\xf4\x90\x80\x80\""), "bytes that are not UTF-8" },
        { BYTES("\"\xe2\x82\""), "bytes that are not UTF-8" },
        { BYTES("\"\xe2\x82"), "bytes that are not UTF-8" },
        { BYTES("0123"), "number with a leading zero" },
        { BYTES("-01"), "number with a leading zero" },
        { BYTES("+1"), "malformed number" },
        { BYTES(".5"), "malformed number" },
        { BYTES("5."), "malformed number" },
        { BYTES("1e"), "malformed number" },
        { BYTES("-"), "malformed number" },
        { BYTES("0x10"), "bytes behind the end" },
        { BYTES("NaN"), "malformed number" },
        { BYTES("Infinity"), "malformed number" },
        { BYTES("1e400"), "number out of range" },
        { BYTES("[-1e999]"), "number out of range" },
        { BYTES("111111111111111111111111111111111"), "number with too many digits" },
        { BYTES("\xef\xbb\xbf{}"), "malformed number" },
        { BYTES("{'a':1}"), "a text was expected" },
        { BYTES("{a:1}"), "a text was expected" },
        { BYTES("{\"a\" 1}"), "':' is missing" },
        { BYTES("{\"a\":1,}"), "',' before the end" },
        { BYTES("[1,]"), "',' before the end" },
        { BYTES("[1 2]"), "',' or an end is missing" },
        { BYTES("[1"), "',' or an end is missing" },
        { BYTES("["), "a value was expected" },
        { BYTES("{"), "a text was expected" },
        { BYTES("{\"a\":"), "a value was expected" },
        { BYTES("]"), "malformed number" },
        { BYTES("\"abc"), "text without an end" },
        { BYTES("\"\\x41\""), "unknown escape" },
        { BYTES("\"\\"), "unknown escape" },
        { BYTES("\"\\u12\""), "malformed \\u escape" },
        { BYTES("\"\\u12g4\""), "malformed \\u escape" },
        { BYTES("\"\\ud800\""), "half a surrogate pair" },
        { BYTES("\"\\udc00\""), "half a surrogate pair" },
        { BYTES("\"\\ud800\\u0041\""), "half a surrogate pair" },
        { BYTES("True"), "malformed number" },
        { BYTES("tru"), "a value was expected" },
        { BYTES("nul"), "a value was expected" },
        { BYTES("// c\n1"), "malformed number" },
        { BYTES("\v1"), "malformed number" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = "";
        int err = parse(cases[i].bytes, &strict_json_small, &why);

        cr_expect_lt(err, 0, "%zu: %.*s", i, SLICE_ARG(cases[i].bytes));
        cr_expect_str_eq(why, cases[i].why, "%zu: %.*s: %s", i, SLICE_ARG(cases[i].bytes), why);
    }
}

Test(strict_json, limits_are_exact)
{
    static const struct {
        struct slice bytes;
        int err;
    } cases[] = {
        { BYTES("[[[]]]"), 0 },
        { BYTES("[[[[]]]]"), ERR_RANGE },
        { BYTES("{\"a\":[{\"b\":[]}]}"), ERR_RANGE },
        { BYTES("[1,2,3,4]"), 0 },
        { BYTES("[1,2,3,4,5]"), ERR_RANGE },
        { BYTES("\"12345678901234567890123456789012345678901234567890123456789012\""), 0 },
        { BYTES("\"123456789012345678901234567890123456789012345678901234567890123\""), ERR_RANGE },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(parse(cases[i].bytes, &tight, NULL), cases[i].err, "%zu", i);
}

Test(strict_json, depth_is_bounded_whatever_the_limits_say)
{
    struct strict_json_limits wide = { .bytes = 1 << 20, .depth = 100000, .items = 1 << 20 };
    char deep[100];

    memset(deep, '[', 33);
    memset(deep + 33, ']', 33);
    cr_assert_eq(parse(slice_of(deep, 66), &wide, NULL), ERR_RANGE);
    cr_assert_eq(parse(slice_of(deep + 1, 64), &wide, NULL), 0);
}

Test(strict_json, members_have_exact_names_types_and_ranges)
{
    cJSON *tree = NULL;
    struct slice bytes = SLICE("{\"Role\":\"admin\",\"n\":7,\"big\":9007199254740993,\"max\":"
                               "9007199254740991,\"neg\":-1,\"half\":1.5,\"yes\":true,\"no\":null,"
                               "\"list\":[1],\"map\":{}}");
    char text[6];
    uint64_t number = 0;
    bool flag = false;
    static const char *const known[] = { "Role", "n",   "big", "max",  "neg",
                                         "half", "yes", "no",  "list", "map" };

    cr_assert_eq(strict_json_parse(bytes, &strict_json_small, &tree, NULL), 0);
    cr_expect_eq(strict_json_text(tree, "role", text, sizeof text), ERR_NOT_FOUND);
    cr_expect_eq(strict_json_text(tree, "Role", text, sizeof text), 0);
    cr_expect_str_eq(text, "admin");
    cr_expect_eq(strict_json_text(tree, "Role", text, 5), ERR_RANGE);
    cr_expect_eq(strict_json_text(tree, "n", text, sizeof text), ERR_INVALID);
    cr_expect_eq(strict_json_text(tree, "no", text, sizeof text), ERR_NOT_FOUND);
    cr_expect_eq(strict_json_u64(tree, "n", 7, &number), 0);
    cr_expect_eq(number, 7);
    cr_expect_eq(strict_json_u64(tree, "n", 6, &number), ERR_RANGE);
    cr_expect_eq(strict_json_u64(tree, "max", UINT64_MAX, &number), 0);
    cr_expect_eq(number, STRICT_JSON_INTEGER_MAX);
    cr_expect_eq(strict_json_u64(tree, "big", UINT64_MAX, &number), ERR_RANGE);
    cr_expect_eq(strict_json_u64(tree, "neg", UINT64_MAX, &number), ERR_RANGE);
    cr_expect_eq(strict_json_u64(tree, "half", UINT64_MAX, &number), ERR_RANGE);
    cr_expect_eq(strict_json_u64(tree, "Role", UINT64_MAX, &number), ERR_INVALID);
    cr_expect_eq(strict_json_bool(tree, "yes", &flag), 0);
    cr_expect(flag);
    cr_expect_eq(strict_json_bool(tree, "n", &flag), ERR_INVALID);
    cr_expect_not_null(strict_json_array(tree, "list"));
    cr_expect_null(strict_json_array(tree, "map"));
    cr_expect_not_null(strict_json_object(tree, "map"));
    cr_expect_null(strict_json_unknown(tree, known, 10));
    cr_expect_str_eq(strict_json_unknown(tree, known + 1, 9), "Role");
    cJSON_Delete(tree);
}
