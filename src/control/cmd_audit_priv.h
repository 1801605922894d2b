/* audit show|verify|export: see docs/audit.md. Files are read by a thread of their own. Thread: control. */
#ifndef CONTROL_CMD_AUDIT_PRIV_H
#define CONTROL_CMD_AUDIT_PRIV_H

#include "control/call_priv.h"

struct audit_filter;

enum call_step cmd_audit_show(struct call *call);
enum call_step cmd_audit_verify(struct call *call);
enum call_step cmd_audit_export(struct call *call);

/* The filter that options and words ask for; *count: how many records, as it was if not said. CALL_DONE: the answer says
 * why not; else CALL_PARKED. */
enum call_step cmd_audit_filter(struct call *call, struct audit_filter *filter, uint64_t *count);

#endif
