/*
 * The Upgrade field (RFC 9110 7.8): which protocols go through this switch. HTTP and TLS do not: a target that
 * answered in another version of HTTP, or encrypted, would carry requests behind our back. Pure.
 */
#ifndef HTTP_UPGRADE_H
#define HTTP_UPGRADE_H

#include <stdbool.h>

#include "http/head.h"

/* The next protocol of the head's Upgrade fields that may pass; *field_index and *rest start zeroed. */
bool upgrade_next(const struct head *head, unsigned *field_index, struct slice *rest,
                  struct slice *protocol);

/* Whether there is any. */
bool upgrade_has_any(const struct head *head);

/* Every protocol that a 101 names was offered by the request, and it names one. */
bool upgrade_is_offered(const struct head *request, const struct head *response);

/* What was agreed on is WebSocket (RFC 6455), and nothing else. */
bool upgrade_is_websocket(const struct head *response);

#endif
