/* What commands that answer a page of records have in common: how many, and of what. Thread: control. */
#ifndef CONTROL_PAGING_PRIV_H
#define CONTROL_PAGING_PRIV_H

#include <stdint.h>

#include "control/call_priv.h"

enum { PAGING_NAME_SIZE = 64 };

/* "[N] [NAME]" and --limit: *count, which has the default, of 1 to max, and name, "" : none was given. CALL_DONE: they
 * are refused, the answer says why; CALL_PARKED: go on. */
enum call_step paging_take(struct call *call, uint64_t max, uint64_t *count,
                           char name[PAGING_NAME_SIZE]);

#endif
