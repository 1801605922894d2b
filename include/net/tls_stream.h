/*
 * TLS over an open stream, our side as the server: after tls_stream_begin and a finished handshake the verbs of
 * net/stream.h mean the bytes inside of TLS. Only who begins a connection needs these; who uses it does not. Thread: the
 * loop's.
 */
#ifndef NET_TLS_STREAM_H
#define NET_TLS_STREAM_H

#include <stdbool.h>

#include "base/check.h"
#include "base/fault.h"
#include "base/slice.h"

struct stream;
struct tls_keeper;

/* early: bytes that were read from the stream before, and belong to TLS; copied. */
void tls_stream_begin(struct stream *stream, struct tls_keeper *server, struct slice early);

/* Goes on with the handshake. 0: done; ERR_AGAIN: wait for on_ready; ERR_DENIED: it failed, the stream is plain again
 * (an alert is on its way where one is due) and *fault says why. FAULT_TLS_PLAIN: an answer in clear may follow. */
MUST_CHECK int tls_stream_handshake(struct stream *stream, enum fault *fault);

/* Why the last handshake of this thread failed, in OpenSSL's words; for logs. */
const char *tls_stream_words(void);

bool tls_stream_is_on(const struct stream *stream);
bool tls_stream_is_resumed(const struct stream *stream);

/* Whether a request for this host (without port) may come over this connection: it is the name that the client asked
 * for, or the certificate covers it. True for plain streams. */
bool tls_stream_covers(const struct stream *stream, struct slice host);

/* Header lines with their CRLFs that say who the client is, by its certificate; empty where none is asked for. */
struct slice tls_stream_client(const struct stream *stream);

/* The longest that tls_stream_client gives. */
enum { TLS_CLIENT_LINES = 768, TLS_FINGERPRINT_SIZE = 65 };

/* Who the client is, by the certificate that it has shown and that was good then. */
struct tls_identity {
    char subject[TLS_CLIENT_LINES];    /* as of RFC 2253 */
    char sha256[TLS_FINGERPRINT_SIZE]; /* hexadecimal, lower case */
};
bool tls_stream_identity(const struct stream *stream, struct tls_identity *out); /* false: none */

/* Whether that certificate is good now, by its dates and the authorities that the server believes by now; also after a
 * reload has changed them. Control thread. */
bool tls_stream_is_believed(const struct stream *stream, const struct tls_keeper *server);

#endif
