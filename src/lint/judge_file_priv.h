/* Judging one file: its statements in order, then what can be said at its end. Called by lint.c. */
#ifndef LINT_JUDGE_FILE_PRIV_H
#define LINT_JUDGE_FILE_PRIV_H

#include "lint/visit_priv.h"

/* Judges visit->file, whose bytes have been read; visit->options, arena and catalog are set. */
void judge_file(struct visit *visit, struct lint_progress *progress);

/* Replays DDL into the catalog; words says what is wrong with it, as far as it cannot be read (NULL: nothing). */
const char *judge_baseline(struct visit *visit, struct slice text);

/* A place for findings that belong to no statement; findings go there until the next statement. */
void judge_file_aside(struct visit *visit, const char *kind, size_t offset, size_t length);

/* Puts findings in order and computes class, score and level of the file. */
void judge_file_score(struct lint_file *file);

/* The same again, after a finding has been added. */
void judge_file_rescore(struct lint_file *file);

#endif
