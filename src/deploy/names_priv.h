/*
 * Targets by name and the addresses they have now: collected from a configuration and the decisions, asked all
 * at once, looked up by text. Control thread.
 */
#ifndef DEPLOY_NAMES_PRIV_H
#define DEPLOY_NAMES_PRIV_H

#include <stdbool.h>

#include "base/address.h"
#include "config/config.h"
#include "deploy/state_priv.h"

struct resolver;
struct names;

typedef void names_done_fn(void *arg, struct names *names);

struct names *names_new(void);

/* No question may be open, unless the resolver is gone. NULL is fine. */
void names_free(struct names *names);

/* Texts that are no names are left out; a text twice counts once. */
void names_add(struct names *names, const char *text, const struct endpoint *endpoint);
void names_add_config(struct names *names, const struct config *config);
void names_add_decisions(struct names *names, const struct decisions *decisions);

/* Blocking, for the start. */
void names_resolve_now(struct names *names);

/* done is called once: later, from the loop; at once when there is nothing to ask. */
void names_resolve(struct names *names, struct resolver *resolver, names_done_fn *done, void *arg);

/* 0; ERR_NOT_FOUND: no such name; ERR_AGAIN: the resolver did not answer (*words: what it said). */
MUST_CHECK int names_find(const struct names *names, const char *text, struct address *out,
                          const char **words);

#endif
