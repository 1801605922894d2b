/* The listening socket of the relay and the origin. */
#ifndef LISTEN_SOCKET_H
#define LISTEN_SOCKET_H

#include "base/check.h"

struct address;

/* Non-blocking, with TCP_NODELAY for what it accepts; the descriptor or ERR_IO with errno set. */
MUST_CHECK int listen_socket_open(const struct address *address);

#endif
