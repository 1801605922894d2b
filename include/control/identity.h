/*
 * The keys that tokens are checked with and who may what by them, over reloads: app makes it once, prepares the next keys
 * while a reload is checked, and exchanges them when it is in force. Thread: control.
 */
#ifndef CONTROL_IDENTITY_H
#define CONTROL_IDENTITY_H

#include "base/check.h"

struct config_api;
struct identity;

/* Reads the keys that config names; nothing of config is kept. ERR_*: words name the file and the remedy, and nothing was made. */
MUST_CHECK int identity_new(const struct config_api *config, char *words, unsigned words_size,
                            struct identity **out);
void identity_free(struct identity *identity); /* NULL is fine */

/* The same for the next configuration, beside what is in force. Then commit, which cannot fail, or cancel; without a prepare
 * before, both do nothing. Who was refused how often is kept. */
MUST_CHECK int identity_prepare(struct identity *identity, const struct config_api *config,
                                char *words, unsigned words_size);
void identity_commit(struct identity *identity);
void identity_cancel(struct identity *identity);

#endif
