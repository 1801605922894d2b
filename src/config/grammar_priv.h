/*
 * The blocks as libConfuse reads them: its option arrays are made from options.def, it gets the
 * tokens one per line, so that its line number names the token, and every value keeps that number.
 */
#ifndef CONFIG_GRAMMAR_PRIV_H
#define CONFIG_GRAMMAR_PRIV_H

#include <confuse.h>
#include <stdbool.h>

#include "base/check.h"
#include "config/option_table_priv.h"
#include "config/scan_priv.h"

/* A value of the file. */
struct located {
    size_t token; /* index into scan.tokens */
    char text[];
};

/* Owner: whoever reads it; ends by grammar_fini. The scan must outlive it. */
struct grammar {
    const struct scan *scan;
    cfg_t *root;
    size_t *lines; /* token of each line that libConfuse saw */
    size_t line_count;
    size_t error_count;
};

/* ERR_INVALID when libConfuse refused the form; the report says where. grammar_fini in any case. */
MUST_CHECK int grammar_read(struct grammar *grammar, const struct scan *scan);
void grammar_fini(struct grammar *grammar);

/* An empty list is given, too. */
bool grammar_is_given(cfg_t *block, const char *name);
size_t grammar_value_count(cfg_t *block, const char *name);
const struct located *grammar_value(cfg_t *block, const char *name, size_t index);
size_t grammar_block_count(cfg_t *block, const char *word);
cfg_t *grammar_block(cfg_t *block, const char *word, size_t index);

/* The token that began a block. */
size_t grammar_block_token(const struct grammar *grammar, const cfg_t *block);

#endif
