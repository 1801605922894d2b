/*
 * A document on its way into the decisions: carried by a reload (transfer_judge), put into force with its picture
 * (transfer_commit). Control thread.
 */
#ifndef DEPLOY_TRANSFER_PRIV_H
#define DEPLOY_TRANSFER_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/state_priv.h"
#include "deploy/tenant_table_priv.h"
#include "deploy/ticket_priv.h"
#include "deploy/transfer.h"

struct deploy;

/* The pins of one service or group. */
struct transfer_pins {
    char name[64];
    struct tenant_table table; /* without a base */
};

/* Owner: whoever decoded it, then the ticket. Ends by transfer_free. */
struct transfer {
    struct state *state;
    struct history_entry *entries; /* oldest first */
    size_t entry_count;
    struct transfer_pins *pins;
    size_t pins_count;
    bool takes_history; /* there was none: set by the judgement */
};

/* In place of what is decided now, as far as the ticket's configuration has it. */
enum judgement transfer_judge(struct deploy *deploy, struct ticket *ticket);

/* The decisions are in force: times that only count while the daemon runs, and the history. */
void transfer_commit(struct deploy *deploy, const struct transfer *transfer);

#endif
