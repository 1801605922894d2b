/*
 * The grammars of words in values: names, hosts, paths, header fields, targets, statuses. Each parser
 * writes one element and says in `why` what it missed. Pure.
 */
#ifndef CONFIG_OPTION_WORD_PRIV_H
#define CONFIG_OPTION_WORD_PRIV_H

#include <stdbool.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"
#include "config/config_value.h"

bool option_word_is_token(struct slice s);     /* RFC 9110 5.6.2 */
bool option_word_is_printable(struct slice s); /* visible ASCII and inner spaces */

MUST_CHECK int option_word_host(struct slice text, char **out, struct text *why);
MUST_CHECK int option_word_authority(struct slice text, char **out, struct text *why);
MUST_CHECK int option_word_prefix(struct slice text, char **out, struct text *why);
MUST_CHECK int option_word_path(struct slice text, char **out, struct text *why);
MUST_CHECK int option_word_alpn(struct slice text, char **out, struct text *why);
MUST_CHECK int option_word_header(struct slice text, char **out, struct text *why);
MUST_CHECK int option_word_target(struct slice text, struct config_target *out, struct text *why);
MUST_CHECK int option_word_status(struct slice text, struct config_status_range *out,
                                  struct text *why);
MUST_CHECK int option_word_share(struct slice text, uint32_t *out, struct text *why);
MUST_CHECK int option_word_assertion(struct slice text, char **out, struct text *why);
MUST_CHECK int option_word_json_path(struct slice text, char **out, struct text *why);
MUST_CHECK int option_word_hash(struct slice text, struct config_hash *out, struct text *why);
MUST_CHECK int option_word_bind(struct slice text, struct config_bind *out, struct text *why);
MUST_CHECK int option_word_net(struct slice text, struct address_net *out, struct text *why);

#endif
