/* Sockets that were opened for us: see heirloom.h. */
#include "app/heirloom.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

enum { FIRST_FD = 3, FDS_MAX = 1024, NAME_BYTES = 256 };

struct heir {
    int fd; /* -1: taken */
    char name[NAME_BYTES];
    struct address address;
};

struct heirloom {
    struct heir *heirs;
    unsigned count;
};

/* A socket that listens: everything else cannot be what is meant. */
static bool take_socket(int fd, struct heir *heir)
{
    struct address *address = &heir->address;
    int is_listening = 0;
    int type = 0;
    socklen_t size = sizeof type;

    address->len = sizeof address->sa;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return false;
    size = sizeof is_listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) != 0 || !is_listening)
        return false;
    if (getsockname(fd, &address->sa.any, &address->len) != 0)
        return false;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return false;
    heir->fd = fd;
    return true;
}

/* The names stand in the order of the descriptors, with ':' between. */
static void cut_name(const char **names, char out[NAME_BYTES])
{
    size_t len = *names != NULL ? strcspn(*names, ":") : 0;

    snprintf(out, NAME_BYTES, "%.*s", (int)(len < NAME_BYTES ? len : NAME_BYTES - 1),
             *names != NULL ? *names : "");
    if (*names != NULL)
        *names = (*names)[len] == ':' ? *names + len + 1 : NULL;
}

static unsigned read_count(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *fds = getenv("LISTEN_FDS");
    uint64_t number = 0;
    uint64_t count = 0;

    if (pid == NULL || fds == NULL || num_parse_u64(slice_from(pid), UINT64_MAX, &number) < 0 ||
        number != (uint64_t)getpid() || num_parse_u64(slice_from(fds), FDS_MAX, &count) < 0)
        return 0;
    return (unsigned)count;
}

struct heirloom *heirloom_new(void)
{
    struct heirloom *heirloom = mem_zalloc(sizeof *heirloom);
    const char *names = getenv("LISTEN_FDNAMES");
    unsigned count = read_count();

    heirloom->heirs = mem_zalloc((count + 1) * sizeof *heirloom->heirs);
    for (unsigned i = 0; i < count; i++) {
        struct heir *heir = &heirloom->heirs[heirloom->count];
        int fd = FIRST_FD + (int)i;

        cut_name(&names, heir->name);
        if (take_socket(fd, heir)) {
            heirloom->count++;
        } else {
            LOG_WARN("inherit", "descriptor=%d name=%.60s is no listening stream socket", fd,
                     heir->name);
            close(fd);
        }
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return heirloom;
}

void heirloom_free(struct heirloom *heirloom)
{
    char address[ADDRESS_TEXT_SIZE];

    if (heirloom == NULL)
        return;
    for (unsigned i = 0; i < heirloom->count; i++) {
        if (heirloom->heirs[i].fd < 0)
            continue;
        address_format(&heirloom->heirs[i].address, address);
        LOG_WARN("inherit", "name=%.60s address=%s belongs to no listener and is closed",
                 heirloom->heirs[i].name, address);
        close(heirloom->heirs[i].fd);
    }
    free(heirloom->heirs);
    free(heirloom);
}

static int take(struct heir *heir)
{
    int fd = heir->fd;

    heir->fd = -1;
    return fd;
}

int heirloom_take(struct heirloom *heirloom, const char *name, const struct address *address)
{
    for (unsigned i = 0; i < heirloom->count; i++)
        if (heirloom->heirs[i].fd >= 0 && strcmp(heirloom->heirs[i].name, name) == 0)
            return take(&heirloom->heirs[i]);
    for (unsigned i = 0; address != NULL && i < heirloom->count; i++)
        if (heirloom->heirs[i].fd >= 0 && address_is_equal(&heirloom->heirs[i].address, address))
            return take(&heirloom->heirs[i]);
    return -1;
}
