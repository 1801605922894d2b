/* Which functions give the same answer within a statement, from PostgreSQL 15's own catalog. Any thread. */
#ifndef LINT_VOLATILITY_PRIV_H
#define LINT_VOLATILITY_PRIV_H

#include <stdbool.h>

#include "lint/sql_tree_priv.h"

/* Known to be stable or immutable; an unknown name or one of another schema is not. */
bool volatility_is_stable(struct sql_name name);

/* Volatile, but SELECTing it changes nothing that outlives the session. */
bool volatility_is_harmless(struct sql_name name);

#endif
