/* tenant pin, unpin, list, export, load: who is kept on a slot. Thread: control. */
#ifndef CONTROL_CMD_TENANT_PRIV_H
#define CONTROL_CMD_TENANT_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_tenant_pin(struct call *call);
enum call_step cmd_tenant_unpin(struct call *call);
enum call_step cmd_tenant_list(struct call *call);
enum call_step cmd_tenant_export(struct call *call); /* cmd_tenant_export.c */
enum call_step cmd_tenant_load(struct call *call);   /* cmd_tenant_load.c */

#endif
