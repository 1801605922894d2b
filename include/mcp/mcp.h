/*
 * A Model Context Protocol server on two descriptors: JSON-RPC 2.0, one message on a line, so that agents deploy with the
 * same verbs as people. Whatever changes something takes two calls: the first answers what would happen and a token, the
 * second does it. The daemon decides; this only asks it. Methods are answered by the caller's thread, each tool call has one
 * of its own. See docs/agents.md.
 */
#ifndef MCP_MCP_H
#define MCP_MCP_H

#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"

struct mcp_ops {
    /* Sends one line of the admin protocol, with its line feed, and reads the JSON that answers it. 0; ERR_UNREACHABLE:
     * nobody is there; ERR_TIMEOUT; ERR_RESET: it ended before its answer was whole. Any thread. */
    int (*ask)(void *arg, struct slice line, uint64_t timeout_us, struct text *answer);
    void *arg;
};

struct mcp_options {
    int in;              /* messages come here until its end */
    int out;             /* and go here; nothing else is written there */
    const char *version; /* of this program */
    const struct mcp_ops *ops;
};

/* Serves until the end of its input. 0, or ERR_IO when output is gone. */
int mcp_run(const struct mcp_options *options);

#endif
