/* TLS of an origin's connections, for origin.c and origin_serve.c. On the connection's own thread. */
#ifndef SUPPORT_ORIGIN_TLS_PRIV_H
#define SUPPORT_ORIGIN_TLS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct origin;
struct origin_line;

/* The handshake, where the origin has TLS; false: it failed. */
bool origin_tls_accept(struct origin_line *line);

/* As recv and send, for both kinds. */
ssize_t origin_tls_recv(struct origin_line *line, void *bytes, size_t size);
ssize_t origin_tls_send(struct origin_line *line, const void *bytes, size_t size);
void origin_tls_end(struct origin_line *line); /* close_notify, unless it is to be cut */
void origin_tls_drop(struct origin_line *line);
void origin_tls_fini(struct origin *origin);

#endif
