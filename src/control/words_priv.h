/*
 * One line of the admin protocol as commands and words: blanks separate words, ';' separates commands,
 * "..." keeps blanks, a backslash takes the next character as it is. The whole line is refused before any
 * of it is carried out. Pure, any thread.
 */
#ifndef CONTROL_WORDS_PRIV_H
#define CONTROL_WORDS_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

enum { WORDS_MAX = 256, WORDS_COMMANDS_MAX = 64 };

struct words_command {
    unsigned first; /* index into words */
    unsigned count;
};

struct words {
    char *words[WORDS_MAX]; /* terminated, inside the line */
    unsigned count;
    struct words_command commands[WORDS_COMMANDS_MAX]; /* none is empty */
    unsigned command_count;
};

/*
 * Splits the line in place (len bytes and room for one more: the terminator). ERR_INVALID: a control byte,
 * text that is not UTF-8, an open quote, a backslash at the end; ERR_RANGE: more words or commands than fit.
 * *problem is then one sentence.
 */
MUST_CHECK int words_split(char *line, size_t len, struct words *out, const char **problem);

bool words_is_utf8(const char *text, size_t len); /* RFC 3629 */

/* UTF-8 without control bytes, apart from the tab. */
bool words_is_clean(const char *text, size_t len);

/* The known name that is nearest to a mistyped one, NULL when none is near. */
const char *words_nearest(const char *word, const char *const *names, unsigned count);

#endif
