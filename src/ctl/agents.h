/* `switchctl mcp`: the server for agents on standard input and output, over the admin socket. */
#ifndef CTL_AGENTS_H
#define CTL_AGENTS_H

/* The exit code of the program. */
int agents_run(const char *socket_path);

#endif
