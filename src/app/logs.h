/* The logs of the daemon: from the first line that goes to their files to the last. Thread: control. */
#ifndef APP_LOGS_H
#define APP_LOGS_H

#include "base/check.h"

struct daemon;

/* ERR_*: standard error says which file could not be opened. */
MUST_CHECK int logs_start(struct daemon *daemon);
void logs_stop(struct daemon *daemon);

#endif
