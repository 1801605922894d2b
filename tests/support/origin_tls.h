/*
 * TLS of an origin: from origin_secure on, what it accepts begins with a handshake, and scripts and answers go inside of
 * it. Counts what it has seen. Test thread.
 */
#ifndef SUPPORT_ORIGIN_TLS_H
#define SUPPORT_ORIGIN_TLS_H

#include <stdbool.h>

struct origin;

struct origin_tls_options {
    const char *file;      /* PEM: key, certificate, chain */
    const char *client_ca; /* PEM: a certificate of it is required; NULL: none is asked for */
    int most;              /* TLS1_2_VERSION …; 0: 1.3 */
    bool cuts;             /* connections end by FIN without close_notify */
    bool has_no_tickets;
};

/* For connections from now on; again: with other options, and tickets of before are good no more. */
void origin_secure(struct origin *origin, const struct origin_tls_options *options);

struct origin_tls_view {
    unsigned handshakes; /* that succeeded; of them resumed */
    unsigned resumed;
    unsigned failed;
    char sni[64];     /* of the last one; "": none */
    char subject[64]; /* common name of the last peer's certificate; "": none */
    char alpn[64];    /* what the last one offered first; "": nothing */
    char version[16]; /* "TLSv1.3" */
};
void origin_tls_view(const struct origin *origin, struct origin_tls_view *out);

#endif
