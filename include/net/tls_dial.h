/*
 * TLS over a connected stream, our side as the client: after tls_dial_begin and a finished handshake the verbs of
 * net/stream.h mean the bytes inside of TLS. Only who opens a connection needs these; who uses it does not. Thread: the
 * loop's.
 */
#ifndef NET_TLS_DIAL_H
#define NET_TLS_DIAL_H

#include <stdbool.h>

#include "base/check.h"
#include "base/fault.h"
#include "base/slice.h"

struct stream;
struct tls_dialer;
struct tls_sessions;

/* authority: the host that is dialled, a port may follow. sessions: pinned for the connection; NULL: none are kept. The
 * dialer is ready. */
void tls_dial_begin(struct stream *stream, struct tls_dialer *dialer, struct slice authority,
                    struct tls_sessions *sessions);

/* Goes on with the handshake. 0: done; ERR_AGAIN: wait for on_ready; ERR_DENIED: it failed, *fault says why (TARGET_TLS
 * or TARGET_CERT) and tls_dial_words in words. */
MUST_CHECK int tls_dial_handshake(struct stream *stream, enum fault *fault);

/* Why the last handshake of this thread failed; for people, plain ASCII without quotes. */
const char *tls_dial_words(void);

/* It was opened under the terms that are in force now. */
bool tls_dial_is_current(const struct stream *stream, const struct tls_dialer *dialer);

/* With which alert the peer ended the connection, in words; NULL: with none. */
const char *tls_dial_alert(const struct stream *stream);

enum { TLS_DIAL_WORDS = 192 };

#endif
