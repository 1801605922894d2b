/*
 * The configuration as text again: with every default, in the syntax it is read from, so that loading
 * it yields an equal tree. Only secrets are missing: in their place stands "(secret)", which loading
 * refuses. Pure, any thread.
 */
#ifndef CONFIG_DUMP_H
#define CONFIG_DUMP_H

#include <stddef.h>
#include <stdint.h>

struct config;
struct text;

void dump_config(const struct config *config, struct text *out);

/* Of the dump with its secrets, and of the files that options name: equal configurations have equal
 * hashes, over versions of the file's layout. */
uint64_t dump_hash(const struct config *config);

/* Names ("workers", "api.bind" …) of the options that differ but need a restart to take effect, one
 * per line; the count. */
size_t dump_restart_needed(const struct config *was, const struct config *is, struct text *out);

#endif
