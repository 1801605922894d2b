/*
 * The routes of the API: one table of method, path, command and what a request is for, from which requests are served,
 * the OpenAPI document is made and the tests are driven. A route runs a command of the table of commands, which alone
 * says who may; the few that do not have a purpose of their own. Constant; pure; any thread.
 */
#ifndef CONTROL_API_ROUTE_PRIV_H
#define CONTROL_API_ROUTE_PRIV_H

#include <stdbool.h>

#include "base/slice.h"
#include "control/api_exchange_priv.h"
#include "http/head.h"

struct command;

enum api_purpose {
    API_COMMAND, /* runs the route's command */
    API_ANY,     /* runs the command that the body names */
    API_PLAN,    /* plans it */
    API_METRICS,
    API_LIVE,
    API_READY,
    API_EVENTS,
    API_OPENAPI,
    API_PAGE,      /* a file of the page for people; not in the document */
    API_OPERATION, /* what became of a command that was not waited for */
};

struct api_route {
    enum method method;  /* GET or POST */
    const char *pattern; /* "/v1/services/{name}/slots", "/api/deployment/deploy-{action}" */
    enum api_purpose purpose;
    const char *command; /* of the table of commands; "" : none, or not one alone */

    /*
     * The command's words, separated by blanks. {x}: the path's part or the body's member (a GET's query) of that name;
     * {x?}: the same, and the word is left out without it; {x!}: the word is x itself if the member is true; {x*}: as
     * many words as the member has: the items of a list, the parts of a text, NAME=VALUE of an object.
     */
    const char *words;
    const char *summary; /* NULL: the command's */
};

const struct api_route *api_route_at(unsigned index); /* NULL behind the end */

/* Commands that are about a connection of the admin socket, and have no route. */
bool api_route_is_of_socket(const char *command);

enum api_match { API_MATCH_ONE, API_MATCH_NONE, API_MATCH_METHOD, API_MATCH_BAD };

/*
 * The route of a request, with the parts of its path in the exchange. METHOD: there are routes with other methods,
 * which allow names ("GET, HEAD"); BAD: the path is no text.
 */
enum api_match api_route_find(struct api_exchange *exchange, char allow[32]);

/* The command of a route with API_COMMAND. */
const struct command *api_route_command(const struct api_route *route);

/* A part of the path by its name; NULL: there is none. */
const char *api_route_param(const struct api_exchange *exchange, struct slice name);

/* The next {x} of a pattern or of words, moved on behind it; false: no more. kind: '\0', '?', '!' or '*'. */
bool api_route_next_name(const char **text, struct slice *name, char *kind);

/* Undoes %XX; false: no hexadecimal digits, a control byte, no UTF-8, or it does not fit. */
bool api_route_decode(struct slice text, char *out, size_t size);

#endif
