/*
 * Tokens that this session gave out: what each is for. A token is good once, for the same tool with the same arguments, for
 * ten minutes; so an agent cannot do at once what should be looked at first, nor use what was shown for something else. Any thread.
 */
#ifndef MCP_PASS_PRIV_H
#define MCP_PASS_PRIV_H

#include <stdint.h>

#include "base/check.h"

struct passes;

enum { PASSES_MAX = 64, PASS_SIZE = 48 };

struct passes *passes_new(void);
void passes_free(struct passes *passes);

/* Keeps token for purpose; the oldest goes when there are too many. */
void passes_keep(struct passes *passes, const char *token, const char *purpose);

/* A token of our own, from the kernel's random numbers, for purpose. ERR_IO: there are none. */
MUST_CHECK int passes_make(struct passes *passes, const char *purpose, char out[PASS_SIZE]);

/* Uses it up. ERR_NOT_FOUND: it was not given out here, or is used or too old; ERR_CONFLICT: it is for something else, and
 * stays. */
MUST_CHECK int passes_use(struct passes *passes, const char *token, const char *purpose);

#endif
