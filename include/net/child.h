/*
 * A program that is run for us: started without a shell, in a process group of its own, with nothing of ours open but
 * its input (nothing), output and errors (the first bytes are kept). Its end is an event of the loop; whoever takes too
 * long is ended with its whole group. Owner: who started it. Ends by done or child_cancel. Thread: the loop's.
 */
#ifndef NET_CHILD_H
#define NET_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct child;
struct loop;

enum { CHILD_OUTPUT_MAX = 4096, CHILD_ARGS_MAX = 64, CHILD_NO_START = 127 };

enum child_source { CHILD_OUT, CHILD_ERR };

/* Bytes as they come, never kept here; the last ones come before done. From the loop. */
typedef void child_bytes_fn(void *arg, enum child_source source, const char *bytes, size_t len);

struct child_spec {
    const char *command; /* an absolute path and words behind it, cut at blanks */
    const char *const
        *words; /* instead of command: the same as a list, NULL at the end; words may hold blanks */
    const char *const
        *more; /* "NAME=value" besides PATH and LANG of ours, NULL at the end; NULL: none */
    uint64_t timeout_us; /* then SIGTERM, and SIGKILL a second later */
    int nice;            /* added to our own priority number: 10 lets everybody else go first */

    /* Not NULL: output and errors come here as well, each of its own; then result.output has the first errors alone. */
    child_bytes_fn *on_bytes;
    void *bytes_arg;
};

struct child_result {
    int code;          /* of exit; CHILD_NO_START: it could not be started; -1: ended by a signal */
    int signal;        /* 0: none */
    bool is_timed_out; /* by us */
    bool is_stopped;   /* by child_stop */
    uint64_t duration_us;
    size_t output_len;
    char output[CHILD_OUTPUT_MAX + 1]; /* the first bytes of what it said, terminated */
    char words[160];                   /* "exit 3 after 12 ms" */
};

typedef void child_done_fn(void *arg, const struct child_result *result);

/* done is called once, later, from the loop; the child is gone then. Texts are copied. */
struct child *child_start(struct loop *loop, const struct child_spec *spec, child_done_fn *done,
                          void *arg);

/* Asks it to end, as at the end of its time; done follows, with is_timed_out false and is_stopped true. */
void child_stop(struct child *child);

/* Ends it and its group now, without a word. NULL: nothing. */
void child_cancel(struct child *child);

#endif
