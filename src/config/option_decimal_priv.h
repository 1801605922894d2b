/*
 * Options with a fraction: shares "5%", differences of shares "0.5pp", ratios "x1.5" and plain numbers "0.001". They
 * are kept as millionths, so that a dump shows what was written. Pure.
 */
#ifndef CONFIG_OPTION_DECIMAL_PRIV_H
#define CONFIG_OPTION_DECIMAL_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"
#include "config/option_kind_priv.h"

enum { OPTION_DECIMAL_ONE = 1000000 };

bool option_decimal_is(enum option_kind kind);

/* "off" is 0. ERR_INVALID: it is none of the kind; ERR_RANGE: more digits than millionths have. */
MUST_CHECK int option_decimal_parse(enum option_kind kind, struct slice text, uint64_t *millionths);

/* As a file would have it, with quotes where it needs them. */
void option_decimal_format(enum option_kind kind, uint64_t millionths, struct text *out);

/* How such a value is written. */
void option_decimal_explain(enum option_kind kind, struct slice text, struct text *why);

#endif
