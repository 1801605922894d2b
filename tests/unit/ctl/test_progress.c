/* What is told while a command takes long: src/ctl/progress.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "ctl/progress.h"

struct question {
    const char *words[5];
    const char *question; /* NULL: none */
};

static const struct question questions[] = {
    { { "wait", "healthy", "shop/green" },
      "json wait healthy \"shop/green\" --timeout 0s --no-text\n" },
    { { "wait", "drained", "shop/blue", "--timeout", "2m" },
      "json wait drained \"shop/blue\" --timeout 0s --no-text\n" },
    { { "rollout", "wait", "shop" }, "json rollout wait \"shop\" --timeout 0s --no-text\n" },
    { { "drain", "shop/blue", "--wait" },
      "json wait drained \"shop/blue\" --timeout 0s --no-text\n" },
    { { "switch", "shop" }, "json lock show --no-text\n" },
    { { "canary", "start", "shop" }, "json lock show --no-text\n" },
    { { "wait", "healthy", "a\"; shutdown" },
      "json wait healthy \"a\\\"; shutdown\" --timeout 0s --no-text\n" },
    { { "status" }, NULL },
    { { "wait" }, NULL },
    { { "show", "targets" }, NULL },
};

Test(progress, the_question_belongs_to_the_command)
{
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        struct text out;
        int count = 0;
        bool has_one = false;

        while (count < 5 && questions[i].words[count] != NULL)
            count++;
        text_init(&out, 1024);
        has_one = progress_question(count, (char *const *)(uintptr_t)questions[i].words, &out);
        cr_expect_eq(has_one, questions[i].question != NULL, "%s", questions[i].words[0]);
        if (has_one && questions[i].question != NULL)
            cr_expect_str_eq(out.bytes, questions[i].question);
        text_fini(&out);
    }
}

Test(progress, words_of_an_answer)
{
    char words[128] = "";

    cr_assert(progress_words(
        SLICE("{\"code\":4,\"error\":{\"message\":\"shop is not healthy: 1 of 2\\u001b[2J\"}}"),
        words, sizeof words));
    cr_expect_str_eq(words, "shop is not healthy: 1 of 2 [2J");
    cr_assert(progress_words(
        SLICE("{\"code\":0,\"error\":null,\"result\":{\"lock\":{\"held\":true,\"owner\":\"ann\","
              "\"reason\":\"night\",\"running\":\"\"}}}"),
        words, sizeof words));
    cr_expect_str_eq(words, "ann holds the deploy lock: night");
    cr_assert(
        progress_words(SLICE("{\"result\":{\"lock\":{\"held\":false,\"running\":\"switch\"}}}"),
                       words, sizeof words));
    cr_expect_str_eq(words, "switch is under way");
    cr_expect_not(progress_words(SLICE("{\"result\":{\"lock\":{\"held\":false,\"running\":null}}}"),
                                 words, sizeof words));
    cr_expect_not(progress_words(SLICE("{\"code\":0,\"error\":null}"), words, sizeof words));
    cr_expect_not(progress_words(SLICE("garbage"), words, sizeof words));
}
