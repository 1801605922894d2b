/*
 * One client: its messages in, our messages out. Threads: conversation_take is the reader's; the calls of tools have threads of
 * their own and share the output behind a lock.
 */
#ifndef MCP_CONVERSATION_PRIV_H
#define MCP_CONVERSATION_PRIV_H

#include "base/check.h"
#include "base/slice.h"
#include "mcp/mcp.h"

struct conversation;

enum { CONVERSATION_MESSAGE_MAX = 1 << 20, CONVERSATION_CALLS_MAX = 8 };

struct conversation *conversation_new(const struct mcp_options *options);

/* One message, without its line feed; an answer may be written at once or later. ERR_IO: nobody reads any more. */
MUST_CHECK int conversation_take(struct conversation *talk, struct slice message);

/* A message that was too long to be read. */
MUST_CHECK int conversation_refuse_long(struct conversation *talk);

/* Waits for the calls that run, which end soon. */
void conversation_free(struct conversation *talk);

#endif
