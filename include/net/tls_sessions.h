/*
 * A few sessions of one peer, so that the next connections to it need no full handshake. Those of other terms are never
 * offered, and those whose certificate has ended neither. Owner: its pins. One thread, its loop's.
 */
#ifndef NET_TLS_SESSIONS_H
#define NET_TLS_SESSIONS_H

struct tls_sessions;

struct tls_sessions *tls_sessions_new(void); /* with one pin */
void tls_sessions_unpin(struct tls_sessions *sessions);

#endif
