/* One function per kind of statement: body is what stands under the node's name. Called by visit_kinds.c. */
#ifndef LINT_VISIT_KINDS_PRIV_H
#define LINT_VISIT_KINDS_PRIV_H

#include "lint/visit_priv.h"

void visit_alter_table(struct visit *visit, const cJSON *body);
void visit_add_column(struct visit *visit, struct sql_name table, const cJSON *column);
void visit_add_constraint(struct visit *visit, struct sql_name table, const cJSON *constraint);
void visit_alter_type_object(struct visit *visit, const cJSON *body);
void visit_create_table(struct visit *visit, const cJSON *body);
void visit_create_table_as(struct visit *visit, const cJSON *body);
void visit_view(struct visit *visit, const cJSON *body);
void visit_index(struct visit *visit, const cJSON *body);
void visit_drop(struct visit *visit, const cJSON *body);
void visit_rename(struct visit *visit, const cJSON *body);
void visit_set_schema(struct visit *visit, const cJSON *body);
void visit_owner(struct visit *visit, const cJSON *body);
void visit_truncate(struct visit *visit, const cJSON *body);
void visit_update(struct visit *visit, const cJSON *body);
void visit_delete(struct visit *visit, const cJSON *body);
void visit_insert(struct visit *visit, const cJSON *body);
void visit_merge(struct visit *visit, const cJSON *body);
void visit_copy(struct visit *visit, const cJSON *body);
void visit_select(struct visit *visit, const cJSON *body);
void visit_call(struct visit *visit, const cJSON *body);
void visit_do(struct visit *visit, const cJSON *body);
void visit_function(struct visit *visit, const cJSON *body);
void visit_create_enum(struct visit *visit, const cJSON *body);
void visit_alter_enum(struct visit *visit, const cJSON *body);
void visit_create_type(struct visit *visit, const cJSON *body);
void visit_create_domain(struct visit *visit, const cJSON *body);
void visit_alter_domain(struct visit *visit, const cJSON *body);
void visit_transaction(struct visit *visit, const cJSON *body);
void visit_set(struct visit *visit, const cJSON *body);
void visit_reindex(struct visit *visit, const cJSON *body);
void visit_vacuum(struct visit *visit, const cJSON *body);
void visit_cluster(struct visit *visit, const cJSON *body);
void visit_refresh(struct visit *visit, const cJSON *body);
void visit_lock_table(struct visit *visit, const cJSON *body);
void visit_trigger(struct visit *visit, const cJSON *body);
void visit_rule(struct visit *visit, const cJSON *body);
void visit_policy(struct visit *visit, const cJSON *body);
void visit_grant(struct visit *visit, const cJSON *body);
void visit_comment(struct visit *visit, const cJSON *body);
void visit_sequence(struct visit *visit, const cJSON *body);
void visit_schema(struct visit *visit, const cJSON *body);

#endif
