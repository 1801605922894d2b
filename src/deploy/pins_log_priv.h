/*
 * The file of a scope's run-time pins as text. A head of fixed length, then as many lines as the head says (the
 * first part: what was decided when the file was made), then lines that were added since. How many bytes of
 * these count, and their checksum, stands in the state file: its rename is what commits them.
 *
 *   switchyard-pins 1 <records> <bytes> <sum of the first part>\n
 *   +TENANT SLOT\n     pinned
 *   -TENANT\n          not pinned any more
 *   !TENANT\n          not pinned, whatever the configuration says
 *
 * Pure.
 */
#ifndef DEPLOY_PINS_LOG_PRIV_H
#define DEPLOY_PINS_LOG_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"
#include "deploy/state_pins_priv.h"
#include "deploy/tenant_table_priv.h"

enum { PINS_LOG_HEAD = 77 };
#define PINS_LOG_BYTES_MAX (1ULL << 31)

/* Appends a line to the text and to the stretch. */
void pins_log_add(struct text *out, struct pins_stretch *stretch, enum tenant_op op,
                  struct slice tenant, const char *slot);

/* The head in front of a first part; out is terminated. */
void pins_log_head(const struct pins_stretch *first, char out[PINS_LOG_HEAD + 1]);

/* Name of a file: "pins-SCOPE-NUMBER.log"; the number, or 0 when it is no such name. */
bool pins_log_name(const char *scope, uint64_t number, char *out, size_t size);
uint64_t pins_log_number(const char *name);

/*
 * Applies what counts of a file to a table without a base: the first part, then what `added` says. *first is
 * what the head said. ERR_CORRUPT, *why says what; ERR_VERSION: a newer format.
 */
MUST_CHECK int pins_log_read(struct slice bytes, const struct pins_stretch *added,
                             struct tenant_table *table, struct pins_stretch *first,
                             const char **why);

#endif
