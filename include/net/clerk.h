/*
 * A thread that does one thing after the other for the control thread, which is told when each is done. Control thread,
 * but for what runs.
 */
#ifndef NET_CLERK_H
#define NET_CLERK_H

#include <stdbool.h>

struct clerk;
struct loop;

struct clerk_task {
    void (*run)(void *arg, const _Atomic bool *is_cut); /* on the thread */
    void (*done)(void *arg, bool was_run); /* on the control thread, always, also by clerk_free */
    void *arg;
};

struct clerk *clerk_new(struct loop *loop, const char *name);
void clerk_add(struct clerk *clerk, const struct clerk_task *task);

/* What is queued is run, or, with is_cut, dropped, while what runs is told to end; then every done is called. */
void clerk_free(struct clerk *clerk, bool is_cut);

#endif
