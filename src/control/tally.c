/* Counts of changes: see tally_priv.h. */
#include "control/tally_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"

const uint64_t tally_edges_us[TALLY_BUCKETS - 1] = { 250,   500,   1000,   2500,   5000,   10000,
                                                     25000, 50000, 100000, 500000, 2500000 };

struct tally {
    const struct deploy *deploy;
    uint64_t sequence; /* of the newest change that is counted */
    struct tally_view view;
    struct tally_row *rows;
};

struct tally *tally_new(const struct deploy *deploy, uint64_t started_wall_us)
{
    struct tally *tally = mem_zalloc(sizeof *tally);
    struct history_entry newest;

    tally->deploy = deploy;
    tally->view.reload_success_wall_us = started_wall_us;
    if (deploy_history(deploy, 0, &newest))
        tally->sequence = newest.sequence;
    return tally;
}

void tally_free(struct tally *tally)
{
    if (tally == NULL)
        return;
    free(tally->rows);
    free(tally);
}

/* The row of that name, made when it is new; NULL when there are too many (names come from commands). */
static struct tally_row *find_row(struct tally *tally, const struct history_entry *entry)
{
    struct tally_row *row = NULL;

    for (unsigned i = 0; i < tally->view.row_count; i++) {
        row = &tally->rows[i];
        if (row->kind == entry->kind && strcmp(row->name, entry->name) == 0 &&
            strcmp(row->to, entry->to) == 0)
            return row;
    }
    if (tally->view.row_count == TALLY_ROWS_MAX)
        return NULL;
    tally->rows = mem_grow(tally->rows, tally->view.row_count + 1, sizeof *tally->rows);
    row = &tally->rows[tally->view.row_count++];
    *row = (struct tally_row){ .kind = entry->kind };
    memcpy(row->name, entry->name, sizeof row->name);
    memcpy(row->to, entry->to, sizeof row->to);
    return row;
}

static void count_move(struct tally *tally, const struct history_entry *entry)
{
    struct tally_row *row = find_row(tally, entry);
    bool has_effect = entry->outcome == OUTCOME_DONE || entry->outcome == OUTCOME_VOLATILE;
    unsigned bucket = 0;

    if (row != NULL)
        row->counts[entry->outcome]++;
    if (!has_effect || entry->epoch == entry->epoch_before)
        return;
    while (bucket < TALLY_BUCKETS - 1 && entry->duration_us > tally_edges_us[bucket])
        bucket++;
    tally->view.buckets[bucket]++;
    tally->view.sum_us += entry->duration_us;
}

static void count(struct tally *tally, const struct history_entry *entry)
{
    if ((unsigned)entry->outcome >= TALLY_OUTCOMES)
        return;
    if (entry->kind == CHANGE_SWITCH || entry->kind == CHANGE_ROLLBACK)
        count_move(tally, entry);
    if (entry->kind != CHANGE_RELOAD)
        return;
    tally->view.reloads[entry->outcome]++;
    if (entry->outcome == OUTCOME_DONE || entry->outcome == OUTCOME_VOLATILE)
        tally->view.reload_success_wall_us = entry->wall_us;
}

void tally_fold(struct tally *tally)
{
    struct history_entry entry;
    uint64_t newest = tally->sequence;

    for (unsigned i = 0; deploy_history(tally->deploy, i, &entry); i++) {
        if (entry.sequence <= tally->sequence)
            break;
        newest = entry.sequence > newest ? entry.sequence : newest;
        count(tally, &entry);
    }
    tally->sequence = newest;
}

void tally_view(const struct tally *tally, struct tally_view *out)
{
    *out = tally->view;
    out->rows = tally->rows;
}
