/*
 * `switchctl watch [NAME] [--count N]`: what every slot does, second by second, as the daemon counts it: a screen on a
 * terminal, a line a second elsewhere. Blocking.
 */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include "ctl/options.h"

/* The exit code of the program. */
int watch_run(const struct options *options, bool has_color);

#endif
