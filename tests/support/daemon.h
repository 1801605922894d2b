/*
 * The real switchyard binary (BUILD_DIR/switchyard, or $SWITCHYARD_BIN) in a private folder: config,
 * run and state folders, log. It binds port 0 and reports what it got in run/ports.json. Every test ends
 * through daemon_stop, which asks the questions of every test: did it exit with 0, without an error line,
 * sanitizer text, descriptor or request left behind? It dies with the thread that started it. Test thread.
 */
#ifndef SUPPORT_DAEMON_H
#define SUPPORT_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

struct daemon;

struct daemon_options {
    const char *config;  /* listeners, services …; folders, api and log are put before it */
    const char *globals; /* replaces these lines: %s stands for the folder, any number of times */
    const char *const *wrapper; /* words put before the binary, NULL at the end; may be NULL */
    const char *const *expected_errors; /* parts of error lines that may appear, NULL at the end */
    bool keeps_descriptors;             /* the count at the end is the test's own business */
};

/* Starts and waits until it is ready to serve; a daemon that does not get there ends the test. */
struct daemon *daemon_start(const struct daemon_options *options);

/* Starts, for a config or state that is to be refused: the exit status, or -1 when it serves instead (it
 * is ended then). *words: what it said on standard error; the caller frees. */
int daemon_refusal(const struct daemon_options *options, char **words);

/* The end of every test: NULL, or what was wrong (the caller frees). Frees the daemon. */
char *daemon_stop(struct daemon *daemon);

void daemon_kill(struct daemon *daemon); /* SIGKILL and reaped; start again with daemon_restart */
void daemon_signal(struct daemon *daemon, int number);
bool daemon_await_exit(struct daemon *daemon, unsigned ms, int *status); /* status of waitpid */
void daemon_restart(struct daemon *daemon); /* after kill or exit; same folder, must become ready */
bool daemon_try_restart(struct daemon *daemon,
                        int *status); /* false: it refused with that status */
void daemon_set_wrapper(struct daemon *daemon, const char *const *wrapper); /* for the next start */
void daemon_set_config(struct daemon *daemon, const char *config);          /* rewrites the file */
void daemon_expect_errors(struct daemon *daemon, const char *const *parts); /* replaces the list */

/* Where it listens, "127.0.0.1:41234"; valid until the next start. */
const char *daemon_address(const struct daemon *daemon, const char *listener);
const char *daemon_front(const struct daemon *daemon); /* of listener "http" */
const char *daemon_api(const struct daemon *daemon);
const char *daemon_folder(const struct daemon *daemon);
const char *daemon_socket(const struct daemon *daemon); /* run/admin.sock */
const char *daemon_config_path(const struct daemon *daemon);
pid_t daemon_pid(const struct daemon *daemon); /* of switchyard itself, not of a wrapper */
bool daemon_is_alive(const struct daemon *daemon);
char *daemon_log(const struct daemon *daemon); /* all of it; the caller frees */
char *daemon_access_log(const struct daemon *daemon);
bool daemon_await_log(const struct daemon *daemon, const char *part, unsigned ms);
bool daemon_await_access(const struct daemon *daemon, const char *part, unsigned ms);

/* A number of /metrics: the sum of all samples whose line starts with `series` ("name" or "name{part"),
 * and has `part` in its labels ("" : any). -1 when there is none. */
double daemon_metric(const struct daemon *daemon, const char *name, const char *part);

/* Requests in flight by /metrics become 0. */
bool daemon_await_idle(const struct daemon *daemon, unsigned ms);

#endif
