/*
 * Tokens that this session gave out: what each is for. A token is good once, for the same tool with the same arguments, for
 * ten minutes; so an agent cannot do at once what should be looked at first, nor use what was shown for something else. Any thread.
 */
#ifndef MCP_TICKET_PRIV_H
#define MCP_TICKET_PRIV_H

#include <stdint.h>

#include "base/check.h"

struct tickets;

enum { TICKETS_MAX = 64, TICKET_SIZE = 48 };

struct tickets *tickets_new(void);
void tickets_free(struct tickets *tickets);

/* Keeps token for purpose; the oldest goes when there are too many. */
void tickets_keep(struct tickets *tickets, const char *token, const char *purpose);

/* A token of our own, from the kernel's random numbers, for purpose. ERR_IO: there are none. */
MUST_CHECK int tickets_make(struct tickets *tickets, const char *purpose, char out[TICKET_SIZE]);

/* Uses it up. ERR_NOT_FOUND: it was not given out here, or is used or too old; ERR_CONFLICT: it is for something else, and
 * stays. */
MUST_CHECK int tickets_use(struct tickets *tickets, const char *token, const char *purpose);

#endif
