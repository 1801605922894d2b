/*
 * What the service manager is told (sd_notify(3)), by datagrams of our own: no library is needed for a few bytes. Without
 * a manager nothing happens. Thread: control.
 */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include <stdint.h>

struct loop;
struct notify;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the environment: no child is to speak for
 * us. The watchdog is told from the loop, at half its time, as long as the loop turns. Never NULL. */
struct notify *notify_new(struct loop *loop);
void notify_free(struct notify *notify);

/* Lines as sd_notify(3) has them, in one datagram; lost when the manager does not take it. */
void notify_send(const struct notify *notify, const char *lines);

void notify_ready(const struct notify *notify);

/* With the time that Type=notify-reload asks for, in the same datagram; notify_ready ends it. */
void notify_reloading(const struct notify *notify);

/* words: one line for people. Sent only when it is another one than the last. */
void notify_status(struct notify *notify, const char *words);

/* We stop, and may need so much longer from now. */
void notify_stopping(const struct notify *notify, uint64_t more_us);

#endif
