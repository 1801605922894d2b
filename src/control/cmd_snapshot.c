/*
 * See cmd_snapshot_priv.h. A command starts a job of the backup and is parked until it has ended; when its time is over
 * first, the job goes on and `db snapshots` tells how far it is.
 */
#include "control/cmd_snapshot_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup.h"
#include "backup/catalogue.h"
#include "backup/tickets.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "route/snapshot.h"

enum { LIST_MAX = 1000 };

static const struct sheet_column snapshot_columns[] = {
    { "id", "SNAPSHOT", SHEET_TEXT },     { "database", "DATABASE", SHEET_TEXT },
    { "kind", "KIND", SHEET_TEXT },       { "age_seconds", "AGE", SHEET_SECONDS },
    { "bytes", "BYTES", SHEET_NUMBER },   { "verified", "VERIFIED", SHEET_BOOL },
    { "held_by", "HELD BY", SHEET_TEXT }, { "problem", "PROBLEM", SHEET_TEXT },
    { "taken", NULL, SHEET_TEXT },        { "checked", NULL, SHEET_TEXT },
    { "path", NULL, SHEET_TEXT },         { "sha256", NULL, SHEET_TEXT },
    { "tables", NULL, SHEET_NUMBER },     { "name", NULL, SHEET_TEXT },
    { "system_id", NULL, SHEET_TEXT },    { "version", NULL, SHEET_TEXT },
    { "actor", NULL, SHEET_TEXT },
};

static const struct sheet_column job_columns[] = {
    { "job", "JOB", SHEET_NUMBER },     { "work", "WORK", SHEET_TEXT },
    { "database", "OF", SHEET_TEXT },   { "id", "SNAPSHOT", SHEET_TEXT },
    { "phase", "PHASE", SHEET_TEXT },   { "age_seconds", "SINCE", SHEET_SECONDS },
    { "bytes", "BYTES", SHEET_NUMBER }, { "percent", "PERCENT", SHEET_NUMBER },
    { "words", "RESULT", SHEET_TEXT },
};

static const struct sheet_column fresh_columns[] = {
    { "database", "DATABASE", SHEET_TEXT },
    { "fresh", "FRESH", SHEET_BOOL },
    { "words", "WHY", SHEET_TEXT },
    { "remedy", NULL, SHEET_TEXT },
};

/* What a parked call waits for. */
struct waiting {
    uint64_t number;
    bool is_estimate; /* the first step of a restore: it ends with a token */
    char work[400];   /* what the token is for */
};

static struct backup *need_backup(struct call *call)
{
    if (call->room->backup == NULL)
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME,
                   "no database is configured (database NAME { … })");
    return call->room->backup;
}

/* --- waiting for a job --- */

static void add_token(struct call *call, const struct waiting *waiting)
{
    const struct args *args = &call->args;
    char token[TICKET_SIZE];

    tickets_make(backup_tickets(call->room->backup), waiting->work, clock_wall_us(), token);
    json_add_text(reply_result(&call->reply), "token", token);
    text_add_format(&call->reply.text,
                    "token: %s\n\"db restore %s --to %s --token %s\" does it within ten minutes\n",
                    token, args->words[0], args->to, token);
}

static void describe(struct call *call, const struct backup_job_view *view)
{
    const struct waiting *waiting = call->scratch;
    cJSON *json = reply_result(&call->reply);

    json_add_text(json, "words", view->words);
    json_add_text(json, "report", view->report[0] != '\0' ? view->report : NULL);
    if (view->err != 0) {
        reply_fail(&call->reply, OUTCOME_FAILED, FAULT_SNAPSHOT_FAILED, "%s of %s: %s",
                   backup_work_name(view->work),
                   view->work == BACKUP_TAKE ? view->database : view->id, view->words);
        reply_hint(&call->reply, "%s", view->remedy);
        return;
    }
    text_add_format(&call->reply.text, "%s%s\n", view->report, view->words);
    if (waiting->is_estimate)
        add_token(call, waiting);
}

static enum call_step poll_job(struct call *call)
{
    const struct waiting *waiting = call->scratch;
    struct backup_job_view view;
    cJSON *json = NULL;

    if (!backup_job(call->room->backup, waiting->number, &view)) {
        reply_fail(&call->reply, OUTCOME_FAILED, FAULT_SNAPSHOT_FAILED,
                   "job %" PRIu64 " is not known any more", waiting->number);
        return CALL_DONE;
    }
    if (view.phase != BACKUP_ENDED && !call->is_late)
        return CALL_PARKED;
    json = reply_result(&call->reply);
    json_add_u64(json, "job", view.number);
    json_add_text(json, "id", view.id);
    json_add_text(json, "phase", backup_phase_name(view.phase));
    json_add_u64(json, "bytes", view.bytes);
    if (view.phase == BACKUP_ENDED) {
        describe(call, &view);
        return CALL_DONE;
    }
    reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT, "%s of %s goes on: %s",
               backup_work_name(view.work), view.database, backup_phase_name(view.phase));
    reply_hint(&call->reply, "\"db snapshots\" tells how far it is");
    return CALL_DONE;
}

