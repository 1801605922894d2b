/* Words of other tools: src/control/command_hint.c, and what the answer to such a line says. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "control/command_hint_priv.h"
#include "control/command_priv.h"
#include "unit/control/asker.h"

enum { LINE_WORDS = 4 };

static const struct {
    const char *words[LINE_WORDS];
    const char *part; /* of the sentence; NULL: there is none */
} lines[] = {
    { { "show", "gates" }, "plan switch NAME" },
    { { "show", "events", "-w" }, "switchctl watch" },
    { { "validate", "shop/green" }, "plan switch NAME" },
    { { "deploy", "shop" }, "target add NAME/SLOT" },
    { { "prepare", "green", "--version", "v2" }, "wait healthy NAME/SLOT" },
    { { "rollback", "shop", "--status" }, "plan rollback NAME" },
    { { "undo", "shop" }, "rollback NAME" },
    { { "abort", "shop" }, "rollout abort NAME" },
    { { "show", "nothing" }, NULL },
    { { "rollback", "shop" }, NULL },
    { { "xyzzy" }, NULL },
    { { NULL }, NULL },
};

/* Whatever stands between quotes is a command of ours, and its words are those of a usage. */
static void check_commands(const char *sentence)
{
    char text[1024];
    char *rest = text;
    unsigned count = 0;

    snprintf(text, sizeof text, "%s", sentence);
    while ((rest = strchr(rest, '"')) != NULL) {
        char *end = strchr(++rest, '"');
        char *words[2] = { rest, NULL };
        const char *nearest = NULL;
        unsigned taken = 0;

        cr_assert_not_null(end, "%s", sentence);
        *end = '\0';
        words[1] = strchr(rest, ' ');
        if (words[1] != NULL) {
            *words[1]++ = '\0';
            words[1][strcspn(words[1], " ")] = '\0';
        }
        if (strcmp(words[0], "switchctl") != 0)
            cr_expect_not_null(command_lookup(words, words[1] != NULL ? 2 : 1, &taken, &nearest),
                               "%s %s is no command", words[0], words[1]);
        rest = end + 1;
        count++;
    }
    cr_expect_gt(count, 0, "%s", sentence);
}

Test(command_hint, names_what_does_it_here)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char *words[LINE_WORDS];
        unsigned count = 0;
        const char *sentence = NULL;

        for (; count < LINE_WORDS && lines[i].words[count] != NULL; count++)
            words[count] = (char *)(uintptr_t)lines[i].words[count];
        sentence = command_hint(words, count);
        if (lines[i].part == NULL) {
            cr_expect_null(sentence, "%s", lines[i].words[0]);
            continue;
        }
        cr_assert_not_null(sentence, "%s", lines[i].words[0]);
        cr_expect_not_null(strstr(sentence, lines[i].part), "%s", sentence);
        cr_expect_lt(strlen(sentence), 500, "it would be cut: %s", sentence);
        check_commands(sentence);
    }
}

Test(command_hint, is_in_the_answer, .init = asker_start, .fini = asker_stop)
{
    ask_refused("show gates\n", OUTCOME_USAGE, "unknown command show gates");
    cr_expect(ask_has("plan switch NAME --to SLOT"), "%s", asker_out.bytes);
    ask_refused("validate shop/green\n", OUTCOME_USAGE, "unknown command validate");
    cr_expect(ask_has("changes nothing"), "%s", asker_out.bytes);
    ask_refused("rollback shop --status\n", OUTCOME_USAGE, "unknown option --status");
    cr_expect(ask_has("plan rollback NAME"), "%s", asker_out.bytes);
    ask_refused("show slot\n", OUTCOME_USAGE, "unknown command show slot");
    cr_expect(ask_has("did you mean \"show slots\""), "%s", asker_out.bytes);
}
