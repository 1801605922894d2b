/* See cmd_migration_priv.h. The SQL runs in switchctl, never here. */
#include "control/cmd_migration_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backup/backup.h"
#include "backup/tickets.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/slice.h"
#include "config/config.h"
#include "control/json_priv.h"
#include "deploy/deploy.h"
#include "route/snapshot.h"

enum { USER_SIZE = 64, LOG_SIZE = 300 };

/* NULL: the answer says so. */
static const struct config_database *find(struct call *call)
{
    const struct config_database *database =
        config_find_database(deploy_config(call->room->deploy), slice_from(call->args.words[0]));

    if (database != NULL && call->room->backup != NULL)
        return database;
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "there is no database %.63s",
               call->args.words[0]);
    reply_hint(&call->reply, "a block database NAME { dsn = \"…\" } makes one known");
    return NULL;
}

/* Without a snapshot that is verified and young nothing critical is done. */
static bool is_fresh(const struct call *call, const struct config_database *database,
                     struct freshness *out)
{
    if (backup_freshness(call->room->backup, database->name, database->snapshots.max_age, out))
        return out->is_fresh;
    *out = (struct freshness){ .words = "no snapshots are configured for it" };
    return false;
}

enum call_step cmd_migration_describe(struct call *call)
{
    const struct config_database *database = find(call);
    cJSON *json = reply_result(&call->reply);
    struct freshness fresh;
    char epoch[24];
    bool has_fresh = false;

    if (database == NULL)
        return CALL_DONE;
    has_fresh = is_fresh(call, database, &fresh);
    snprintf(epoch, sizeof epoch, "%" PRIu64, snapshot_epoch(snapshot_current()));
    json_add_text(json, "database", database->name);
    json_add_text(json, "dsn", database->dsn);
    json_add_text(json, "passfile", database->passfile);
    json_add_text(json, "migrations", database->migrations);
    json_add_text(json, "environment", database->environment);
    json_add_text(json, "epoch", epoch);
    json_add_bool(json, "snapshot_fresh", has_fresh);
    json_add_text(json, "snapshot_words", fresh.words);
    text_add_format(&call->reply.text, "dsn         %s\npassfile    %s\nmigrations  %s\n",
                    database->dsn, database->passfile != NULL ? database->passfile : "-",
                    database->migrations != NULL ? database->migrations : "-");
    text_add_format(&call->reply.text, "epoch       %s\nsnapshot    %s: %s\n", epoch,
                    has_fresh ? "fresh" : "not fresh", fresh.words);
    return CALL_DONE;
}

/* "uid=7(ann)": what the kernel said, without the process. */
static void user_of(const struct call *call, char out[USER_SIZE])
{
    const char *actor = call->peer.actor;

    (void)slice_copy(slice_of(actor, strcspn(actor, " ")), out, USER_SIZE);
}

static bool is_token(struct call *call, const char *token)
{
    if (args_is_name(token) && strlen(token) < TICKET_SIZE)
        return true;
    call_refuse_usage(call, "\"%.40s\" is no token", token);
    return false;
}

enum call_step cmd_migration_approve(struct call *call)
{
    const char *token = call->args.words[0];
    char user[USER_SIZE];

    if (call->room->backup == NULL)
        return CALL_DONE;
    if (!tickets_is_token(token))
        return call_refuse_usage(call,
                                 "\"%.80s\" is no token: it is the whole last line of the plan, 40 "
                                 "hex digits, or the one that a command was refused with",
                                 token);
    user_of(call, user);
    if (tickets_approve(backup_tickets(call->room->backup), token, user, clock_wall_us()) != 0) {
        reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_CONFLICT, "the token was used already");
        return CALL_DONE;
    }
    LOG_INFO("db-approve", "token=%s actor=\"%s\"", token, call->peer.actor);
    text_add_format(
        &call->reply.text,
        "%s agrees to %s for %d minutes; whether a plan has this token is known when it is "
        "applied\n",
        user, token, TICKET_MINUTES);
    json_add_text(reply_result(&call->reply), "token", token);
    json_add_text(reply_result(&call->reply), "user", user);
    return CALL_DONE;
}

/* What level critical asks for besides the token; false: the answer says what is missing. */
static bool is_agreed(struct call *call, const struct config_database *database, const char *token)
{
    struct freshness fresh;
    char user[USER_SIZE];

    user_of(call, user);
    if (!tickets_is_approved(backup_tickets(call->room->backup), token, user, clock_wall_us(),
                             NULL)) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNCONFIRMED,
                   "level critical needs a second person, and nobody but %s agreed", user);
        reply_hint(&call->reply, "another user says \"switchctl db approve %s\"", token);
        return false;
    }
    if (is_fresh(call, database, &fresh))
        return true;
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_GATE_REFUSED,
               "level critical needs a fresh snapshot: %s", fresh.words);
    reply_hint(&call->reply, "\"db snapshot %s\" takes one", database->name);
    return false;
}

enum call_step cmd_migration_begin(struct call *call)
{
    const struct args *args = &call->args;
    const struct config_database *database = find(call);
    const char *token = args->words[1];
    const char *level = args->words[2];
    uint64_t epoch = snapshot_epoch(snapshot_current());
    char file[LOG_SIZE];
    char reason[LOG_SIZE];

    if (database == NULL || !is_token(call, token))
        return CALL_DONE;
    if ((args->given & ARGS_IF_EPOCH) != 0 && args->if_epoch != epoch) {
        reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_CONFLICT,
                   "epoch %" PRIu64 " was planned for, it is %" PRIu64 " now", args->if_epoch,
                   epoch);
        return CALL_DONE;
    }
    if (args->reason == NULL)
        return call_refuse_usage(call, "--reason TEXT is missing");
    if (strcmp(level, "critical") == 0 && !is_agreed(call, database, token))
        return CALL_DONE;
    if (tickets_use(backup_tickets(call->room->backup), token, clock_wall_us()) != 0) {
        reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_UNCONFIRMED,
                   "the token was used already, or its use goes on");
        reply_hint(&call->reply, "\"db plan\" tells what is applied by now");
        return CALL_DONE;
    }
    LOG_WARN("db-apply",
             "database=%s began token=%s level=%.10s file=\"%s\" reason=\"%s\" "
             "epoch=%" PRIu64 " actor=\"%s\"",
             database->name, token, level, log_text(slice_from(args->words[3]), file, sizeof file),
             log_text(slice_from(args->reason), reason, sizeof reason), epoch, call->peer.actor);
    json_add_text(reply_result(&call->reply), "token", token);
    return CALL_DONE;
}

enum call_step cmd_migration_finish(struct call *call)
{
    const struct args *args = &call->args;
    const struct config_database *database = find(call);
    bool is_applied = strcmp(args->words[2], "done") == 0;
    char words[LOG_SIZE];

    if (database == NULL || !is_token(call, args->words[1]))
        return CALL_DONE;
    if (!is_applied && strcmp(args->words[2], "failed") != 0)
        return call_refuse_usage(call, "done or failed is expected, not \"%.20s\"", args->words[2]);
    if (!is_applied)
        tickets_release(backup_tickets(call->room->backup), args->words[1]);
    LOG_WARN("db-apply", "database=%s %s token=%s words=\"%s\" actor=\"%s\"", database->name,
             is_applied ? "done" : "failed", args->words[1],
             log_text(slice_from(args->count > 3 ? args->words[3] : ""), words, sizeof words),
             call->peer.actor);
    json_add_bool(reply_result(&call->reply), "applied", is_applied);
    return CALL_DONE;
}
