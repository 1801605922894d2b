/*
 * One event loop of one thread over libevent, with a cached time and a list of memory that dies at the
 * end of the turn. Everything here belongs to the loop's thread, except loop_stop.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

struct loop;
struct event_base;

struct loop *loop_new(void);
void loop_free(struct loop *loop); /* runs what is left to reap */

/* Runs until loop_stop; the caller's thread is the loop's thread from now on. */
void loop_run(struct loop *loop);

/* The loop ends after the present turn. From the loop's own callbacks. */
void loop_stop(struct loop *loop);

/* Monotonic microseconds, read once per turn (at its first use in that turn). */
uint64_t loop_now_us(struct loop *loop);
uint64_t loop_now_ms(struct loop *loop);

/* Calls fn(arg) at the end of the turn, after every callback of it. Used to free what callbacks may
 * still touch. */
void loop_reap(struct loop *loop, void (*fn)(void *arg), void *arg);

/* For the sources of room net only. */
struct event_base *loop_base(struct loop *loop);

/* Signals of this process as callbacks of this loop; number is the signal's. Ends with the loop. */
void loop_on_signal(struct loop *loop, int number, void (*fn)(void *arg, int number), void *arg);

#endif
