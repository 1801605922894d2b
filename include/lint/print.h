/* The report in words, as JSON, or one line per finding as compilers write them. Any thread. */
#ifndef LINT_PRINT_H
#define LINT_PRINT_H

#include "base/text.h"
#include "lint/lint.h"

/* Appends the whole report in the format of the options. code: what the program will end with. */
void print_report(const struct lint *lint, const struct lint_options *options, int code,
                  struct text *out);

/* Why a file was not linted. */
void print_trouble(const struct lint_file *file, const struct lint_options *options,
                   struct text *out);

#endif
