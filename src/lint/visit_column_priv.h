/* Columns and constraints, as ALTER TABLE and CREATE TABLE both define them. Called by the visitors. */
#ifndef LINT_VISIT_COLUMN_PRIV_H
#define LINT_VISIT_COLUMN_PRIV_H

#include "lint/visit_priv.h"

/* An entry that is known only because a statement named it: it was there before. */
enum { UNKNOWN_FILE = 0 };

/* Advice about types and names. */
void visit_column_style(struct visit *visit, const char *name, const struct sql_type *type);

/* Tells the catalog. column: the body of a ColumnDef. */
struct column *visit_column_define(struct visit *visit, struct entry *table, const cJSON *column);

/* Tells the catalog; column: the first it is about, "" for none. */
void visit_constraint_define(struct visit *visit, struct entry *table, const cJSON *constraint,
                             const char *column);

#endif
