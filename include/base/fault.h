/*
 * How an exchange, a probe or a command ended: one enum from one table (fault.def). The name is what
 * access lines, metrics, admin answers and tests use.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

enum fault {
#define FAULT(name, side, status, retry, words) FAULT_##name,
#include "base/fault.def"
#undef FAULT
    FAULT_COUNT
};

enum fault_side { SIDE_NOBODY, SIDE_CLIENT, SIDE_TARGET, SIDE_ROUTE, SIDE_SWITCH };

const char *fault_name(enum fault fault);     /* "connect_refused" */
const char *fault_words(enum fault fault);    /* one sentence for people */
enum fault_side fault_side(enum fault fault); /* whose doing it is */
int fault_status(enum fault fault);           /* HTTP status of our own reply; 0: none */
bool fault_is_retryable(enum fault fault);    /* may another attempt help, if nothing was sent? */

#endif
