/* Results of changes in words. Pure. */
#include <stdarg.h>
#include <stdio.h>

#include "deploy/deploy_priv.h"

enum judgement judge_refuse(struct ticket *ticket, enum outcome outcome, enum fault fault,
                            const char *gate, const char *format, ...)
{
    struct change_result *result = &ticket->result;
    va_list args;

    result->outcome = outcome;
    result->fault = fault;
    snprintf(result->gate, sizeof result->gate, "%s", gate);
    va_start(args, format);
    vsnprintf(result->words, sizeof result->words, format, args);
    va_end(args);
    return JUDGED_REFUSED;
}

enum judgement judge_done(struct ticket *ticket, const char *format, ...)
{
    va_list args;

    ticket->result.outcome = OUTCOME_DONE;
    ticket->result.fault = FAULT_NONE;
    ticket->result.changed = true;
    va_start(args, format);
    vsnprintf(ticket->result.words, sizeof ticket->result.words, format, args);
    va_end(args);
    return JUDGED_DONE;
}

enum judgement judge_same(struct ticket *ticket, const char *format, ...)
{
    va_list args;

    ticket->result.outcome = OUTCOME_DONE;
    ticket->result.fault = FAULT_NONE;
    ticket->result.changed = false;
    va_start(args, format);
    vsnprintf(ticket->result.words, sizeof ticket->result.words, format, args);
    va_end(args);
    return JUDGED_SAME;
}
