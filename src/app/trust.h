/*
 * TLS to targets over the life of the process: which certificates the switch believes, and which it shows, per slot.
 * Files are read and checked with the configuration (prepare, then commit or cancel, so that a bad one changes nothing)
 * and on command. Thread: control.
 */
#ifndef APP_TRUST_H
#define APP_TRUST_H

#include "base/check.h"
#include "control/admin.h"

struct config;
struct tls_dialer;
struct trust;
struct vault;

struct trust *trust_new(void);
void trust_free(struct trust *trust); /* after all that opens connections to targets */

/* Reads what the configuration names, where it or the files have changed; ERR_* and words, and then nothing is kept.
 * What no target has used yet is in force at once. */
MUST_CHECK int trust_prepare(struct trust *trust, const struct config *config, char *words,
                             unsigned words_size);
void trust_cancel(struct trust *trust);

/* What was prepared is in force for new connections. */
void trust_commit(struct trust *trust, const struct config *config);

/* Reads the files again, those of the vault, too: all, or with an error none. words in both cases. */
MUST_CHECK int trust_reload(struct trust *trust, struct vault *vault, const struct config *config,
                            char *words, unsigned words_size);

/* Files that have changed since are read again, each slot for itself; what is refused stays as it was, and is said once
 * for each change. To be called now and then. */
void trust_watch(struct trust *trust, const struct config *config);

/* Only whether everything could be read. words in both cases: what is wrong, or a warning, or "". */
MUST_CHECK int trust_check(const struct config *config, char *words, unsigned words_size);

/* With what a listener of our own is asked, which proves nothing of its certificate: it is nobody else's, and the name
 * that clients would check is their business. It lives as long as the trust. */
struct tls_dialer *trust_front(struct trust *trust);

/* With what connections to the targets of that slot are opened; it lives as long as the trust. */
struct tls_dialer *trust_dialer(struct trust *trust, const char *service, const char *slot);

void trust_each_crl(const struct trust *trust, tls_crl_fn *fn, void *arg);

#endif
