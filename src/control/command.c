/* The table of commands: see command_priv.h. */
#include "control/command_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "control/cmd_action_priv.h"
#include "control/cmd_alerts_priv.h"
#include "control/cmd_audit_priv.h"
#include "control/cmd_canary_priv.h"
#include "control/cmd_change_priv.h"
#include "control/cmd_charts_priv.h"
#include "control/cmd_database_check_priv.h"
#include "control/cmd_database_priv.h"
#include "control/cmd_decision_priv.h"
#include "control/cmd_drain_priv.h"
#include "control/cmd_drill_priv.h"
#include "control/cmd_evidence_priv.h"
#include "control/cmd_explain_priv.h"
#include "control/cmd_history_priv.h"
#include "control/cmd_life_priv.h"
#include "control/cmd_load_priv.h"
#include "control/cmd_lock_priv.h"
#include "control/cmd_migration_priv.h"
#include "control/cmd_migrations_priv.h"
#include "control/cmd_plan_priv.h"
#include "control/cmd_replay_priv.h"
#include "control/cmd_rollout_priv.h"
#include "control/cmd_rules_priv.h"
#include "control/cmd_show_priv.h"
#include "control/cmd_signal_priv.h"
#include "control/cmd_snapshot_priv.h"
#include "control/cmd_state_priv.h"
#include "control/cmd_status_priv.h"
#include "control/cmd_target_priv.h"
#include "control/cmd_tenant_priv.h"
#include "control/cmd_tls_priv.h"
#include "control/cmd_traffic_priv.h"
#include "control/cmd_wait_priv.h"
#include "control/cmd_webhook_priv.h"
#include "control/words_priv.h"

#define FORCED  (ARGS_CHANGE | ARGS_FORCE)
#define REQUEST (ARGS_HOST | ARGS_PATH | ARGS_METHOD | ARGS_HEADER | ARGS_CLIENT_IP | ARGS_LISTENER)

/* What the commands that can be planned may be given. */
#define PLANNED                                                                                    \
    (FORCED | ARGS_TO | ARGS_LONGEST | ARGS_MESSAGE | ARGS_WAIT | ARGS_CONFIRM | ARGS_ROLLOUT)

/*
 * name, usage, level, effect, options, words from, to, function, one sentence. A row of level DEPLOYER is for operators and for
 * deployers of what it names; permit.c knows where that stands, if not in the first word.
 */
