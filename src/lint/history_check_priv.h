/* What file names and the list of applied files say: versions used twice, left out, changed, out of order. */
#ifndef LINT_HISTORY_CHECK_PRIV_H
#define LINT_HISTORY_CHECK_PRIV_H

#include "lint/visit_priv.h"

/* "VERSION [SHA256]" lines that have been applied; # begins a comment. Owner: the caller; ends by _fini. */
struct applied_list {
    struct applied *rows;
    size_t count;
};

/* False: a line is no version; *line says which. */
bool history_check_read(struct slice text, struct applied_list *out, unsigned *line);
void history_check_fini(struct applied_list *list);

/* Findings about the name of visit->file, and its place behind `before` (NULL: the first versioned one). */
void history_check_file(struct visit *visit, const struct lint_file *before,
                        const struct applied_list *applied);

/* After scoring: a small version with a great change. */
void history_check_class(struct visit *visit);

#endif