/* Starts it and parks. */
static enum call_step start(struct call *call, const struct backup_order *order,
                            const char *token_work)
{
    struct waiting *waiting = mem_zalloc(sizeof *waiting);
    char words[BACKUP_WORDS] = "";
    int err = backup_start(call->room->backup, order, &waiting->number, words);

    call->scratch = waiting;
    if (err != 0) {
        reply_fail(&call->reply, err == ERR_CONFLICT ? OUTCOME_CONFLICT : OUTCOME_REFUSED,
                   err == ERR_NOT_FOUND ? FAULT_UNKNOWN_NAME : FAULT_CONFLICT, "%s", words);
        reply_hint(&call->reply, "\"db snapshots\" has the databases, snapshots and jobs");
        return CALL_DONE;
    }
    if (token_work != NULL) {
        waiting->is_estimate = true;
        snprintf(waiting->work, sizeof waiting->work, "%s", token_work);
    }
    return call_wait(call, poll_job);
}

/* --- the commands --- */

enum call_step cmd_snapshot_take(struct call *call)
{
    const char *kind = args_named(&call->args, "--kind");
    const struct backup_database *database = NULL;
    struct backup_order order = { .work = BACKUP_TAKE,
                                  .database = call->args.words[0],
                                  .actor = call->peer.actor };

    if (need_backup(call) == NULL)
        return CALL_DONE;
    database = backup_database_find(call->room->backup, call->args.words[0]);
    if (database != NULL)
        order.kind = database->kind;
    if (kind != NULL && !snapshot_kind_find(slice_from(kind), &order.kind))
        return call_refuse_usage(call, "--kind is logical or physical, not \"%.40s\"", kind);
    return start(call, &order, NULL);
}

enum call_step cmd_snapshot_verify(struct call *call)
{
    struct backup_order order = { .work = BACKUP_VERIFY,
                                  .id = call->args.words[0],
                                  .actor = call->peer.actor };

    return need_backup(call) != NULL ? start(call, &order, NULL) : CALL_DONE;
}

enum call_step cmd_snapshot_forget(struct call *call)
{
    struct backup_order order = { .work = BACKUP_FORGET,
                                  .id = call->args.words[0],
                                  .is_forced = (call->args.given & ARGS_FORCE) != 0,
                                  .actor = call->peer.actor };
    struct snapshot_record *records = NULL;
    struct snapshot_record record = { .id = "" };
    size_t others = 0;
    size_t count = 0;

    if (need_backup(call) == NULL)
        return CALL_DONE;
    if (!backup_find(call->room->backup, order.id, &record))
        return start(call, &order, NULL); /* which says so */
    count = backup_list(call->room->backup, record.database, &records);
    for (size_t i = 0; i < count; i++)
        others +=
            records[i].is_verified && !records[i].is_going && strcmp(records[i].id, record.id) != 0;
    catalogue_free_list(records, count);
    snapshot_record_fini(&record);
    if (record.held_by[0] != '\0' && !order.is_forced) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "snapshot %s is held by %s",
                   order.id, record.held_by);
        reply_hint(&call->reply, "wait until that is over, or --force --reason TEXT");
        return CALL_DONE;
    }
    if (record.is_verified && others == 0 && !order.is_forced) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_GATE_REFUSED,
                   "%s is the only verified snapshot of %s", order.id, record.database);
        reply_hint(&call->reply, "\"db snapshot %s\" first, or --force --reason TEXT",
                   record.database);
        return CALL_DONE;
    }
    return start(call, &order, NULL);
}

/* With a token: what it was made for must be what is asked now, at the same epoch. */
static enum call_step refuse_token(struct call *call, int err)
{
    const char *words = "the token is not for this: another snapshot, database or epoch";

    if (err == ERR_TIMEOUT)
        words = "the token is older than ten minutes";
    else if (err == ERR_EXISTS)
        words = "the token was used already";
    reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_UNCONFIRMED, "%s; nothing has changed", words);
    reply_hint(&call->reply, "\"db restore %s --to %s\" without --token gives a new one",
               call->args.words[0], call->args.to);
    return CALL_DONE;
}

enum call_step cmd_snapshot_restore(struct call *call)
{
    const struct args *args = &call->args;
    const char *token = args_named(args, "--token");
    struct backup_order order = { .work = token != NULL ? BACKUP_RESTORE : BACKUP_ESTIMATE,
                                  .database = args->to,
                                  .id = args->words[0],
                                  .actor = call->peer.actor };
    struct snapshot_record record = { .id = "" };
    char work[400];
    int err = 0;

