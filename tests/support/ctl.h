/*
 * The admin side: switchctl (BUILD_DIR/switchctl, or $SWITCHCTL_BIN) with arguments, and the admin socket
 * itself, line by line. Blocking, any thread (a process per call for switchctl).
 */
#ifndef SUPPORT_CTL_H
#define SUPPORT_CTL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "support/daemon.h"

struct ctl_result {
    int code;  /* exit code; -1: ended by a signal or by us after the deadline */
    char *out; /* standard output, terminated */
    char *err;
    uint64_t started_us; /* monotonic, before and after the call */
    uint64_t ended_us;
};

/* Words after `switchctl -s SOCKET`, cut at spaces ("switch shop --to green"). Free with ctl_free. daemon may be NULL
 * for verbs that ask none. */
struct ctl_result ctl_run(const struct daemon *daemon, const char *words);

/* The same with the words given one by one, NULL at the end: for words with spaces in them. */
struct ctl_result ctl_run_words(const struct daemon *daemon, const char *const *words);
void ctl_free(struct ctl_result *result);

/* The exit code only. */
int ctl_code(const struct daemon *daemon, const char *words);

/* With --json: the parsed object (the caller deletes it), NULL when it was no JSON object. */
cJSON *ctl_json(const struct daemon *daemon, const char *words, int *code);

/* A connection to the admin socket. */
struct ctl_line {
    int fd;
    struct text in;
};
bool ctl_open(struct ctl_line *line, const struct daemon *daemon);
void ctl_close(struct ctl_line *line);

/* Sends one line (without its line feed) and gives the answer up to its empty line (valid until the next
 * call), or NULL when the connection ended or ms were over. */
const char *ctl_say(struct ctl_line *line, const char *words, unsigned ms);
bool ctl_post(struct ctl_line *line, const char *words);  /* the first half of it */
const char *ctl_hear(struct ctl_line *line, unsigned ms); /* the second */

#endif
