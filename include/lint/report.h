/*
 * What a run of the linter found: files, their statements, the findings of each. Filled by lint.c, read by the
 * printers and by the comparison with a real server. Owner: the run; all of it lies in the run's arena.
 */
#ifndef LINT_REPORT_H
#define LINT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lint/rule.h"

struct lint_finding {
    struct lint_finding *next;
    enum lint_rule_id rule;
    enum lint_class class; /* the rule's, or what a contract file makes of it */
    unsigned points;
    enum lint_lock lock;
    const char *relation; /* "" when there is none */
    const char *message;
    const char *instead; /* lines */
    unsigned line;       /* from 1 */
    unsigned column;     /* from 1, in characters */
    bool is_suppressed;
    const char *reason; /* of the suppression; "" when none was given */
};

/* A table, view or materialized view that the statement locks; `is_new`: made in the same file. */
struct lint_touch {
    struct lint_touch *next;
    const char *relation;
    enum lint_lock lock;
    bool is_new;
};

struct lint_statement {
    struct lint_statement *next;
    unsigned index; /* from 1; 0: about the file, or a command of psql */
    const char *kind;
    const char *fingerprint; /* "" when there is none */
    size_t offset;           /* bytes; behind blanks and comments */
    size_t length;
    unsigned line;
    unsigned column;
    enum lint_lock lock; /* the strongest on what existed before */
    bool is_rewrite;     /* of a table that existed before */
    bool is_parsed;
    bool is_open; /* inside an explicit transaction, or itself one of its borders */
    struct lint_touch *touches;
    struct lint_finding *findings; /* most points first */
};

enum lint_kind { LINT_VERSIONED, LINT_REPEATABLE, LINT_UNDO, LINT_BASELINE, LINT_OTHER };
enum lint_wrap { LINT_AUTO, LINT_WRAP, LINT_NO_WRAP };

/* What is wrong with an input that was not linted. */
enum lint_trouble { LINT_READABLE, LINT_UNREADABLE, LINT_TOO_LARGE };

struct lint_file {
    struct lint_file *next;
    const char *path;
    const char *version; /* "" when it has none */
    const char *description;
    enum lint_kind kind;
    char sha256[65];
    enum lint_wrap wrap;
    const char *contract_after; /* NULL: no contract file */
    char *bytes;                /* terminated; released after printing */
    size_t length;
    enum lint_trouble trouble;
    int error_number; /* of LINT_UNREADABLE */
    enum lint_class class;
    enum lint_level level;
    unsigned score;
    unsigned score_unsuppressed;
    unsigned finding_count; /* above advice, not suppressed */
    unsigned advice_count;
    unsigned suppressed_count;
    struct lint_statement *statements;
};

struct lint_report {
    struct lint_file *files;
    unsigned file_count;
    unsigned finding_count;
    unsigned trouble_count; /* files that were not linted */
    enum lint_class class;
    enum lint_level level;
    unsigned score;
};

#endif
