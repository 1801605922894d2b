/* The snapshots of the configured databases: what backup needs to know of the configuration. Thread: control. */
#ifndef APP_BACKUPS_H
#define APP_BACKUPS_H

#include "base/check.h"

struct backup;
struct config;
struct loop;

/* At the start, when the state folder is there. ERR_*: why is on standard error. */
MUST_CHECK int backups_new(struct loop *loop, const struct config *config, struct backup **out);

/* After a reload. */
void backups_configure(struct backup *backup, const struct config *config);

#endif
