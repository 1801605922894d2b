/*
 * What each slot did in the last ten minutes, in steps of two seconds: for the page, whose charts else begin when it is
 * opened. In memory only, and of a fixed size: 300 points for at most 256 slots, 12 KiB each. Owner: app. Thread: control.
 */
#ifndef CONTROL_CHARTS_H
#define CONTROL_CHARTS_H

struct charts;
struct loop;

/* Begins to measure what is in the picture. */
struct charts *charts_new(struct loop *loop);
void charts_free(struct charts *charts); /* NULL: nothing */

#endif
