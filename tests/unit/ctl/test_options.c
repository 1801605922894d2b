/* The command line of switchctl: src/ctl/options.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "ctl/options.h"

static struct options options;
static char problem[160];

static int parse(const char *const *words)
{
    char *argv[16] = { (char *)(uintptr_t) "switchctl" };
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    problem[0] = '\0';
    return options_parse(argc, argv, &options, problem, sizeof problem);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

TestSuite(options);

Test(options, words_become_one_json_line)
{
    cr_assert_eq(parse(WORDS("canary", "start", "shop", "5%")), 0, "%s", problem);
    cr_expect_str_eq(options.line.bytes, "json \"canary\" \"start\" \"shop\" \"5%\"\n");
    cr_expect_null(options.file);
    cr_expect_not(options.is_long);
    options_fini(&options);
}

Test(options, file_of_tenant_load_is_not_for_the_daemon)
{
    cr_assert_eq(parse(WORDS("tenant", "load", "p.txt", "shop", "--reason", "x;y", "--json")), 0);
    cr_expect_str_eq(options.line.bytes, "json \"tenant\" \"load\" \"shop\" \"--reason\" \"x;y\" "
                                         "--no-text <<\n");
    cr_expect_str_eq(options.file, "p.txt");
    options_fini(&options);
    cr_assert_eq(parse(WORDS("tenant", "load", "-")), 0);
    cr_expect_str_eq(options.line.bytes, "json \"tenant\" \"load\" <<\n");
    cr_expect_str_eq(options.file, "-");
    options_fini(&options);
}

Test(options, tenant_load_needs_its_file_first)
{
    static const char *const lines[][4] = { { "tenant", "load" },
                                            { "tenant", "load", "--reason", "x" } };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *words[5] = { lines[i][0], lines[i][1], lines[i][2], lines[i][3], NULL };

        cr_expect_lt(parse(words), 0);
        cr_expect_not_null(strstr(problem, "tenant load needs a file"));
        options_fini(&options);
    }
}

Test(options, tenant_export_is_asked_for_as_lines)
{
    cr_assert_eq(parse(WORDS("tenant", "export", "shop")), 0);
    cr_expect_str_eq(options.line.bytes, " \"tenant\" \"export\" \"shop\"\n");
    cr_expect(options.is_long);
    options_fini(&options);
    cr_assert_eq(parse(WORDS("--json", "tenant", "export")), 0);
    cr_expect_str_eq(options.line.bytes, "json \"tenant\" \"export\" --no-text\n");
    cr_expect(options.is_long);
    options_fini(&options);
}

Test(options, watch_asks_for_the_load)
{
    cr_assert_eq(parse(WORDS("watch")), 0, "%s", problem);
    cr_expect(options.is_live);
    cr_expect_str_eq(options.line.bytes, "json show load --no-text\n");
    cr_expect_eq(options.count, 0);
    options_fini(&options);
    cr_assert_eq(parse(WORDS("watch", "shop", "--count", "3", "--json")), 0, "%s", problem);
    cr_expect_str_eq(options.line.bytes, "json show load \"shop\" --no-text\n");
    cr_expect_eq(options.count, 3);
    cr_expect(options.is_json);
    options_fini(&options);
}

Test(options, watch_refuses_what_it_does_not_know)
{
    static const char *const lines[][3] = {
        { "--count", "0", NULL }, { "--count", "x", NULL }, { "--count", NULL },
        { "a", "b", NULL },       { "--force", NULL },
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *words[5] = { "watch", lines[i][0], lines[i][1], lines[i][2], NULL };

        cr_expect_lt(parse(words), 0, "case %zu", i);
        cr_expect_not_null(strstr(problem, "usage: switchctl watch"));
        options_fini(&options);
    }
}
