/* The end of an answer that is written in pieces. Thread: control. */
#ifndef CONTROL_PIECE_PRIV_H
#define CONTROL_PIECE_PRIV_H

#include "control/call_priv.h"

/* As JSON the members that every answer has, behind {"result":…, ; as text what the reply says and the empty line. */
void piece_end(const struct call *call, struct text *out);

#endif
