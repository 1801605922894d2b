/*
 * What the demo app answers on which path, and which faults hit the answer. The request's body is
 * already read; /echo is not here, it streams (demo_session.c). One thread.
 */
#ifndef DEMO_HANDLE_H
#define DEMO_HANDLE_H

struct demo;
struct demo_answer;
struct demo_request;

/* Fills an empty answer. */
void demo_handle(struct demo *demo, const struct demo_request *request, struct demo_answer *answer);

#endif
