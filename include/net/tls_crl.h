/*
 * Lists of revoked certificates (CRLs) as people see them: of the clients of a listener, or of the targets of a slot.
 * Control thread.
 */
#ifndef NET_TLS_CRL_H
#define NET_TLS_CRL_H

#include <stddef.h>
#include <stdint.h>

/* Valid as long as its list. */
struct tls_crl_view {
    const char *file;
    const char *issuer;   /* its name, plain ASCII */
    int64_t not_before_s; /* since 1970 */
    int64_t not_after_s;  /* the next one is due; 0: it does not say */
    size_t revoked;       /* certificates in it */
};

struct tls_crls;

size_t tls_crls_count(const struct tls_crls *crls); /* NULL: 0 */
void tls_crls_view(const struct tls_crls *crls, size_t index, struct tls_crl_view *out);

#endif
