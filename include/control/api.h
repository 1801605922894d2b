/*
 * The HTTP listener of the control plane, plain or TLS: REST, events, the page for people, /metrics, /livez, /readyz. On the
 * control thread; bounded connections, head size and time. Thread: control.
 */
#ifndef CONTROL_API_H
#define CONTROL_API_H

#include "base/address.h"
#include "base/check.h"
#include "control/admin.h"

struct api;

MUST_CHECK int api_new(const struct control_room *room, const struct address *address,
                       struct api **out);
void api_free(struct api *api);

/* The bound address (port 0 was replaced). */
void api_address(const struct api *api, struct address *out);

#endif
