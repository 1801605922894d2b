/*
 * What a command that takes long is waiting for, told once a second while its answer is not there: on a terminal in one
 * line that is gone afterwards, elsewhere as a plain line whenever there is something new. On standard error; nothing
 * with --json. A question of its own to the daemon each time. Blocking, and short.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct options;

struct progress {
    const struct options *options;
    struct text question; /* a line for the daemon; empty: nothing is told */
    bool is_terminal;
    bool is_drawn;
    char last[256];
};

void progress_init(struct progress *progress, const struct options *options);

/* As talk's on_wait: another second has gone by. */
void progress_tell(void *arg, uint64_t waited_us);
void progress_fini(struct progress *progress);

/* The question for a command of these words; false: it does not take long. Pure. */
bool progress_question(int count, char *const *words, struct text *out);

/* In words what the answer to it says; false: nothing. Pure. */
bool progress_words(struct slice answer, char *out, size_t size);

#endif
