/*
 * What may follow on a command line that has begun: verbs and options from the command table, names from the daemon. The
 * scripts of the shells (completion.h) ask for it with `switchctl complete -- WORDS...`; the last word is the one that is
 * being typed.
 */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include <stdbool.h>

#include "base/text.h"

/* What names there are of that kind: services and groups; slots; NAME/SLOT; NAME/SLOT/TARGET. */
enum complete_names {
    COMPLETE_SERVICES,
    COMPLETE_SLOTS,
    COMPLETE_PATHS,
    COMPLETE_TARGETS,
};

struct complete {
    int count; /* at least 1: the last is being typed, "" : it has not begun */
    const char *const *words;
    /* Calls add(add_arg, name) for each. */
    void (*names)(void *arg, enum complete_names kind, void (*add)(void *add_arg, const char *name),
                  void *add_arg);
    void *arg;
};

/* Candidates that begin with the last word, one a line, each once. Pure but for names. */
void complete_words(const struct complete *complete, struct text *out);

#endif
