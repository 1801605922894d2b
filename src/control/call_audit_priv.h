/*
 * What a call has to do with the audit trail: whether it may begin, and its record. A call that is audited gives its
 * answer when the record is on disk; its effect never waits for that. Thread: control.
 */
#ifndef CONTROL_CALL_AUDIT_PRIV_H
#define CONTROL_CALL_AUDIT_PRIV_H

#include <stdbool.h>

#include "control/call_priv.h"

/* Runs the command; but while records cannot be written, and this one would be missed, the disk is asked once more, and
 * then the command is refused. */
enum call_step call_audit_run(struct call *call);

/* The call is over: its record is on its way, and on_written is called once, later; false: there is none to wait
 * for. */
bool call_audit_write(struct call *call, void (*on_written)(void *arg, bool is_durable));

/* The record is not on disk: the answer says so. */
void call_audit_spoil(struct call *call);

/* Nobody waits for the answer any more; what became of it is told all the same. result NULL: it is not known. */
void call_audit_abandon(struct call *call, const struct change_result *result, const char *note);

/* Takes what the record says of a result. */
void call_audit_take(struct call *call, const struct change_result *result);

#endif
