/*
 * Asking the daemon's API as a test does: one request, its status and its JSON. Over the unix socket of the test's own
 * configuration the kernel says who asks. Test thread.
 */
#ifndef SUPPORT_API_CLIENT_H
#define SUPPORT_API_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "support/daemon.h"

/* The globals of a daemon whose API listens on a unix socket in its folder; "%s" stands for it, as in daemon_options. */
extern const char api_client_globals[];

struct api_said {
    int status; /* -1: no answer */
    char *head; /* terminated */
    char *body;
    cJSON *json; /* of the body; NULL: it is none */
};

/* fields: lines with their CRLF, or NULL; body: JSON, or NULL. Free with api_said_free. */
struct api_said api_ask(const struct daemon *daemon, const char *method, const char *path,
                        const char *fields, const char *body);
void api_said_free(struct api_said *said);

/* The status alone. */
int api_status(const struct daemon *daemon, const char *method, const char *path, const char *body);

/* A member on the way of names separated by dots ("error.code"); NULL: it is not there. */
const cJSON *api_member(const struct api_said *said, const char *way);
const char *api_text(const struct api_said *said, const char *way); /* "" : not there */
double api_number(const struct api_said *said, const char *way);    /* -1: not there */

#endif
