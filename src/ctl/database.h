/*
 * `db plan`, `db apply` and `db prove`: commands that are carried out here, in a process of their own, after the daemon
 * was asked where the database is and, for apply, whether it may be.
 */
#ifndef CTL_DATABASE_H
#define CTL_DATABASE_H

#include <stdbool.h>

#include "ctl/options.h"

bool database_is_ours(const struct options *options);

/* The exit code of the program. */
int database_run(const struct options *options);

#endif
