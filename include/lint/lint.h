/*
 * The migration linter: reads SQL files with PostgreSQL's own grammar and says what they do to the version of the
 * application that goes on running. Runs in a process of its own, never in the daemon: the parser may abort on odd
 * input. One thread.
 */
#ifndef LINT_LINT_H
#define LINT_LINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"
#include "lint/report.h"

enum lint_format { LINT_HUMAN, LINT_JSON, LINT_GCC };

enum { LINT_INPUT_MAX = 16 << 20, LINT_MEMORY_DEFAULT = 2047 << 20, LINT_TIME_DEFAULT_S = 60 };

struct lint_options {
    const char *const *paths; /* "-" is standard input */
    unsigned path_count;
    bool is_recursive;
    bool is_independent;  /* each file begins at the baseline; otherwise they build on each other */
    const char *baseline; /* DDL to begin with, or NULL */
    const char *baseline_dsn; /* the same asked of a server, or NULL */
    const char *applied;      /* "VERSION [SHA256]" lines, or NULL */
    const char *verify_dsn;   /* a server to compare with, or NULL */
    unsigned pg_version;
    enum lint_wrap wrap;
    bool is_parallel; /* strategy=parallel */
    bool is_reason_optional;
    bool shows_advice;
    bool is_enabled[LINT_RULES]; /* rules that are off unless asked for */
    enum lint_class fail_on;
    enum lint_level max_level;
    enum lint_format format;
    uint64_t input_max_bytes;
    uint64_t memory_max_bytes;
    uint64_t time_max_us;
};

/* Where the run is, for whoever watches it from outside: shared memory, or NULL. */
struct lint_progress {
    char path[512];
    unsigned line;
    bool is_over; /* all was judged and printed */
};

struct lint;

void lint_options_init(struct lint_options *options);

/* Reads and judges everything that the options name; options stay the caller's and must outlive it. */
struct lint *lint_run(const struct lint_options *options, struct lint_progress *progress);

/* Judges one piece of text as if it were the file of that path; for tests and fuzzing. */
struct lint *lint_run_text(const struct lint_options *options, const char *path,
                           struct slice baseline, struct slice text);
const struct lint_report *lint_report_of(const struct lint *lint);
const struct lint_options *lint_options_of(const struct lint *lint);

/* The DDL that the run began with; "" when there is none. Valid until lint_free. */
struct slice lint_baseline_of(const struct lint *lint);

/* A line for everything that kept the run from its answer (an unreadable baseline): "" when there is none. */
const char *lint_trouble_of(const struct lint *lint);

/* 0, 1 (something could not be read) or 3 (refused by --fail-on or --max-level). */
int lint_code(const struct lint *lint);
void lint_free(struct lint *lint);

#endif
