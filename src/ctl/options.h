/*
 * The command line of switchctl: what is meant for the program itself, and the verb with its words, which go to
 * the daemon as they are. Pure.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"

extern const char options_default_socket[];

struct options {
    const char *socket; /* -s, else the environment, else the default */
    bool is_json;
    bool no_color;
    bool watch;     /* status --watch */
    bool is_live;   /* the verb watch */
    uint64_t count; /* of its rows; 0: no end */
    bool help;
    bool version;
    const char
        *file; /* of `tenant load`: its lines follow the request; "-": standard input; NULL: none */
    bool is_agents; /* `mcp`: no request, but a server for agents */
    bool is_long;   /* `tenant export`: the answer is written out as it comes, whatever its size */
    char *const *words; /* the verb and what follows, as given */
    int word_count;
    uint64_t timeout_us; /* how long the daemon may take; with the time it needs to say so */
    struct text line;    /* the request: one line of the admin protocol */
};

/* ERR_INVALID with a sentence in problem. */
MUST_CHECK int options_parse(int argc, char **argv, struct options *out, char *problem,
                             unsigned problem_size);

/* One word of a request in quotes: blanks, ';' and quotes in it mean themselves. ERR_INVALID: a line break is in it;
 * ERR_RANGE. */
MUST_CHECK int options_add_word(struct text *line, const char *word);
void options_fini(struct options *options);

/* The text of --help. */
void options_print_help(void);

#endif
