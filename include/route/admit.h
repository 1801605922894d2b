/*
 * What is asked of a request once routing has found its service: the limits of the service, the redirect to https, how
 * far it may go. One place for the workers and for `explain`. Pure, any thread.
 */
#ifndef ROUTE_ADMIT_H
#define ROUTE_ADMIT_H

#include <stdbool.h>

#include "base/fault.h"

struct head;
struct policy;

/* routed: what match_find said. The fault that the request gets in the end: a limit comes before a hold and a full slot,
 * but behind a service in maintenance or without targets. */
enum fault admit_request(const struct policy *policy, const struct head *head, bool is_https,
                         enum fault routed);

/* Whether a request came by https: a trusted peer is asked first (X-Forwarded-Proto), for it may have ended the client's
 * TLS; else it is what the connection is. */
bool admit_is_https(const struct head *head, bool is_trusted, bool is_secure);

#endif
