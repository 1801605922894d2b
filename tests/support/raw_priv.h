/* Between raw.c and raw_text.c. */
#ifndef SUPPORT_RAW_PRIV_H
#define SUPPORT_RAW_PRIV_H

#include <stdbool.h>

#include "base/text.h"

bool raw_next_line(struct slice *rest, struct slice *line);
bool raw_matches(struct slice text, const char *pattern, bool nocase);
void raw_check_added(struct slice request, const char *pattern, struct text *why);

#endif
