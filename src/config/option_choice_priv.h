/*
 * Options that are one word of a list, true and false among them. Pure.
 */
#ifndef CONFIG_OPTION_CHOICE_PRIV_H
#define CONFIG_OPTION_CHOICE_PRIV_H

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"
#include "config/option_table_priv.h"

/* The words in the order of the enum, NULL at the end; NULL: it is no such kind. */
const char *const *option_choice_words(enum option_kind kind);

MUST_CHECK int option_choice_parse(const struct option_row *row, struct slice text, void *field,
                                   struct text *why);

#endif
