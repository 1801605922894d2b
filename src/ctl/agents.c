/* Agents and the daemon: see agents.h. */
#include "ctl/agents.h"

#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/talk.h"
#include "mcp/mcp.h"

static int ask(void *arg, struct slice line, uint64_t timeout_us, struct text *answer)
{
    struct talk talk = { .path = arg, .timeout_us = timeout_us, .line = line, .payload = -1 };

    switch (talk_ask(&talk, answer)) {
    case TALK_DONE: return ERR_OK;
    case TALK_TIMEOUT: return ERR_TIMEOUT;
    case TALK_UNREACHABLE: return ERR_UNREACHABLE;
    case TALK_BROKEN:
    case TALK_UNREADABLE: return ERR_RESET;
    }
    return ERR_RESET;
}

int agents_run(const char *socket_path)
{
    struct mcp_ops ops = { .ask = ask, .arg = (void *)(uintptr_t)socket_path };
    struct mcp_options options = {
        .in = STDIN_FILENO,
        .out = STDOUT_FILENO,
        .version = SWITCHYARD_VERSION,
        .ops = &ops,
    };

    if (mcp_run(&options) == ERR_OK)
        return 0;
    fprintf(stderr, "switchctl: nobody reads standard output any more\n");
    return 1;
}
