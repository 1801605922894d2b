/*
 * The page at "/" of the API, for people: its files (src/control/dashboard/), which are part of the program. They are the
 * same for everybody and have nothing of the daemon in them: the page asks the API for that as whoever looks at it.
 * Thread: control; called by api_serve.c.
 */
#ifndef CONTROL_DASHBOARD_PRIV_H
#define CONTROL_DASHBOARD_PRIV_H

#include <stddef.h>

#include "base/slice.h"

struct api_exchange;

struct dashboard_file {
    const char *name; /* "app.js" */
    const char *type; /* media type */
    const char *etag; /* in its quotes */
    const unsigned char *bytes;
    size_t size;
};

/* Made while building, of the files in src/control/dashboard/. */
extern const struct dashboard_file dashboard_files[];
extern const unsigned dashboard_file_count;

/* NULL: there is none of that name. */
const struct dashboard_file *dashboard_find(struct slice name);

/* Answers "/" and "/dashboard/{file}": 200, 304 for who has it, 404. */
void dashboard_answer(struct api_exchange *exchange);

#endif
