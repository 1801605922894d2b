/*
 * One connection to the demo app: reads requests one after another, lets each be answered, and sends
 * the answers in order with bounded buffers on both sides. One thread.
 */
#ifndef DEMO_SESSION_H
#define DEMO_SESSION_H

#include <event2/util.h>

struct demo;
struct demo_session;

/* Takes the accepted socket and joins demo->sessions. */
void demo_session_start(struct demo *demo, evutil_socket_t fd);

/* Closes at once and frees. */
void demo_session_close(struct demo_session *session);

/* Closes idle sessions now and the others after their answer; needs demo->is_stopping. */
void demo_session_stop_all(struct demo *demo);

#endif
