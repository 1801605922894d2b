/* The report as one JSON object; docs/migrations.md names its members. Any thread. */
#ifndef LINT_PRINT_JSON_PRIV_H
#define LINT_PRINT_JSON_PRIV_H

#include "base/text.h"
#include "lint/lint.h"

void print_json(const struct lint_report *report, const struct lint_options *options, int code,
                struct text *out);

#endif
