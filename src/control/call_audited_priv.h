/* What a call notes for its record in the audit trail while it goes on. A value. */
#ifndef CONTROL_CALL_AUDITED_PRIV_H
#define CONTROL_CALL_AUDITED_PRIV_H

#include <stdint.h>

struct call_audited {
    uint64_t asked; /* look at the disk that it waits for */
    uint64_t epoch_before;
    char service[64]; /* of what was submitted */
    char bypassed[160];
};

#endif
