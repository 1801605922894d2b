/*
 * Header fields in values: rules that set or add one, names of ones to remove, and names of fields
 * that carry something of ours. What belongs to the connection, to framing or to us is refused: the
 * same names that http/header_rules.h leaves alone (this room cannot ask it). Pure.
 */
#ifndef CONFIG_OPTION_FIELD_PRIV_H
#define CONFIG_OPTION_FIELD_PRIV_H

#include <stdbool.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

/* "Name: value" and "Name". */
MUST_CHECK int option_field_parse_rule(struct slice text, bool is_response, char **out,
                                       struct text *why);
MUST_CHECK int option_field_parse_name(struct slice text, bool is_response, char **out,
                                       struct text *why);

/* Of a field that says which slot is meant: NULL, or what is wrong with the name. */
const char *option_field_judge_name(struct slice name);

#endif
