/*
 * The running switch: start order, signals, shutdown. One per process, on the control thread, which is the
 * thread that calls.
 */
#ifndef APP_DAEMON_H
#define APP_DAEMON_H

#include <stdbool.h>

struct daemon_options {
    const char *config_path;
    bool accept_empty_state;
};

/* Runs until a signal ends it; the exit status of the process: 0, 1 (start failed), 78 (state unusable). */
int daemon_run(const struct daemon_options *options);

#endif
