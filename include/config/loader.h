/*
 * Reads a configuration: text, includes and environment, blocks by libConfuse, values by the table
 * of options, cross-checks. All or nothing. libConfuse's scanner keeps state of its own, so one
 * thread at a time (the control thread).
 */
#ifndef CONFIG_LOADER_H
#define CONFIG_LOADER_H

#include <stdbool.h>

#include "base/check.h"
#include "base/slice.h"

struct config;
struct report;

/* ERR_INVALID with errors in the report, or the tree, which the caller frees with config_free.
 * Warnings may be in the report in both cases; the entries are sorted. */
MUST_CHECK int loader_load_file(const char *path, struct report *report, struct config **out);

/* The same for a text; `name` stands for the file in messages and is where includes start from. */
MUST_CHECK int loader_load_text(struct slice text, const char *name, struct report *report,
                                struct config **out);

#endif
