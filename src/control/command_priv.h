/*
 * The table of commands: the only place that says which words are a command, what they may be given, and who
 * may use them. Authorisation happens here, before anything of the command runs. Pure, any thread.
 */
#ifndef CONTROL_COMMAND_PRIV_H
#define CONTROL_COMMAND_PRIV_H

#include <stdbool.h>

#include "base/check.h"
#include "control/args_priv.h"
#include "control/peer_priv.h"

struct call;

/* CALL_DONE: the answer is complete. CALL_PARKED: it will be, later (call_priv.h). */
enum call_step { CALL_DONE, CALL_PARKED };

/* What a command does: nothing; one change, which `plan` can try first; something else; one change that is made
 * of the lines behind the command (the payload). */
enum command_effect { COMMAND_READS, COMMAND_CHANGES, COMMAND_ACTS, COMMAND_LOADS };

struct command {
    const char *name;  /* one or two words */
    const char *usage; /* behind the name */
    enum level level;  /* the least role; NONE in no row */
    enum command_effect effect;
    unsigned options; /* besides ARGS_EVERY */
    unsigned min_words;
    unsigned max_words;
    enum call_step (*run)(struct call *call);
    const char *help;
};

/* Another spelling of a command. */
struct command_alias {
    const char *name;
    const char *means;
};

const struct command *command_at(unsigned index); /* NULL beyond the end */
const struct command_alias *command_alias_at(unsigned index);
const struct command *command_find(const char *name); /* by its whole name; no alias */
bool command_is_family(const char *word);             /* the first word of a name of two */

/*
 * The command that the words begin with; *taken of them are its name. "drain NAME/SLOT status" counts as "show
 * drain NAME/SLOT", "drain status" as "show drain". NULL: there is none, and *nearest is a name that may have been
 * meant, or NULL.
 */
const struct command *command_lookup(char *const *words, unsigned count, unsigned *taken,
                                     const char **nearest);

bool command_is_allowed(const struct command *command, enum level level);

/* Checks the number of words and the options; ERR_INVALID: out->problem says why. */
MUST_CHECK int command_parse(const struct command *command, char *const *words, unsigned count,
                             struct args *out);

#endif
