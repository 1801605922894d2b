/* Options and paths of commands: src/control/args.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "control/args_priv.h"

static int parse(const char *const *words, unsigned allowed, struct args *args)
{
    char *copies[16];
    unsigned count = 0;

    for (; words[count] != NULL; count++)
        copies[count] = (char *)(uintptr_t)words[count];
    return args_parse(copies, count, allowed, args);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define ALL        (~0u)

Test(args, takes_every_option)
{
    struct args args;

    cr_assert_eq(parse(WORDS("shop", "--to", "green", "--force", "--reason=bad release",
                             "--if-epoch", "18446744073709551615", "--timeout", "1500ms", "--key",
                             "k1", "--ttl=2h", "--wait", "--as", "ann"),
                       ALL, &args),
                 0, "%s", args.problem);
    cr_assert_eq(args.count, 1);
    cr_assert_str_eq(args.words[0], "shop");
    cr_assert_str_eq(args.to, "green");
    cr_assert_str_eq(args.reason, "bad release");
    cr_assert_eq(args.if_epoch, UINT64_MAX);
    cr_assert_eq(args.timeout_us, 1500000);
    cr_assert_eq(args.ttl_us, 7200ull * 1000000);
    cr_assert_str_eq(args.key, "k1");
    cr_assert_str_eq(args.as, "ann");
    cr_assert_eq(args.given & (ARGS_FORCE | ARGS_WAIT), ARGS_FORCE | ARGS_WAIT);
}

Test(args, takes_the_options_of_requests_and_pages)
{
    struct args args;

    cr_assert_eq(parse(WORDS("--host", "a.example", "--path=/x", "--method", "PUT", "--client-ip",
                             "::1", "--listener", "http", "--limit", "7", "--from", "1.2"),
                       ALL, &args),
                 0, "%s", args.problem);
    cr_expect_str_eq(args.host, "a.example");
    cr_expect_str_eq(args.path, "/x");
    cr_expect_str_eq(args.method, "PUT");
    cr_expect_str_eq(args.client_ip, "::1");
    cr_expect_str_eq(args.listener, "http");
    cr_expect_eq(args.limit, 7);
    cr_expect_str_eq(args.from, "1.2");
    cr_assert_eq(
        parse(WORDS("--max", "30s", "--message", "a b", "--stats", "--newest"), ALL, &args), 0);
    cr_expect_eq(args.longest_us, 30000000);
    cr_expect_str_eq(args.message, "a b");
    cr_expect_eq(args.given, ARGS_LONGEST | ARGS_MESSAGE | ARGS_STATS | ARGS_NEWEST);
}

Test(args, takes_many_headers_but_only_one_of_the_others)
{
    struct args args;

    cr_assert_eq(parse(WORDS("--header", "A: 1", "--header=B: 2", "--header", "A: 1"), ALL, &args),
                 0);
    cr_expect_eq(args.header_count, 3);
    cr_expect_str_eq(args.headers[1], "B: 2");
    cr_expect_lt(parse(WORDS("--limit", "1", "--limit", "1"), ALL, &args), 0);
    cr_expect_str_eq(args.problem, "option --limit is given twice");
    cr_expect_lt(parse(WORDS("--header"), ALL, &args), 0);
    cr_expect_str_eq(args.problem, "option --header takes \"Name: value\", at most 24 of them");
}

Test(args, keeps_the_options_of_a_family_by_name)
{
    struct args args;

    cr_assert_eq(parse(WORDS("--kind", "switch", "--since=2h", "shop"), ARGS_WHERE, &args), 0);
    cr_expect_eq(args.given, ARGS_WHERE);
    cr_expect_eq(args.named_count, 2);
    cr_expect_str_eq(args_named(&args, "--kind"), "switch");
    cr_expect_str_eq(args_named(&args, "--since"), "2h");
    cr_expect_null(args_named(&args, "--until"));
    cr_expect_lt(parse(WORDS("--kind", "a", "--kind", "b"), ARGS_WHERE, &args), 0);
    cr_expect_str_eq(args.problem, "option --kind is given twice");
    cr_expect_lt(parse(WORDS("--kind"), ARGS_WHERE, &args), 0);
    cr_expect_str_eq(args.problem, "option --kind takes a text that is not empty and not too long");
    cr_expect_lt(parse(WORDS("--kind="), ARGS_WHERE, &args), 0);
    cr_expect_lt(parse(WORDS("--kind", "a"), ARGS_LIMIT, &args), 0);
}

Test(args, has_a_default_timeout)
{
    struct args args;

    cr_assert_eq(parse(WORDS("shop"), ALL, &args), 0);
    cr_assert_eq(args.timeout_us, 60000000);
    cr_assert_eq(args.given, 0);
}

Test(args, takes_words_behind_two_dashes_as_they_are)
{
    struct args args;

    cr_assert_eq(parse(WORDS("--", "--force"), ALL, &args), 0);
    cr_assert_eq(args.given, 0);
    cr_assert_str_eq(args.words[0], "--force");
}

Test(args, refuses)
{
    static const struct {
        const char *words[4];
        unsigned allowed;
        const char *problem;
    } cases[] = {
        { { "--too", "x" }, ALL, "unknown option --too, did you mean --to?" },
        { { "--to", "x" }, ARGS_FORCE, "unknown option --to" },
        { { "--a-very-long-option-name-that-is-none" },
          ALL,
          "unknown option --a-very-long-option-name-that-is-none" },
        { { "--to" }, ALL, "option --to takes a text that is not empty and not too long" },
        { { "--to=" }, ALL, "option --to takes a text that is not empty and not too long" },
        { { "--force=yes" }, ALL, "option --force takes nothing" },
        { { "--force", "--force" }, ALL, "option --force is given twice" },
        { { "--if-epoch", "-1" }, ALL, "option --if-epoch takes a whole number" },
        { { "--if-epoch", "18446744073709551616" }, ALL, "option --if-epoch takes a whole number" },
        { { "--timeout", "5" },
          ALL,
          "option --timeout takes a duration such as 500ms, 30s or 5m, at most 24h" },
        { { "--timeout", "25h" },
          ALL,
          "option --timeout takes a duration such as 500ms, 30s or 5m, at most 24h" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct args args;

        cr_expect_eq(parse(cases[i].words, cases[i].allowed, &args), ERR_INVALID, "%zu", i);
        cr_expect_str_eq(args.problem, cases[i].problem, "%s", args.problem);
    }
}

Test(args, bounds_the_words)
{
    struct args args;

    cr_assert_eq(parse(WORDS("1", "2", "3", "4", "5", "6", "7", "8"), ALL, &args), 0);
    cr_assert_eq(parse(WORDS("1", "2", "3", "4", "5", "6", "7", "8", "9"), ALL, &args),
                 ERR_INVALID);
}

Test(args, reads_paths)
{
    static const struct {
        const char *text;
        unsigned depth;
        const char *parts[3];
    } cases[] = {
        { "shop", 1, { "shop", "", "" } },
        { "shop/green", 2, { "shop", "green", "" } },
        { "shop/green/10.0.0.1:80", 3, { "shop", "green", "10.0.0.1:80" } },
        { "shop/green/unix:/run/a/b.sock", 3, { "shop", "green", "unix:/run/a/b.sock" } },
        { "", 0, { "" } },
        { "/", 0, { "" } },
        { "shop/", 0, { "" } },
        { "shop//x", 0, { "" } },
        { "/green", 0, { "" } },
        { "a b", 0, { "" } },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct args_path path;
        int err = args_parse_path(cases[i].text, &path);

        cr_expect_eq(err, cases[i].depth > 0 ? 0 : ERR_INVALID, "%s", cases[i].text);
        if (cases[i].depth == 0 || err != 0)
            continue;
        cr_expect_eq(path.depth, cases[i].depth, "%s", cases[i].text);
        cr_expect_str_eq(path.name, cases[i].parts[0]);
        cr_expect_str_eq(path.slot, cases[i].parts[1]);
        cr_expect_str_eq(path.target, cases[i].parts[2]);
    }
}

Test(args, bounds_the_parts_of_a_path)
{
    struct args_path path;
    char text[80];

    memset(text, 'n', sizeof text);
    text[63] = '\0';
    cr_assert_eq(args_parse_path(text, &path), 0);
    text[63] = 'n';
    text[64] = '\0';
    cr_assert_eq(args_parse_path(text, &path), ERR_INVALID);
    cr_assert_not(args_is_name(text));
    cr_assert_not(args_is_name("a/b"));
    cr_assert_not(args_is_name(""));
    cr_assert(args_is_name("shop-api_1.x"));
}
