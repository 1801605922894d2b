/*
 * What connections that we open need to speak TLS: whom to believe, which name to expect, and who we are. Terms are one
 * generation of these settings with what their files held: built and checked on the control thread, never changed
 * afterwards. A dialer is what connections are opened with for as long as its owner wants: the terms in force, which a
 * reload replaces.
 */
#ifndef NET_TLS_DIALER_H
#define NET_TLS_DIALER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

struct text;
struct tls_crls;
struct tls_dialer;
struct tls_terms;

/* Texts are borrowed for the call. Lists of OpenSSL have its syntax, names between colons. */
struct tls_dialer_options {
    bool verifies;           /* the peer's certificate, its chain, its dates and its name */
    const char *ca;          /* PEM file with those who are believed; NULL: the system's store */
    const char *crl;         /* PEM file with the lists of those in ca; NULL: none are asked */
    const char *name;        /* a host or an address; NULL: the host that is dialled */
    const char *sni;         /* NULL: the expected name, unless that is an address */
    const char *certificate; /* PEM file with our certificate, chain and key; NULL: none */
    bool needs_13;           /* nothing older than TLS 1.3, else 1.2 */
    const char *ciphers;     /* of TLS 1.2 */
    const char *ciphersuites;
    const char *groups;
};

struct tls_dialer *tls_dialer_new(void);
void tls_dialer_free(struct tls_dialer *dialer); /* after every connection of it */

/* Reads and checks everything; ERR_* and words (what is wrong, and the remedy) otherwise. Control thread, as all that
 * follows. */
MUST_CHECK int tls_dialer_build(const struct tls_dialer_options *options, struct text *words,
                                struct tls_terms **out);

/* New connections take these terms, which are taken over; kept ones are of the past (tls_dial_is_current). */
void tls_dialer_publish(struct tls_dialer *dialer, struct tls_terms *terms);
bool tls_dialer_is_ready(const struct tls_dialer *dialer); /* terms were published */

void tls_terms_unpin(struct tls_terms *terms); /* that were not published */

/* When our certificate ends, since 1970; 0: there is none. */
int64_t tls_terms_not_after_s(const struct tls_terms *terms);

/* The lists of revoked certificates that are in force, until the next publish; NULL: none. */
const struct tls_crls *tls_dialer_crls(const struct tls_dialer *dialer);

/* The settings, and what their files look like now (sizes, times): another number when something changed. */
uint64_t tls_dialer_stamp(const struct tls_dialer_options *options);

#endif
