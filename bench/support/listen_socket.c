/* See listen_socket.h. */
#include "support/listen_socket.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include "base/address.h"
#include "base/err.h"

int listen_socket_open(const struct address *address)
{
    int on = 1;
    int fd = socket(address->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return ERR_IO;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, &address->sa.any, address->len) == 0 && listen(fd, 65535) == 0)
        return fd;
    close(fd);
    return ERR_IO;
}
