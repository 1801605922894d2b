/* What may be written down of a command. */
#include "base/mask.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"

static void expect_text(const char *given, const char *wanted)
{
    struct text out;

    text_init(&out, 4096);
    mask_text(slice_from(given), &out);
    cr_expect_str_eq(out.bytes != NULL ? out.bytes : "", wanted, "%s became %s", given, out.bytes);
    text_fini(&out);
}

Test(mask, secrets_in_text)
{
    expect_text("", "");
    expect_text("release 3.1: all is well", "release 3.1: all is well");
    expect_text("go password=hunter2 now", "go password=(secret) now");
    expect_text("PGPASSWORD=x&a=b", "PGPASSWORD=(secret)&a=b");
    expect_text("Authorization: Bearer abc def", "Authorization:(secret)");
    expect_text("Cookie: a=b; c=d", "Cookie:(secret)");
    expect_text("see Bearer abcdef end", "see Bearer (secret) end");
    expect_text("postgres://ann:pw@db:5432/shop", "postgres://ann:(secret)@db:5432/shop");
    expect_text("http://host:8080/path", "http://host:8080/path");
    expect_text("x " JWT " y", "x (secret) y");
    expect_text("eyeful", "eyeful");
    expect_text("api_key:x y", "api_key:(secret) y");
}

/* The words stand between bars. */
static void expect_words(const char *given, const char *wanted)
{
    char *words[16];
    char *copy = mem_text(given);
    char *rest = copy;
    unsigned count = 0;
    struct text out;

    text_init(&out, 4096);
    while (rest != NULL && count < 16)
        words[count++] = strsep(&rest, "|");
    mask_words(words, count, &out);
    cr_expect_str_eq(out.bytes, wanted, "became %s", out.bytes);
    text_fini(&out);
    free(copy);
}

Test(mask, secrets_in_words)
{
    expect_words("explain|--header|X-Switchyard-Slot: green:s3cret|--host|a",
                 "explain --header (secret) --host a");
    expect_words("explain|--header=Cookie: a|--host|a", "explain --header=(secret) --host a");
    expect_words("apply|0123456789abcdef|--reason|fine", "apply (secret) --reason fine");
    expect_words("apply|--reason|fine|0123456789abcdef", "apply --reason fine (secret)");
    expect_words("apply|--reason=fine|0123456789abcdef", "apply --reason=fine (secret)");
    expect_words("apply|--no-text|0123456789abcdef", "apply --no-text (secret)");
    expect_words("apply|--|0123456789abcdef", "apply -- (secret)");
    expect_words("apply", "apply");
    expect_words("db|approve|0123456789abcdef", "db approve (secret)");
    expect_words("db|begin|main|--reason=x|0123|high|/m/1.sql",
                 "db begin main --reason=x (secret) high /m/1.sql");
    expect_words("db|finish|main|0123|done", "db finish main (secret) done");
    expect_words("db|describe|main", "db describe main");
    expect_words("x|--token|abc|--key|once", "x --token (secret) --key once");
    expect_words("switch|shop|--to|green", "switch shop --to green");
    expect_words("explain|--header", "explain --header");
}
