/* The demo app's command line: fills struct demo or says what is wrong. At start only. */
#ifndef DEMO_OPTIONS_H
#define DEMO_OPTIONS_H

#include "base/check.h"

struct demo;

enum demo_options { DEMO_OPTIONS_RUN, DEMO_OPTIONS_DONE, DEMO_OPTIONS_BAD };

/* DONE after --help; BAD after words on standard error. */
MUST_CHECK enum demo_options demo_options_read(int argc, char **argv, struct demo *demo);

#endif
