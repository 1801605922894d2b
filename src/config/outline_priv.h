/*
 * A first walk over the tokens, for what libConfuse would accept silently or stop at: unknown words,
 * words of a later version, a key or block given twice, blocks that are not closed. What is wrong is
 * reported and skipped, so that one run finds all of it.
 */
#ifndef CONFIG_OUTLINE_PRIV_H
#define CONFIG_OUTLINE_PRIV_H

#include <stdbool.h>

#include "config/scan_priv.h"

/* False when a block is not closed: the grammar would only say so again. */
bool outline_check(struct scan *scan);

#endif
