/*
 * A thread that does one thing after the other for the control thread, which is told when each is done. Control thread,
 * but for what runs.
 */
#ifndef PILOT_ERRANDS_PRIV_H
#define PILOT_ERRANDS_PRIV_H

#include <stdbool.h>

struct errands;
struct loop;

struct errand {
    void (*run)(void *arg, const _Atomic bool *is_cut); /* on the thread */
    void (*done)(void *arg, bool was_run); /* on the control thread, always, also by errands_free */
    void *arg;
};

struct errands *errands_new(struct loop *loop, const char *name);
void errands_add(struct errands *errands, const struct errand *errand);

/* What is queued is run, or, with is_cut, dropped, while what runs is told to end; then every done is called. */
void errands_free(struct errands *errands, bool is_cut);

#endif