    if (need_backup(call) == NULL)
        return CALL_DONE;
    if (args->to == NULL)
        return call_refuse_usage(call, "--to DATABASE is missing: whose server gets it");
    (void)backup_find(call->room->backup, order.id, &record);
    snapshot_record_fini(&record);
    snprintf(work, sizeof work, "restore %s %s to %s at %" PRIu64, order.id, record.sha256,
             args->to, snapshot_epoch(snapshot_current()));
    if (token == NULL)
        return start(call, &order, work);
    err = tickets_take(backup_tickets(call->room->backup), work, token, clock_wall_us());
    return err != 0 ? refuse_token(call, err) : start(call, &order, NULL);
}

/* --- the list --- */

static void add_stamp(struct sheet *sheet, uint64_t us)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(us, stamp);
    sheet_add_text(sheet, stamp);
}

static void add_snapshot(struct sheet *sheet, const struct snapshot_record *record)
{
    uint64_t now_us = clock_wall_us();

    sheet_add_text(sheet, record->id);
    sheet_add_text(sheet, record->database);
    sheet_add_text(sheet, snapshot_kind_name(record->kind));
    sheet_add_seconds(sheet, now_us > record->taken_us ? now_us - record->taken_us : 0);
    sheet_add_u64(sheet, record->bytes);
    sheet_add_bool(sheet, record->is_verified);
    sheet_add_text(sheet, record->held_by);
    sheet_add_text(sheet, record->problem);
    add_stamp(sheet, record->taken_us);
    add_stamp(sheet, record->checked_us);
    sheet_add_text(sheet, record->path);
    sheet_add_text(sheet, record->sha256);
    sheet_add_u64(sheet, record->table_count);
    sheet_add_text(sheet, record->name);
    sheet_add_text(sheet, record->system_id);
    sheet_add_text(sheet, record->version);
    sheet_add_text(sheet, record->actor);
}

static void list_snapshots(struct call *call, const char *database)
{
    struct sheet *sheet =
        sheet_new(snapshot_columns, sizeof snapshot_columns / sizeof snapshot_columns[0]);
    struct snapshot_record *records = NULL;
    size_t count = backup_list(call->room->backup, database, &records);

    for (size_t i = count > LIST_MAX ? count - LIST_MAX : 0; i < count; i++)
        add_snapshot(sheet, &records[i]);
    catalogue_free_list(records, count);
    if (count > 0)
        sheet_print(sheet, &call->reply.text);
    else
        text_add(&call->reply.text, "no snapshots\n");
    json_add(reply_result(&call->reply), "snapshots", sheet_json(sheet));
    sheet_free(sheet);
}

static void list_jobs(struct call *call, const char *database)
{
    struct sheet *sheet = sheet_new(job_columns, sizeof job_columns / sizeof job_columns[0]);
    struct backup_job_view view;

    for (size_t i = 0; backup_job_at(call->room->backup, i, &view); i++) {
        if (database != NULL && strcmp(view.database, database) != 0)
            continue;
        sheet_add_u64(sheet, view.number);
        sheet_add_text(sheet, backup_work_name(view.work));
        sheet_add_text(sheet, view.database);
        sheet_add_text(sheet, view.id);
        sheet_add_text(sheet, backup_phase_name(view.phase));
        sheet_add_seconds(sheet, clock_monotonic_us() - view.began_us);
        sheet_add_u64(sheet, view.bytes);
        if (view.percent >= 0)
            sheet_add_u64(sheet, (uint64_t)view.percent);
        else
            sheet_add_none(sheet);
        sheet_add_text(sheet, view.words);
    }
    if (sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "jobs", sheet_json(sheet));
    sheet_free(sheet);
}

static void list_freshness(struct call *call, const char *database)
{
    struct sheet *sheet = sheet_new(fresh_columns, sizeof fresh_columns / sizeof fresh_columns[0]);
    const struct backup_database *at = NULL;

    for (size_t i = 0; (at = backup_database_at(call->room->backup, i)) != NULL; i++) {
        struct freshness fresh;

        if ((database != NULL && strcmp(at->name, database) != 0) ||
            !backup_freshness(call->room->backup, at->name, at->max_age_us, &fresh))
            continue;
        sheet_add_text(sheet, at->name);
        sheet_add_bool(sheet, fresh.is_fresh);
        sheet_add_text(sheet, fresh.words);
        sheet_add_text(sheet, fresh.remedy);
    }
    if (sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "databases", sheet_json(sheet));
    sheet_free(sheet);
}

enum call_step cmd_snapshot_list(struct call *call)
{
    const char *database = call->args.count > 0 ? call->args.words[0] : NULL;

    if (need_backup(call) == NULL)
        return CALL_DONE;
    if (database != NULL && backup_database_find(call->room->backup, database) == NULL) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "there is no database %.63s",
                   database);
        return CALL_DONE;
    }
    list_freshness(call, database);
    list_snapshots(call, database);
    list_jobs(call, database);
    if (backup_damaged(call->room->backup) > 0)
        text_add_format(
            &call->reply.text,
            "%zu damaged lines in the catalogue (snapshots.jsonl); the log names them\n",
            backup_damaged(call->room->backup));
    json_add_u64(reply_result(&call->reply), "damaged", backup_damaged(call->room->backup));
    return CALL_DONE;
}
