/*
 * What each exchange that is still with a slot does, as the workers tell it: the second half of `show drain`.
 * Thread: control.
 */
#ifndef CONTROL_DRAIN_LEDGER_PRIV_H
#define CONTROL_DRAIN_LEDGER_PRIV_H

#include "control/call_priv.h"

enum { DRAIN_LEDGER_DEFAULT = 50, DRAIN_LEDGER_MAX = 1000 };

/* Asks the workers for what is with the slots that path means (of more than one slot: those that are not live, and
 * targets that drain), and ends the answer of the call with it. CALL_DONE: there is nobody to ask. */
enum call_step drain_ledger_ask(struct call *call, const struct args_path *path);

#endif