static const struct command commands[] = {
    { "status", "[NAME] [--compare]", LEVEL_USER, COMMAND_READS, ARGS_COMPARE, 0, 1, cmd_status_run,
      "services, slots and targets on one screen; with --compare a candidate beside its baseline" },
    { "list", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_status_list,
      "services with their hosts, paths and active slots" },
    { "show slots", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_status_slots,
      "slots with role, version, targets and requests in flight" },
    { "show targets", "[NAME[/SLOT]]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_status_targets,
      "targets with verdict, order, weight, last check and the last 64 results" },
    { "show info", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_show_info,
      "the daemon: version, pid, age, epoch, durability" },
    { "show services", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_status_list, "as list" },
    { "show config", "", LEVEL_OPERATOR, COMMAND_READS, 0, 0, 0, cmd_show_config,
      "the configuration in force, with every default" },
    { "show errors", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_show_errors,
      "faults by slot, answers without a service, failed writes" },
    { "show conns", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_show_conns,
      "connections of clients and to targets" },
    { "show drain", "[NAME[/SLOT]] [--limit N] [--newest]", LEVEL_USER, COMMAND_READS,
      ARGS_LIMIT | ARGS_NEWEST, 0, 2, cmd_drain_show,
      "what is still in flight on slots that are not live and targets that drain, one by one" },
    { "show load", "[NAME[/SLOT]]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_load_show,
      "requests, errors and bytes of each slot since the start; `switchctl watch` shows them "
      "live" },
    { "show charts", "NAME[/SLOT]", LEVEL_USER, COMMAND_READS, 0, 1, 1, cmd_charts_show,
      "requests, errors and latency of each slot in the last ten minutes, every two seconds" },
    { "show evidence", "[NAME[/SLOT]]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_evidence_show,
      "what was counted of each slot for the judgement: requests, errors, latency" },
    { "show rules", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_rules_show,
      "how what is on trial is judged: every rule with value, limit and state" },
    { "show alerts", "[N]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_alerts_show,
      "what the judgement told people since the start, newest first (20 unless N is given)" },
    { "show history",
      "[N] [NAME] [--kind K] [--outcome O] [--actor A] [--trigger T] [--since D|TIME] "
      "[--until D|TIME] [--limit N] [--from PLACE]",
      LEVEL_USER, COMMAND_READS, ARGS_WHERE | ARGS_LIMIT | ARGS_FROM, 0, 2, cmd_history_run,
      "finished changes, newest first (20 unless N is given), a page at a time" },
    { "audit show",
      "[N] [NAME] [--kind VERB] [--outcome O] [--actor A] [--trigger T] [--since D|TIME] "
      "[--until D|TIME] [--limit N] [--from PLACE]",
      LEVEL_OPERATOR, COMMAND_READS, ARGS_WHERE | ARGS_LIMIT | ARGS_FROM, 0, 2, cmd_audit_show,
      "who did what, newest first (20 unless N is given), a page at a time" },
    { "audit verify", "[--from SEQ]", LEVEL_OPERATOR, COMMAND_READS, ARGS_FROM, 0, 0,
      cmd_audit_verify, "checks every record of the audit trail; names the first that is wrong" },
    { "audit export",
      "[NAME] [--kind VERB] [--outcome O] [--actor A] [--trigger T] [--since D|TIME] "
      "[--until D|TIME]",
      LEVEL_OPERATOR, COMMAND_READS, ARGS_WHERE, 0, 1, cmd_audit_export,
      "every record that fits, oldest first, as the lines of the files" },
    { "decisions", "[NAME] [--limit N] [--from ID]", LEVEL_USER, COMMAND_READS,
      ARGS_LIMIT | ARGS_FROM, 0, 1, cmd_decision_list,
      "what was decided automatically, newest first (20 unless N is given)" },
    { "explain-decision", "ID", LEVEL_USER, COMMAND_READS, 0, 1, 1, cmd_decision_explain,
      "why it was decided, with the numbers to check it by" },
    { "replay", "ID [--with KEY=VALUE]...", LEVEL_USER, COMMAND_READS, ARGS_WITH, 1, 1,
      cmd_replay_run, "works a decision out again, as it was or with other settings" },
    { "signal", "NAME=VALUE... [--service NAME | --rollout ID] [--reason TEXT]", LEVEL_DEPLOYER,
      COMMAND_ACTS, ARGS_SIGNALLED | ARGS_REASON, 1, ARGS_MAX, cmd_signal_set,
      "tells values from outside: all of them or none" },
    { "show signals", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_signal_show,
      "values that were told from outside, with their levels" },
    { "drill",
      "NAME [--share S] [--synthetic N] [--duration D] [--assert KEY=VALUE]... [--reason TEXT]",
      LEVEL_DEPLOYER, COMMAND_ACTS, ARGS_DRILL | ARGS_REASON, 1, 1, cmd_drill_run,
      "gives a small share (1%) to the standby slot and takes it back, to see that it works" },
    { "show version", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_life_version,
      "version and commit of the daemon" },
    { "whoami", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_life_whoami,
      "who the daemon takes you for, and your role" },
    { "switch",
      "NAME [--to SLOT] [--confirm-within D] [--force --reason TEXT] [--if-epoch E] [--timeout D] "
      "[--key K]",
      LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED | ARGS_TO | ARGS_CONFIRM, 1, 1, cmd_change_switch,
      "moves the traffic of a service or group to a slot (the standby one if not named)" },
    { "rollback",
      "NAME [--emergency --reason TEXT] [--force --reason TEXT] [--if-epoch E] [--timeout D] "
      "[--key K]",
      LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED | ARGS_EMERGENCY, 1, 1, cmd_change_rollback,
      "moves the traffic back to the slot before the last switch" },
    { "release", "NAME", LEVEL_DEPLOYER, COMMAND_CHANGES, ARGS_CHANGE, 1, 1, cmd_rules_release,
      "lets versions start again that were taken back by themselves, without a cool-down" },
    { "canary start", "NAME [--to SLOT] [N%] [--force --reason TEXT]", LEVEL_DEPLOYER,
      COMMAND_CHANGES, FORCED | ARGS_TO, 1, 2, cmd_canary_start,
      "gives a share of users (the first configured step) to a slot (the standby one)" },
    { "canary set", "NAME N% [--force --reason TEXT]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 2,
      2, cmd_canary_set, "makes the share exactly this" },
    { "canary step", "NAME [--force --reason TEXT]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 1, 1,
      cmd_canary_step, "goes on to the next configured step now" },
    { "canary pause", "NAME", LEVEL_DEPLOYER, COMMAND_CHANGES, ARGS_CHANGE, 1, 1, cmd_canary_pause,
      "keeps the share as it is: no step by time" },
    { "canary resume", "NAME", LEVEL_DEPLOYER, COMMAND_CHANGES, ARGS_CHANGE, 1, 1,
      cmd_canary_resume, "lets the steps by time go on" },
    { "canary abort", "NAME [--force --reason TEXT]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 1, 1,
      cmd_canary_abort, "gives everybody back to the live slot" },
    { "canary promote", "NAME [--confirm-within D] [--force --reason TEXT]", LEVEL_DEPLOYER,
      COMMAND_CHANGES, FORCED | ARGS_CONFIRM, 1, 1, cmd_canary_promote,
      "makes the candidate the live slot" },
    { "canary status", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_canary_status,
      "share, step and candidate, with requests and errors of both slots" },
    { "rollout start",
      "NAME [--to SLOT] [--plan canary|switch] [--profile P] [--confirm-within D] [--force "
      "--reason "
      "TEXT]",
      LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED | ARGS_TO | ARGS_CONFIRM | ARGS_ROLLOUT, 1, 1,
      cmd_rollout_start, "begins a deployment that goes on by itself" },
    { "rollout status", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_rollout_status,
      "the last rollout of each service or group, and who has agreed" },
    { "rollout pause", "NAME", LEVEL_DEPLOYER, COMMAND_CHANGES, ARGS_CHANGE, 1, 1,
      cmd_rollout_pause, "keeps a rollout where it is" },
    { "rollout resume", "NAME", LEVEL_DEPLOYER, COMMAND_CHANGES, ARGS_CHANGE, 1, 1,
      cmd_rollout_resume, "lets it go on" },
    { "rollout advance", "NAME [--force --reason TEXT]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 1,
      1, cmd_rollout_advance, "goes on to its next phase or step now" },
    { "rollout abort", "NAME [--force --reason TEXT]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 1,
      1, cmd_rollout_abort, "gives everybody back and ends it" },
    { "rollout wait", "NAME [--timeout D]", LEVEL_USER, COMMAND_READS, 0, 1, 1, cmd_rollout_wait,
      "answers when it has ended, or is held" },
    { "confirm", "NAME", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 1, 1, cmd_rollout_confirm,
      "what was switched with --confirm-within stays" },
    { "approve", "NAME [--to SLOT] [--note TEXT]", LEVEL_OPERATOR, COMMAND_CHANGES,
      ARGS_CHANGE | ARGS_TO, 1, 1, cmd_rollout_approve,
      "agrees to a rollout or switch whose gate asks for it" },
    { "reject", "NAME --reason TEXT", LEVEL_OPERATOR, COMMAND_CHANGES, ARGS_CHANGE, 1, 1,
      cmd_rollout_reject, "refuses it: the rollout is over" },
    { "check", "NAME ITEM [--to SLOT] [--note TEXT]", LEVEL_DEPLOYER, COMMAND_CHANGES,
      ARGS_CHANGE | ARGS_TO, 2, 2, cmd_rollout_check, "ticks an item of the checklist" },
    { "tenant pin", "TENANT SLOT [NAME]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 2, 3,
      cmd_tenant_pin, "keeps one tenant on a slot" },
    { "tenant unpin", "TENANT|* [NAME]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 1, 2,
      cmd_tenant_unpin, "lets a tenant, or all of them, go where everybody goes" },
    { "tenant list", "[NAME] [--stats] [--limit N] [--from PLACE]", LEVEL_USER, COMMAND_READS,
      ARGS_STATS | ARGS_LIMIT | ARGS_FROM, 0, 1, cmd_tenant_list,
      "pinned tenants, a page at a time (100 unless N is given)" },
    { "tenant export", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_tenant_export,
      "every pin as a line TENANT SLOT, as `tenant load` reads them" },
    { "tenant load", "[NAME] <<", LEVEL_DEPLOYER, COMMAND_LOADS, FORCED, 0, 1, cmd_tenant_load,
      "replaces all pins by the lines that follow, up to an empty one: all of them or none" },
    { "pause", "NAME [--max D]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED | ARGS_LONGEST, 1, 1,
      cmd_traffic_pause, "lets new requests of a service or group wait, for a time" },
    { "resume", "NAME", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 1, 1, cmd_traffic_resume,
      "lets them go on" },
    { "maint on", "NAME [--message TEXT]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED | ARGS_MESSAGE,
      1, 1, cmd_traffic_maint_on, "answers new requests with a maintenance page" },
    { "maint off", "NAME", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 1, 1, cmd_traffic_maint_off,
      "ends the maintenance" },
    { "explain",
      "[--host H] [--path P] [--method M] [--header \"N: V\"]... [--client-ip A] [--listener L]",
      LEVEL_USER, COMMAND_READS, REQUEST, 0, 0, cmd_explain_run,
      "where a request would go, and by which rule" },
    { "plan", "COMMAND WORDS...", LEVEL_DEPLOYER, COMMAND_READS, PLANNED, 1, ARGS_MAX, cmd_plan_run,
      "what a change would do and which gates it would meet; nothing changes" },
    { "apply", "TOKEN [--reason TEXT]", LEVEL_DEPLOYER, COMMAND_ACTS, ARGS_REASON, 1, 1,
      cmd_plan_apply, "makes a planned change, if nothing else has changed since" },
    { "reload", "[--timeout D]", LEVEL_OPERATOR, COMMAND_ACTS, ARGS_CHANGE, 0, 0, cmd_change_reload,
      "reads the configuration again: all of it or nothing" },
    { "state export", "", LEVEL_OPERATOR, COMMAND_READS, 0, 0, 0, cmd_state_export,
      "all decisions, history and pins as one document, with a checksum" },
    { "state import", "FILE [--force --reason TEXT]", LEVEL_ADMIN, COMMAND_ACTS, FORCED, 1, 1,
      cmd_state_import,
      "takes the decisions of such a document over, into a daemon without a history" },
    { "db migrations", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_migrations_show,
      "migrations in the folders of databases: what is pending, its class and risk, as judged "
      "last" },
    { "db describe", "NAME", LEVEL_OPERATOR, COMMAND_READS, 0, 1, 1, cmd_migration_describe,
      "where a database is, its folder of migrations, whether its snapshot is fresh; no secrets" },
    { "db approve", "TOKEN", LEVEL_OPERATOR, COMMAND_ACTS, ARGS_REASON, 1, 1, cmd_migration_approve,
      "agrees to the token of a critical \"db apply\" of somebody else" },
    { "db begin", "NAME TOKEN LEVEL FILE --reason TEXT [--if-epoch E]", LEVEL_OPERATOR,
      COMMAND_ACTS, ARGS_REASON | ARGS_IF_EPOCH, 4, 4, cmd_migration_begin,
      "may a migration be applied now? (for \"switchctl db apply\")" },
    { "db finish", "NAME TOKEN done|failed [WORDS]", LEVEL_OPERATOR, COMMAND_ACTS, 0, 3, 4,
      cmd_migration_finish, "what became of it (for \"switchctl db apply\")" },
    { "db snapshots", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_snapshot_list,
      "snapshots of databases, whether the newest is fresh, and what is under way" },
    { "db snapshot", "NAME [--kind logical|physical] [--timeout D]", LEVEL_OPERATOR, COMMAND_ACTS,
      ARGS_KIND | ARGS_REASON, 1, 1, cmd_snapshot_take,
      "takes a snapshot, decodes it to its end and keeps it" },
    { "db verify", "ID [--timeout D]", LEVEL_OPERATOR, COMMAND_ACTS, 0, 1, 1, cmd_snapshot_verify,
      "decodes a snapshot again and compares it with what it was" },
    { "db restore", "ID --to NAME [--token TOKEN] [--timeout D]", LEVEL_OPERATOR, COMMAND_ACTS,
      ARGS_TO | ARGS_TOKEN | ARGS_REASON, 1, 1, cmd_snapshot_restore,
      "tells what a restore would do and cost; with its token fills a new database beside the live "
      "one" },
    { "db forget", "ID [--force --reason TEXT]", LEVEL_OPERATOR, COMMAND_ACTS,
      ARGS_FORCE | ARGS_REASON, 1, 1, cmd_snapshot_forget, "removes a snapshot" },
    { "tls list", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_tls_list,
      "certificates of the listeners: names, end, fingerprint" },
    { "tls reload", "", LEVEL_OPERATOR, COMMAND_ACTS, 0, 0, 0, cmd_tls_reload,
      "reads the certificates again: all of them or none" },
    { "db status", "[NAME]", LEVEL_USER, COMMAND_READS, 0, 0, 1, cmd_database_status,
      "databases of the releases: condition, age of the last look, server; asks nobody" },
    { "db check", "NAME[/SLOT]", LEVEL_USER, COMMAND_READS, 0, 1, 1, cmd_database_check,
      "every gate of the databases of a service, a slot, or all that work with a database; exit 3 "
      "when one does not pass" },
    { "db contract", "NAME/SLOT", LEVEL_USER, COMMAND_READS, 0, 1, 1, cmd_database_contract,
      "what the release in a slot needs and does not find; exit 3 when there is any" },
    { "db test", "NAME", LEVEL_OPERATOR, COMMAND_READS, 0, 1, 1, cmd_database_test,
      "connects to a database anew: timings, TLS, rights of the role, what the server has left" },
    { "target set", "NAME/SLOT/TARGET ready|drain|maint|weight N [--force --reason TEXT]",
      LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 2, 3, cmd_target_set,
      "orders a target to serve, to finish, to rest, or to take its share" },
    { "target add", "NAME/SLOT TARGET [weight=N]", LEVEL_DEPLOYER, COMMAND_CHANGES, FORCED, 2, 3,
      cmd_target_add, "adds an app server to a slot" },
    { "target remove", "NAME/SLOT/TARGET [--wait] [--force --reason TEXT]", LEVEL_DEPLOYER,
      COMMAND_CHANGES, FORCED | ARGS_WAIT, 1, 1, cmd_target_remove,
      "takes an app server out of a slot; with --wait answers when nothing is in flight there" },
    { "drain", "NAME/SLOT [status] [--wait] [--force --reason TEXT]", LEVEL_DEPLOYER, COMMAND_ACTS,
      FORCED | ARGS_WAIT, 1, 1, cmd_drain_run,
      "orders every target of a slot to finish and take nothing new" },
    { "wait healthy", "NAME[/SLOT] [--timeout D]", LEVEL_USER, COMMAND_READS, 0, 1, 1,
      cmd_wait_healthy, "answers when every target that should serve is up" },
    { "wait drained", "NAME/SLOT [--timeout D]", LEVEL_USER, COMMAND_READS, 0, 1, 1,
      cmd_wait_drained, "answers when nothing is in flight on the slot" },
    { "lock show", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_lock_show,
      "who holds the deploy lock, and what waits" },
    { "lock acquire", "[NAME] --reason TEXT [--ttl D] [--wait] [--timeout D]", LEVEL_OPERATOR,
      COMMAND_ACTS, ARGS_CHANGE | ARGS_TTL | ARGS_WAIT, 0, 1, cmd_lock_acquire,
      "keeps others from changing anything, for a time" },
    { "lock release", "[NAME] [--force --reason TEXT]", LEVEL_OPERATOR, COMMAND_ACTS, FORCED, 0, 1,
      cmd_lock_release, "gives the deploy lock back" },
    { "action list", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_action_list,
      "programs of the configuration that can be run, and what became of them" },
    { "action run", "NAME [--token T] [--reason TEXT] [--timeout D]", LEVEL_OPERATOR, COMMAND_ACTS,
      ARGS_TOKEN | ARGS_REASON, 1, 1, cmd_action_run,
      "runs one; what needs a token is refused the first time, and told it" },
    { "action test", "NAME [--timeout D]", LEVEL_OPERATOR, COMMAND_READS, 0, 1, 1, cmd_action_test,
      "runs one of kind test" },
    { "webhook list", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_webhook_list,
      "receivers of events and programs for them: what waits, what was delivered, what failed" },
    { "webhook test", "NAME [--reason TEXT] [--timeout D]", LEVEL_OPERATOR, COMMAND_ACTS,
      ARGS_REASON, 1, 1, cmd_webhook_test,
      "sends a test event to one receiver now, and answers with what became of it" },
    { "shutdown", "[now]", LEVEL_ADMIN, COMMAND_ACTS, ARGS_REASON, 0, 1, cmd_life_shutdown,
      "stops the daemon: gracefully, or now" },
    { "prompt", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_life_prompt,
      "prints \"> \" before each command and keeps the connection open" },
    { "quit", "", LEVEL_USER, COMMAND_READS, 0, 0, 0, cmd_life_quit, "closes the connection" },
    { "help", "[COMMAND]", LEVEL_USER, COMMAND_READS, 0, 0, 2, cmd_life_help,
      "this list, or one command in full" },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const struct command_alias aliases[] = {
    { "promote", "switch" },
    { "slots", "show slots" },
    { "audit", "audit show" },
    { "targets", "show targets" },
    { "history", "show history" },
    { "signals", "show signals" },
    { "version", "show version" },
    { "lock", "lock show" },
    { "exit", "quit" },
    { "show tls", "tls list" },
    { "show db", "db status" },
    { "show deploy", "rollout status" },
};
enum { ALIAS_COUNT = sizeof aliases / sizeof aliases[0] };

const struct command *command_at(unsigned index)
{
    return index < COMMAND_COUNT ? &commands[index] : NULL;
}

const struct command_alias *command_alias_at(unsigned index)
{
    return index < ALIAS_COUNT ? &aliases[index] : NULL;
}

const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static const struct command *find_alias(const char *name)
{
    for (unsigned i = 0; i < ALIAS_COUNT; i++)
        if (strcmp(aliases[i].name, name) == 0)
            return command_find(aliases[i].means);
    return NULL;
}

bool command_is_family(const char *word)
{
    size_t len = strlen(word);

    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        if (strncmp(commands[i].name, word, len) == 0 && commands[i].name[len] == ' ')
            return true;
    return false;
}

static const char *find_nearest(const char *typed)
{
    const char *names[COMMAND_COUNT + ALIAS_COUNT];

    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    for (unsigned i = 0; i < ALIAS_COUNT; i++)
        names[COMMAND_COUNT + i] = aliases[i].name;
    return words_nearest(typed, names, COMMAND_COUNT + ALIAS_COUNT);
}

const struct command *command_lookup(char *const *words, unsigned count, unsigned *taken,
                                     const char **nearest)
{
    const struct command *command = NULL;
    char pair[64] = "";

    *nearest = NULL;
    *taken = 0;
    if (count == 0)
        return NULL;
    if (count >= 3 && strcmp(words[0], "drain") == 0 && strcmp(words[2], "status") == 0) {
        *taken = 1;
        return command_find("show drain");
    }
    if (count >= 2 && strcmp(words[0], "drain") == 0 && strcmp(words[1], "status") == 0) {
        *taken = 2;
        return command_find("show drain");
    }
    if (count > 1)
        snprintf(pair, sizeof pair, "%.30s %.30s", words[0], words[1]);
    command = command_find(pair);
    if (command == NULL)
        command = find_alias(pair);
    *taken = 2;
    if (command != NULL)
        return command;
    command = command_find(words[0]);
    if (command == NULL)
        command = find_alias(words[0]);
    *taken = 1;
    if (command != NULL)
        return command;
    if (count > 1)
        *nearest = find_nearest(pair);
    if (*nearest == NULL)
        *nearest = find_nearest(words[0]);
    return NULL;
}

bool command_is_allowed(const struct command *command, enum level level)
{
    return level >= command->level;
}

int command_parse(const struct command *command, char *const *words, unsigned count,
                  struct args *out)
{
    if (args_parse(words, count, command->options | ARGS_EVERY, out) < 0)
        return ERR_INVALID;
    if (out->count < command->min_words) {
        snprintf(out->problem, sizeof out->problem, "too few words for \"%s\"", command->name);
        return ERR_INVALID;
    }
    if (out->count > command->max_words) {
        snprintf(out->problem, sizeof out->problem, "too many words for \"%s\": %.60s",
                 command->name, out->words[command->max_words]);
        return ERR_INVALID;
    }
    if ((out->given & ARGS_FORCE) != 0 && (out->given & ARGS_REASON) == 0) {
        snprintf(out->problem, sizeof out->problem, "--force needs --reason TEXT");
        return ERR_INVALID;
    }
    return 0;
}
