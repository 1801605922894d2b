/*
 * Tenant pins of all services. Services of a group share a scope, another service has its own; a scope is a table
 * that workers look at and the file that its run-time pins are in. Single pins of a batch wait in the scope until
 * they are durable and are put into the table right before the next picture is published; whatever makes a
 * table anew (a load, a reload) makes a new scope, which goes live with its picture. Control thread.
 */
#ifndef DEPLOY_TENANTS_PRIV_H
#define DEPLOY_TENANTS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/check.h"
#include "deploy/decisions_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/pins_disk_priv.h"
#include "deploy/tenant_table_priv.h"
#include "deploy/ticket_priv.h"

struct report;
struct writer_job;

enum { TENANTS_MAX = 10 * 1000 * 1000 }; /* run-time decisions of a scope */

/* A pin that is not in the table yet. */
struct tenant_step {
    TAILQ_ENTRY(tenant_step) link;
    enum tenant_op op;
    char tenant[72];
    char slot[64];
};
TAILQ_HEAD(tenant_steps, tenant_step);

/* Owner: the lists of scopes that name it (refs). */
struct tenant_scope {
    unsigned refs;
    char name[64]; /* of the group or service; "" : read from the disk, and not fitted yet */
    struct tenant_table table;
    char file[96];             /* "" : nothing was decided at run time */
    struct pins_stretch first; /* of the file */
    bool must_renew;           /* nothing may be added to the file any more */
    bool is_taken;             /* while fitting */
    struct tenant_steps steps; /* of the batch */
    size_t step_count;
    struct pins_write *write; /* of the batch, until a job has it */
};

struct tenant_scopes {
    size_t service_count;
    struct tenant_scope **by_service; /* NULL: no tenants, no pins */
};

struct tenants {
    unsigned worker_count;
    uint64_t serial; /* of the last file */
    struct tenant_scopes now;
    struct tenant_scopes next; /* of a batch that makes tables anew */
    bool has_next;
    bool has_steps;
};

struct tenants *tenants_new(unsigned worker_count);
void tenants_free(struct tenants *tenants); /* nobody reads any more */

/* At the start: reads the files that the state names. ERR_* with words in the report. */
MUST_CHECK int tenants_load(struct deploy *deploy, bool is_sweeping, struct report *report);

/* Scopes for a configuration, as `next`, from those of now and what `decisions` (one per service) say. */
MUST_CHECK int tenants_fit(struct deploy *deploy, const struct config *config,
                           struct decisions *decisions, char *words, unsigned words_size);

enum judgement tenants_judge(struct deploy *deploy, struct ticket *ticket);
bool tenants_is_alone(const struct change *change); /* a batch of its own */

/* A pin, or one of those that are loaded, is to a slot that is not live. */
bool tenants_leads_away(const struct deploy *deploy, const struct change *change);

/* The table that the next picture shows for a service; NULL: none. */
struct pins *tenants_table(const struct tenants *tenants, size_t service);

/* The way of a batch: its writes to the job, their answer; then into force, and what was replaced goes after
 * the grace period; or nothing of it happened. */
void tenants_write(struct tenants *tenants, struct writer_job *job);
void tenants_written(struct writer_job *job);
void tenants_apply(struct tenants *tenants);
void tenants_settle(struct tenants *tenants);
void tenants_abort(struct tenants *tenants);

/* Internal to these sources. */
struct tenant_scope *tenant_scope_new(const char *name);
void tenant_scope_unref(struct tenant_scope *scope);
void tenant_scopes_init(struct tenant_scopes *scopes, size_t service_count);
void tenant_scopes_set(struct tenant_scopes *scopes, size_t service, struct tenant_scope *scope);
void tenants_scope_of(const struct config *config, size_t service, struct scope *out);

/* The scope's file is written anew, with what its table has then; *out says where it is. */
void tenants_renew(struct tenants *tenants, struct tenant_scope *scope, struct state_pins *out);

/* Names of slots get their numbers before a picture is made of them. */
void tenants_name_slots(const struct config *config, const struct scope *members,
                        struct tenant_scope *scope);

#endif
