/*
 * Listening sockets that the service manager opened for us (socket activation, sd_listen_fds(3)): they are taken by name,
 * else by address. While they are held by the manager no client is refused, whatever becomes of this process. Thread:
 * control.
 */
#ifndef APP_HEIRLOOM_H
#define APP_HEIRLOOM_H

struct address;
struct heirloom;

/* Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES and takes them out of the environment. What is no listening stream
 * socket is closed and said. Never NULL. */
struct heirloom *heirloom_new(void);

/* Closes what nobody took, and says so. */
void heirloom_free(struct heirloom *heirloom);

/* The socket of that name, else one on that address (NULL: by name alone); the caller's from now on. -1: there is
 * none. */
int heirloom_take(struct heirloom *heirloom, const char *name, const struct address *address);

#endif
