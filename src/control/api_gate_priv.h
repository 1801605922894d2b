/*
 * Which requests to the API come from where they seem to: under a name that is ours, and from no other page than our
 * own. A browser tells a page's origin, and cannot be made to lie in Host; so neither a foreign page nor a name that
 * was bound anew to our address gets an answer. Pure, any thread.
 */
#ifndef CONTROL_API_GATE_PRIV_H
#define CONTROL_API_GATE_PRIV_H

#include <stdbool.h>

#include "base/slice.h"
#include "http/head.h"

struct config_texts;

/* An address, localhost, or one of hosts (names, "*.name"); without its port. */
bool api_gate_is_host(struct slice host, const struct config_texts *hosts);

/* Every Origin field there is names scheme and authority of this request; none: true. is_secure: it came over TLS. */
bool api_gate_is_origin(const struct head *head, bool is_secure);

#endif
