/*
 * Comments that speak to the linter: switchyard:ignore RULE, RULE -- reason, switchyard:ignore-file,
 * switchyard:contract after=V, switchyard:transaction=wrap|none, and squawk's ignore comments. Called by judge_file.c.
 */
#ifndef LINT_ANNOTATION_PRIV_H
#define LINT_ANNOTATION_PRIV_H

#include "lint/lexer_priv.h"
#include "lint/visit_priv.h"

/* What the comments say of the file as a whole: its transaction mode and whether it is a contract. */
void annotation_read(struct visit *visit, const struct lexer *lexer, struct slice bytes);

/* Marks what is suppressed and complains about comments that suppress nothing. The file's statements are complete. */
void annotation_apply(struct visit *visit, const struct lexer *lexer, struct slice bytes);

#endif
