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

struct options {
    const char *socket; /* -s, else the environment, else the default */
    bool is_json;
    bool no_color;
    bool watch; /* status --watch */
    bool help;
    bool version;
    const char
        *file; /* of `tenant load`: its lines follow the request; "-": standard input; NULL: none */
    bool is_agents; /* `mcp`: no request, but a server for agents */
    bool is_long;   /* `tenant export`: the answer is written out as it comes, whatever its size */
    uint64_t timeout_us; /* how long the daemon may take; with the time it needs to say so */
    struct text line;    /* the request: one line of the admin protocol */
};

/* ERR_INVALID with a sentence in problem. */
MUST_CHECK int options_parse(int argc, char **argv, struct options *out, char *problem,
                             unsigned problem_size);
void options_fini(struct options *options);

/* The text of --help. */
void options_print_help(void);

#endif
