/* room: control. A line of the admin protocol as far as it goes without effect: words, commands, options, paths. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "control/args_priv.h"
#include "control/command_priv.h"
#include "control/share_priv.h"
#include "control/words_priv.h"
#include "route/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* A word that is a share is the same share when it is written out. */
static void check_share(const char *word)
{
    char text[SHARE_TEXT_SIZE];
    uint32_t share = 0;
    uint32_t again = 0;

    if (share_parse(word, &share) < 0)
        return;
    CHECK(share <= SPLIT_WHOLE);
    share_format(share, text);
    CHECK(share_parse(text, &again) == 0 && again == share);
}

static void check_command(char *const *words, unsigned count)
{
    const struct command *command = NULL;
    const char *nearest = NULL;
    struct args_path path;
    struct args args;
    unsigned taken = 0;

    command = command_lookup(words, count, &taken, &nearest);
    if (command == NULL)
        return;
    CHECK(nearest == NULL && taken > 0 && taken <= count);
    for (int level = LEVEL_USER; level <= LEVEL_ADMIN; level++)
        CHECK(command_is_allowed(command, (enum level)level) == (level >= (int)command->level));
    if (command_parse(command, words + taken, count - taken, &args) < 0) {
        CHECK(args.problem[0] != '\0');
        return;
    }
    CHECK(args.count >= command->min_words && args.count <= command->max_words);
    CHECK((args.given & ~(command->options | ARGS_EVERY)) == 0);
    CHECK((args.given & ARGS_FORCE) == 0 || args.reason != NULL);
    for (unsigned i = 0; i < args.count; i++)
        check_share(args.words[i]);
    for (unsigned i = 0; i < args.count; i++)
        if (args_parse_path(args.words[i], &path) == 0)
            CHECK(path.depth >= 1 && path.depth <= 3 && path.name[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static struct words words;
    const char *problem = NULL;
    char *line = mem_alloc(count + 1); /* exactly what words_split may touch */

    memcpy(line, bytes, count);
    line[count] = '\0';
    if (words_split(line, count, &words, &problem) < 0) {
        CHECK(problem[0] != '\0');
    } else {
        for (unsigned i = 0; i < words.command_count; i++) {
            CHECK(words.commands[i].count > 0);
            check_command(words.words + words.commands[i].first, words.commands[i].count);
        }
    }
    free(line);
    return 0;
}
