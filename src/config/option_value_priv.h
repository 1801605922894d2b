/*
 * The values of options: text of a file into the field of a struct, back into text, and freeing. One
 * row per kind. Pure.
 */
#ifndef CONFIG_OPTION_VALUE_PRIV_H
#define CONFIG_OPTION_VALUE_PRIV_H

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"
#include "config/option_table_priv.h"

/* Every list of the tree has this form: config_texts, config_nets and so on. */
struct option_list {
    void *items;
    size_t count;
};

/* For a list: `field` is one element. ERR_INVALID or ERR_RANGE with words for people in why. */
MUST_CHECK int option_value_parse(const struct option_row *row, struct slice text, void *field,
                                  struct text *why);

/* What is shown in place of a secret; no secret itself. */
#define OPTION_VALUE_MASK "(secret)"

/* Adds the value as a file would have it: a quoted or bare word, or a list in braces. With secrets
 * only for hashes and comparisons: such a text is never shown. */
void option_value_format(const struct option_row *row, const void *field, bool with_secrets,
                         struct text *out);

/* Frees what the field owns, not the field. */
void option_value_free(const struct option_row *row, void *field);

/* Bytes of one element of a list kind. */
size_t option_value_element_size(enum option_kind kind);

/* Adds s in double quotes, with the escapes that the scanner knows. */
void option_value_quote(struct text *out, struct slice s);

/* "json or combined" for a kind of one word of a list; false when it is none. */
bool option_value_choices(enum option_kind kind, struct text *out);

/* A name of a service, slot, listener or group: what metrics and commands can carry as it is. */
bool option_value_is_name(struct slice s);

#endif
