/*
 * What OpenSSL is told once, before anything in the process uses it. Main thread.
 */
#ifndef NET_TLS_PROCESS_H
#define NET_TLS_PROCESS_H

/* No file decides for us how we speak TLS: openssl.cnf and $OPENSSL_CONF are not read. */
void tls_process_begin(void);

#endif
