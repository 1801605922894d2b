/*
 * Counts of commands: see control/verbs.h. A cell for every row of the command table, level and outcome, and one more
 * row for words that are no command: what comes from outside makes no new one.
 */
#include "control/verbs_priv.h"

#include <stdlib.h>

#include "base/mem.h"
#include "control/command_priv.h"

enum { LEVELS = LEVEL_ADMIN + 1, OUTCOMES = OUTCOME_VOLATILE + 1, CELLS = LEVELS * OUTCOMES };

struct verbs {
    unsigned command_count;
    uint64_t *cells; /* [command_count + 1][LEVELS][OUTCOMES] */
};

struct verbs *verbs_new(void)
{
    struct verbs *verbs = mem_zalloc(sizeof *verbs);

    while (command_at(verbs->command_count) != NULL)
        verbs->command_count++;
    verbs->cells = mem_zalloc((verbs->command_count + 1) * CELLS * sizeof *verbs->cells);
    return verbs;
}

void verbs_free(struct verbs *verbs)
{
    if (verbs == NULL)
        return;
    free(verbs->cells);
    free(verbs);
}

void verbs_count(struct verbs *verbs, const struct command *command, enum level level,
                 enum outcome outcome)
{
    unsigned row = 0;

    while (row < verbs->command_count && command_at(row) != command)
        row++;
    verbs->cells[row * CELLS + (unsigned)level * OUTCOMES + (unsigned)outcome]++;
}

bool verbs_next(const struct verbs *verbs, unsigned *at, struct verbs_row *out)
{
    for (; *at < (verbs->command_count + 1) * CELLS; ++*at) {
        const struct command *command = command_at(*at / CELLS);

        if (verbs->cells[*at] == 0)
            continue;
        *out = (struct verbs_row){
            .verb = command != NULL ? command->name : "unknown",
            .level = (enum level)(*at / OUTCOMES % LEVELS),
            .outcome = (enum outcome)(*at % OUTCOMES),
            .count = verbs->cells[*at],
        };
        ++*at;
        return true;
    }
    return false;
}
