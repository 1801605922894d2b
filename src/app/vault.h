/*
 * The TLS of the listeners: certificates are read and checked with the configuration (prepare, then commit or cancel, so
 * that a bad one changes nothing), on command, and when their files change; ticket keys are replaced in time. Thread:
 * control.
 */
#ifndef APP_VAULT_H
#define APP_VAULT_H

#include "base/check.h"
#include "control/admin.h"

struct config;
struct loop;
struct tls_keeper;
struct vault;

struct vault *vault_new(struct loop *loop);
void vault_free(struct vault *vault); /* after the workers, whose sessions use it */

/* Reads what the configuration names; ERR_* and words, and then nothing is kept. */
MUST_CHECK int vault_prepare(struct vault *vault, const struct config *config, char *words,
                             unsigned words_size);
void vault_cancel(struct vault *vault);

/* What was prepared is in force for new connections; without a prepare only the settings of time are taken. */
void vault_commit(struct vault *vault, const struct config *config);

/* Reads the files again, of all listeners or, with an error, of none. words in both cases. */
MUST_CHECK int vault_reload(struct vault *vault, const struct config *config, char *words,
                            unsigned words_size);

/* Only whether everything could be read. words in both cases: what is wrong, or a warning, or "". */
MUST_CHECK int vault_check(const struct config *config, char *words, unsigned words_size);

/* What sessions of that listener are given; it lives as long as the vault. */
struct tls_keeper *vault_keeper(struct vault *vault, const char *listener);
void vault_each(const struct vault *vault, tls_list_fn *fn, void *arg);
void vault_each_crl(const struct vault *vault, tls_crl_fn *fn, void *arg);

#endif
