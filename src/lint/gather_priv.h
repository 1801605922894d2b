/* Finding the files of a run and reading them. Called by lint.c. */
#ifndef LINT_GATHER_PRIV_H
#define LINT_GATHER_PRIV_H

#include "base/arena.h"
#include "lint/lint.h"

/* Every file of the options' paths in the order in which a runner takes them: what is named stays in its place, what
 * a folder holds comes in version order. Sizes are checked before reading; bytes are the caller's to free. */
struct lint_file *gather_files(const struct lint_options *options, struct arena *arena);

/* One file read into memory: bytes, length, trouble. */
void gather_read(struct lint_file *file, uint64_t max_bytes);

/* A file that was read elsewhere; text is copied. */
struct lint_file *gather_text(struct arena *arena, const char *path, struct slice text);

#endif
