/* A secret is never shown: not in a dump, not in a message, whatever is wrong with the file. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config.h"
#include "config/dump.h"
#include "config/dump_priv.h"
#include "expect_load.h"

#define COUNT(items) (sizeof(items) / sizeof(items)[0])
#define PLANTED      "swordfish-of-1701" /* 17 bytes */

#define WITH_SECRETS                                                                               \
    LISTENER "service s { slot b { targets = { \"a:1\" } }\n"                                      \
             "preview { header = X-P secret = \"" PLANTED "\" }\n"                                 \
             "canary { key = { own-cookie } secret = \"" PLANTED "\" } }\n"                        \
             "group g { services = { s } chain { secret = \"" PLANTED "\" } }\n"

static char *dump(const struct config *config, bool with_secrets)
{
    struct text out;
    char *bytes = NULL;

    text_init(&out, 1u << 20);
    if (with_secrets)
        dump_with_secrets(config, &out);
    else
        dump_config(config, &out);
    bytes = text_take(&out);
    text_fini(&out);
    return bytes;
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;

    for (text = strstr(text, word); text != NULL; text = strstr(text + 1, word))
        count++;
    return count;
}

Test(secret, a_dump_shows_that_there_is_one_but_not_which)
{
    struct config *config = expect_config(WITH_SECRETS);
    char *shown = dump(config, false);
    char *kept = dump(config, true);

    cr_expect_eq(count_of(shown, PLANTED), 0, "%s", shown);
    cr_expect_eq(count_of(shown, "swordfish"), 0);
    cr_expect_eq(count_of(shown, "secret = \"(secret)\"\n"), 3, "%s", shown);
    cr_expect_eq(count_of(kept, PLANTED), 3);
    free(shown);
    free(kept);
    config_free(config);
}

Test(secret, no_secret_is_shown_as_none)
{
    struct config *config = expect_config(REST);
    char *shown = dump(config, false);

    cr_expect_eq(count_of(shown, "secret = \"\"\n"), 1, "of canary; %s", shown);
    cr_expect_eq(count_of(shown, "(secret)"), 0);
    free(shown);
    config_free(config);
}

Test(secret, the_hash_sees_a_change)
{
    struct config *a = expect_config(WITH_SECRETS);
    struct config *b =
        expect_config(LISTENER "service s { slot b { targets = { \"a:1\" } }\n"
                               "preview { header = X-P secret = \"" PLANTED "\" }\n"
                               "canary { key = { own-cookie } secret = \"" PLANTED "!\" } }\n"
                               "group g { services = { s } chain { secret = \"" PLANTED "\" } }\n");

    cr_expect_neq(dump_hash(a), dump_hash(b));
    config_free(a);
    config_free(b);
}

Test(secret, a_dump_with_secrets_loads_as_the_same_tree)
{
    struct config *first = expect_config(WITH_SECRETS);
    char *once = dump(first, true);
    struct config *second = expect_config(once);
    char *twice = dump(second, true);

    cr_expect_str_eq(once, twice);
    free(once);
    free(twice);
    config_free(first);
    config_free(second);
}

#define PREVIEW(words)                                                                             \
    LISTENER "service s { slot b { targets = { \"a:1\" } } preview { " words " } }"

/* Wrong in every way that a secret can be a part of. */
static const char *const wrong[] = {
    PREVIEW("header = X secret = \"" PLANTED "\x80\""),
    PREVIEW("header = X secret = \"" PLANTED PLANTED PLANTED PLANTED PLANTED PLANTED PLANTED PLANTED
            "\""),
    PREVIEW("header = X secret = \" " PLANTED "\""),
    PREVIEW("header = X secret = \"" PLANTED ";\""),
    PREVIEW("secret = \"" PLANTED "\""),
    PREVIEW("header = X secret = x " PLANTED),
    PREVIEW("header = X secret = x\"" PLANTED "\""),
    PREVIEW("header = X secret = \"x\"'" PLANTED "'"),
    PREVIEW("header = X secret \"" PLANTED "\""),
    PREVIEW("header = X secret = , \"" PLANTED "\""),
    PREVIEW("header = X secret += \"" PLANTED "\""),
    PREVIEW("header = X secret = { \"" PLANTED "\" }"),
    PREVIEW("header = X secret { \"" PLANTED "\" }"),
    PREVIEW("header = X secret = \"12345678\" secret = \"" PLANTED "\""),
    PREVIEW("header = X secret = \"${ " PLANTED "}\""),
    PREVIEW("header = X secret = ${ " PLANTED "}"),
    PREVIEW("header = X secret = \"${" PLANTED "\""),
    PREVIEW("header = X secret = \"\\x" PLANTED "\""),
    PREVIEW("header = X secret = \"" PLANTED),
    PREVIEW("header = X secrt = \"" PLANTED "\""),
    PREVIEW("header = X secret = \"${SY_PLANTED}\" secret = \"${SY_PLANTED}\""),
    PREVIEW("header = X secret = ${SY_PLANTED} ${SY_PLANTED}"),
};

Test(secret, no_message_shows_it)
{
    setenv("SY_PLANTED", PLANTED, 1);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char *words = expect_report(wrong[i]);

        cr_expect_neq(words[0], '\0', "case %zu is not wrong: %s", i, wrong[i]);
        cr_expect_eq(count_of(words, "swordfish"), 0, "case %zu: %s", i, words);
        free(words);
    }
}

static const struct load_case lengths[] = {
    { PREVIEW("header = X\nsecret = \"1234567\""),
      "t.conf:2: secret: a secret of 7 bytes; 8 to 128 are allowed" },
    { PREVIEW("header = X\nsecret = \"(secret)\""),
      "t.conf:2: secret: (secret) is what a dump shows in place of a secret" },
    { PREVIEW("header = X\nsecret = \"a b c d e f\""), "t.conf:2: preview: a blank, ';', ','" },
    { PREVIEW("header = X\nsecret = \"1234:678\""), "t.conf:2: preview: a blank, ';', ','" },
    { REST "group g { services = { s } chain {\nsecret = \"0123456789abcde\" } }",
      "t.conf:3: secret: a secret of 15 bytes; 16 to 256 are allowed" },
    { LISTENER "service s { slot b { targets = { \"a:1\" } } canary { key = { own-cookie }\n"
               "secret = \"0123456789abcde\" } }",
      "t.conf:2: secret: a secret of 15 bytes" },
};

Test(secret, says_what_is_wrong_with_it)
{
    expect_cases(lengths, COUNT(lengths));
}
