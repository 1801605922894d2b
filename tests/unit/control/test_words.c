/* Splitting admin lines: src/control/words.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "control/words_priv.h"

/* Commands as "a|b;c": words joined by '|', commands by ';'. */
static int split(const char *line, size_t len, char *out, size_t size)
{
    static struct words words;
    char copy[4096];
    const char *problem = NULL;
    size_t at = 0;
    int err = 0;

    memcpy(copy, line, len);
    memset(copy + len, 'X', 8); /* behind the line only the terminator may be written */
    err = words_split(copy, len, &words, &problem);
    cr_assert_eq(copy[len + 1], 'X');
    cr_assert((err == 0) == (problem[0] == '\0'), "%s", line);
    out[0] = '\0';
    for (unsigned i = 0; err == 0 && i < words.command_count; i++)
        for (unsigned k = 0; k < words.commands[i].count; k++)
            at += (size_t)snprintf(out + at, size - at, "%s%s",
                                   k > 0   ? "|"
                                   : i > 0 ? ";"
                                           : "",
                                   words.words[words.commands[i].first + k]);
    return err;
}

static const struct {
    const char *line;
    int err;
    const char *expected;
} cases[] = {
    { "", 0, "" },
    { "   \t ", 0, "" },
    { ";;; ;", 0, "" },
    { "status", 0, "status" },
    { "  show   slots ", 0, "show|slots" },
    { "show slots;status shop", 0, "show|slots;status|shop" },
    { "a;b;c", 0, "a;b;c" },
    { "a ; b ;", 0, "a;b" },
    { "switch shop --reason \"a b; c\"", 0, "switch|shop|--reason|a b; c" },
    { "x \"\"", 0, "x|" },
    { "x a\"b c\"d", 0, "x|ab cd" },
    { "x a\\ b", 0, "x|a b" },
    { "x a\\;b", 0, "x|a;b" },
    { "x \\\"", 0, "x|\"" },
    { "x \"a\\\"b\\\\c\"", 0, "x|a\"b\\c" },
    { "x 'a b'", 0, "x|'a|b'" }, /* single quotes mean nothing */
    { "x \"gr\xc3\xbc\xc3\x9f\"", 0, "x|gr\xc3\xbc\xc3\x9f" },
    { "x\ty", 0, "x|y" },
    { "x \"open", ERR_INVALID, "" },
    { "x \"open\\\"", ERR_INVALID, "" },
    { "x \"open\\", ERR_INVALID, "" },
    { "x end\\", ERR_INVALID, "" },
    { "x \x01", ERR_INVALID, "" },
    { "x \x7f", ERR_INVALID, "" },
    { "x \r y", ERR_INVALID, "" },
    { "x \xff", ERR_INVALID, "" },
    { "x \xc0\xaf", ERR_INVALID, "" },     /* overlong */
    { "x \xed\xa0\x80", ERR_INVALID, "" }, /* surrogate */
    { "x \xf4\x90\x80\x80", ERR_INVALID, "" },
    { "x \xe2\x82", ERR_INVALID, "" }, /* cut */
};

Test(words, splits_lines)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[512];

        cr_expect_eq(split(cases[i].line, strlen(cases[i].line), out, sizeof out), cases[i].err,
                     "%s", cases[i].line);
        cr_expect_str_eq(out, cases[i].expected, "%s: %s", cases[i].line, out);
    }
}

Test(words, refuses_a_nul)
{
    char out[64];

    cr_assert_eq(split("a\0b", 3, out, sizeof out), ERR_INVALID);
}

Test(words, bounds_words_and_commands)
{
    static struct words words;
    char line[2 * WORDS_MAX + 8];
    const char *problem = NULL;

    memset(line, ' ', sizeof line);
    for (unsigned i = 0; i < WORDS_MAX; i++)
        line[2 * i] = 'w';
    cr_assert_eq(words_split(line, 2 * WORDS_MAX, &words, &problem), 0);
    cr_assert_eq(words.count, WORDS_MAX);
    memset(line, ' ', sizeof line);
    for (unsigned i = 0; i <= WORDS_MAX; i++)
        line[2 * i] = 'w';
    cr_assert_eq(words_split(line, 2 * WORDS_MAX + 1, &words, &problem), ERR_RANGE);
    for (unsigned i = 0; i <= WORDS_COMMANDS_MAX; i++)
        memcpy(line + 2 * i, "c;", 2);
    cr_assert_eq(words_split(line, 2 * WORDS_COMMANDS_MAX + 2, &words, &problem), ERR_RANGE);
}

Test(words, finds_the_nearest_name)
{
    static const char *const names[] = { "status", "switch", "show slots", "rollback" };
    static const struct {
        const char *typed;
        const char *nearest;
    } near[] = { { "stauts", "status" },
                 { "swich", "switch" },
                 { "show slot", "show slots" },
                 { "rollbak", "rollback" },
                 { "roll", "rollback" },
                 { "xyzzy", NULL },
                 { "", NULL } };

    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        const char *got = words_nearest(near[i].typed, names, 4);

        if (near[i].nearest == NULL)
            cr_expect_null(got, "%s: %s", near[i].typed, got);
        else
            cr_expect_str_eq(got, near[i].nearest, "%s", near[i].typed);
    }
}
