/* tls list, tls reload: the certificates of the listeners. Thread: control. */
#ifndef CONTROL_CMD_TLS_PRIV_H
#define CONTROL_CMD_TLS_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_tls_list(struct call *call);
enum call_step cmd_tls_reload(struct call *call);

#endif
