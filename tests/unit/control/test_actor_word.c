/* Names of people in the actor's one word. src/control/actor_word.c */
#include <criterion/criterion.h>
#include <string.h>

#include "control/actor_word_priv.h"

Test(actor_word, is_plain_and_bounded)
{
    static const struct {
        const char *text;
        size_t max;
        const char *refused;
        const char *word;
    } rows[] = {
        { "ann", 36, "=", "ann" },
        { "", 36, "=", "" },
        { "a b=c", 36, "=", "a_b_c" },
        { "CN=a b,O=\\\"x\\\"", 36, "", "CN=a_b,O=__x__" },
        { "\xc3\xbc\x01\x7f", 36, "", "____" },
        { "0123456789", 10, "", "0123456789" },
    };
    char word[ACTOR_WORD_MAX + 1];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        actor_word(rows[i].text, rows[i].max, rows[i].refused, word);
        cr_expect_str_eq(word, rows[i].word, "%s", rows[i].text);
    }
}

Test(actor_word, what_is_cut_can_be_told_apart)
{
    char a[ACTOR_WORD_MAX + 1];
    char b[ACTOR_WORD_MAX + 1];

    actor_word("CN=somebody with a long name,O=Acme", 27, "", a);
    actor_word("CN=somebody with a long name,O=Acne", 27, "", b);
    cr_expect_eq(strlen(a), 27);
    cr_expect_eq(strncmp(a, "CN=somebody_with_a~", 19), 0, "%s", a);
    cr_expect_str_neq(a, b);
    actor_word("12345678901", 10, "", a);
    cr_expect_eq(strlen(a), 10);
}
