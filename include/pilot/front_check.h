/*
 * Whether clients of a service reach its live slot, asked as a client would ask: a request of ours through a listener,
 * some times before it is taken for bad. What is bad is told as a critical alert, whoever still waits for the answer.
 * Control thread.
 */
#ifndef PILOT_FRONT_CHECK_H
#define PILOT_FRONT_CHECK_H

#include "base/fault.h"

struct pilot;

enum front_verdict {
    FRONT_GOOD,
    FRONT_BAD,
    FRONT_UNKNOWN, /* nobody could be asked; words say why */
};

struct front_report {
    enum front_verdict verdict;
    enum fault fault; /* of the last try, when bad */
    char words[400];
};

typedef void front_check_fn(void *arg, const struct front_report *report);

/* Every service that name (a service or group) means, one after the other; the first bad one ends it. done is called
 * once, later; also when the pilot ends. what: of the alert, "the emergency rollback of shop to blue". */
void front_check_start(struct pilot *pilot, const char *name, const char *what,
                       front_check_fn *done, void *arg);

#endif
