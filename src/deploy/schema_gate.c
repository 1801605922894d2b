/*
 * See schema_gate_priv.h. Called by move.c for every move of traffic, and by word_view.c. A forced change is not asked;
 * what it goes past is kept with it, as is what a rollback goes past.
 */
#include "deploy/schema_gate_priv.h"

#include <stdio.h>
#include <string.h>

#include "backup/backup.h"
#include "base/log.h"
#include "deploy/contracts_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/migration_watch_priv.h"

static void find_database(const struct deploy *deploy, const char *name,
                          struct deploy_database *out)
{
    const struct deploy_databases *databases = deploy->options.databases;

    *out = (struct deploy_database){ .age_us = UINT64_MAX };
    if (databases == NULL || !databases->find(deploy->options.databases_arg, name, out))
        snprintf(out->trouble, sizeof out->trouble, "nobody watches it yet");
}

static void fill_side(const struct deploy *deploy, size_t service, size_t slot_index,
                      struct deploy_database *found, struct word_side *out)
{
    const struct config_slot *slot = &deploy->config->services[service].slots[slot_index];
    const struct contracts_slot *asked = contracts_at(deploy->contracts, service, slot_index);

    *out = (struct word_side){
        .slot = slot->name,
        .version = slot->version != NULL ? slot->version : "",
        .database = slot->database,
        .schema = asked->has_range ? &asked->range : NULL,
        .contract = asked->contract,
        .contract_trouble = asked->trouble,
        .trouble = "",
        .remedy = "",
    };
    if (slot->database == NULL)
        return;
    find_database(deploy, slot->database, found);
    out->look = found->look;
    out->age_us = found->age_us;
    out->trouble = found->trouble;
    out->remedy = found->remedy;
}

void schema_gate_link(const struct deploy *deploy, const struct config_database *follower,
                      struct deploy_database found[2], struct word_link *out)
{
    find_database(deploy, follower->name, &found[0]);
    find_database(deploy, follower->publisher, &found[1]);
    *out = (struct word_link){
        .follower = follower->name,
        .publisher = follower->publisher,
        .subscription = follower->subscription,
        .follower_look = found[0].look,
        .follower_age_us = found[0].age_us,
        .publisher_look = found[1].look,
        .publisher_age_us = found[1].age_us,
        .lag_bytes_max = follower->lag_bytes,
        .lag_us_max = follower->lag_time,
        .has_heartbeat = follower->heartbeat,
    };
}

/* Traffic that comes to a database must find there what was written to the one that it follows. */
static void fill_link(const struct deploy *deploy, struct schema_question *out)
{
    const struct config_database *database =
        out->to.database != NULL
            ? config_find_database(deploy->config, slice_from(out->to.database))
            : NULL;

    if (database == NULL || database->publisher == NULL)
        return;
    schema_gate_link(deploy, database, &out->databases[2], &out->link);
    out->link.source = out->from.database;
    out->question.links = &out->link;
    out->question.link_count = 1;
}

/* A verified copy that is young enough. */
static void find_snapshot(const struct deploy *deploy, const char *database, uint64_t max_age_us,
                          struct word_finding *out)
{
    struct freshness fresh;

    *out = (struct word_finding){ .is_asked = true, .age_us = UINT64_MAX };
    if (deploy->backup == NULL || !backup_freshness(deploy->backup, database, max_age_us, &fresh)) {
        out->answer = WORD_FAIL;
        snprintf(out->words, sizeof out->words, "no snapshots of database %s are kept", database);
        snprintf(out->remedy, sizeof out->remedy, "give it a block snapshots");
        return;
    }
    out->answer = fresh.is_fresh ? WORD_PASS : WORD_FAIL;
    if (fresh.is_unseen)
        out->answer = WORD_UNKNOWN;
    out->age_us = fresh.is_known ? fresh.age_us : UINT64_MAX;
    snprintf(out->words, sizeof out->words, "database %s: %s", database, fresh.words);
    snprintf(out->remedy, sizeof out->remedy, "%s", fresh.remedy);
}

/* What is asked of each of the databases, once. */
static void fill_content(const struct deploy *deploy, const struct config_service *service,
                         struct schema_question *out)
{
    const char *names[] = { out->to.database, out->from.database };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct word_finding finding = { 0 };

        if (names[i] == NULL || (i > 0 && names[0] != NULL && strcmp(names[0], names[i]) == 0))
            continue;
        migration_watch_judge(deploy->migrations, service, names[i], &finding);
        word_join(&out->lint, &finding);
        if (service->schema.snapshot_age == 0)
            continue;
        find_snapshot(deploy, names[i], service->schema.snapshot_age, &finding);
        word_join(&out->snapshot, &finding);
    }
    out->question.lint = &out->lint;
    out->question.snapshot = &out->snapshot;
}

void schema_gate_ask(const struct deploy *deploy, size_t service, size_t to, const size_t *from,
                     struct schema_question *out)
{
    const struct config_schema *schema = &deploy->config->services[service].schema;

    memset(out, 0, sizeof *out);
    fill_side(deploy, service, to, &out->databases[0], &out->to);
    out->question.to = &out->to;
    if (from != NULL) {
        fill_side(deploy, service, *from, &out->databases[1], &out->from);
        out->question.from = &out->from;
    }
    out->question.is_same_database = schema->same_database;
    out->question.is_strict = schema->exact_version;
    out->question.has_integrity = schema->integrity;
    fill_link(deploy, out);
    fill_content(deploy, &deploy->config->services[service], out);
}

/* "0.4 s ago"; "": it rests on nothing. */
static const char *describe_age(const struct word_finding *finding, char *out, size_t size)
{
    out[0] = '\0';
    if (finding->age_us != UINT64_MAX)
        snprintf(out, size, " (seen %.1f s ago)", (double)finding->age_us / 1e6);
    return out;
}

static enum judgement refuse(struct ticket *ticket, const char *service, enum word_gate gate,
                             const struct word_finding *finding)
{
    char age[40];

    return judge_gate(ticket, word_gate_name(gate), false, "%s: %s%s%s%s%s; or --force --reason",
                      service, finding->answer == WORD_UNKNOWN ? "unknown: " : "", finding->words,
                      describe_age(finding, age, sizeof age),
                      finding->remedy[0] != '\0' ? "; " : "", finding->remedy);
}

/* In the history, the log and the answer: the way back was taken past something. */
static void note_passed(struct ticket *ticket, const char *service, const char *words)
{
    char *reason = ticket->change.reason;
    size_t len = strlen(reason);
    size_t room = 0;
    char note[160];
    char safe[400];

    if (ticket->change.plan_only || ticket->result.note[0] != '\0')
        return;
    LOG_WARN("database_passed_over", "service=%s kind=%s actor=\"%s\" words=\"%s\"", service,
             change_kind_name(ticket->change.kind), ticket->change.actor,
             log_text(slice_from(words), safe, sizeof safe));
    snprintf(note, sizeof note, "%s[database: %.120s]", len > 0 ? " " : "", words);
    room = sizeof ticket->change.reason - 1 - strlen(note);
    if (len > room) /* a long reason gives way, between two characters */
        for (len = room; len > 0 && ((unsigned char)reason[len] & 0xc0) == 0x80;)
            len--;
    snprintf(reason + len, sizeof ticket->change.reason - len, "%s", note);
    snprintf(ticket->result.note, sizeof ticket->result.note, "not proven for the database: %.150s",
             words);
}

static enum judgement check_forward(struct deploy *deploy, struct ticket *ticket, size_t service,
                                    const struct word *word)
{
    const struct config_service *configured = &deploy->config->services[service];
    bool is_lenient = configured->schema.on_unknown == CONFIG_UNKNOWN_ALLOW;

    for (int i = 0; i < WORD_GATE_COUNT; i++) {
        const struct word_finding *finding = &word->gates[i];
        bool is_passed =
            finding->answer == WORD_PASS || (finding->answer == WORD_UNKNOWN && is_lenient);

        if (!finding->is_asked)
            continue;
        if (is_passed)
            judge_gate(ticket, word_gate_name(i), true, "%s: %s%s", configured->name,
                       finding->answer == WORD_UNKNOWN ? "unknown, and let pass: " : "",
                       finding->words);
        else if (refuse(ticket, configured->name, i, finding) != JUDGED_DONE)
            return JUDGED_REFUSED;
        if (is_passed && finding->answer == WORD_UNKNOWN)
            note_passed(ticket, configured->name, finding->words);
    }
    return JUDGED_DONE;
}

/* What the release there needs of the schema, whatever the other side does. */
static enum judgement check_schema(struct ticket *ticket, const char *service,
                                   const struct schema_question *asked)
{
    static const enum word_gate gates[] = { WORD_GATE_VERSION, WORD_GATE_CONTRACT };
    struct word_question alone = asked->question;
    struct word word;

    alone.from = NULL;
    alone.is_back = true;
    word_judge(&alone, &word);
    for (size_t i = 0; i < sizeof gates / sizeof gates[0]; i++) {
        const struct word_finding *finding = &word.gates[gates[i]];

        if (finding->is_asked && finding->answer == WORD_FAIL &&
            refuse(ticket, service, gates[i], finding) != JUDGED_DONE)
            return JUDGED_REFUSED;
    }
    return JUDGED_DONE;
}

/* Trouble of a database is trouble of both sides of it: it holds nobody up who wants out. */
static enum judgement check_back(struct ticket *ticket, const char *service,
                                 const struct schema_question *asked)
{
    struct word_light light;

    word_shine(&asked->question, &light);
    if (!light.is_asked)
        return JUDGED_DONE;
    if (check_schema(ticket, service, asked) != JUDGED_DONE)
        return JUDGED_REFUSED;
    if (ticket->is_internal && light.answer == WORD_FAIL)
        return judge_gate(ticket, "rollback-safe", false,
                          "%s: nothing goes back by itself, a rollback is not safe now: %s",
                          service, light.words);
    if (light.answer != WORD_PASS)
        note_passed(ticket, service, light.words);
    return judge_gate(ticket, "rollback-safe", true, "%s: %s: %s", service,
                      light.answer == WORD_PASS ? "yes" : "not proven", light.words);
}

/* For the trail; of a plan of it they may be there already. */
static void note_bypassed(struct ticket *ticket, const char *gate)
{
    char *names = ticket->result.bypassed;
    size_t len = strlen(names);
    size_t room = sizeof ticket->result.bypassed - len;

    if (strstr(names, gate) == NULL && strlen(gate) + 1 < room)
        snprintf(names + len, room, "%s%s", len > 0 ? "," : "", gate);
}

/* What a forced way goes past is told as well. */
static void note_forced(struct ticket *ticket, const char *service,
                        const struct schema_question *asked)
{
    struct word word;

    word_judge(&asked->question, &word);
    for (int i = 0; i < WORD_GATE_COUNT; i++) {
        if (!word.gates[i].is_asked || word.gates[i].answer == WORD_PASS)
            continue;
        note_bypassed(ticket, word_gate_name(i));
        note_passed(ticket, service, word.gates[i].words);
    }
}

static bool is_way_back(const struct change *change)
{
    bool is_end = change->phase == ROLLOUT_ROLLED_BACK || change->phase == ROLLOUT_ABORTED ||
                  change->phase == ROLLOUT_REFUSED;

    return change->kind == CHANGE_ROLLBACK || change->kind == CHANGE_ROLLOUT_ABORT ||
           (change->kind == CHANGE_ROLLOUT_PHASE && is_end);
}

enum judgement schema_gate_check(struct deploy *deploy, struct ticket *ticket, size_t service,
                                 size_t slot)
{
    const char *name = deploy->config->services[service].name;
    size_t active = gate_active(deploy, service);
    struct schema_question asked;
    struct word word;

    if (active == slot)
        return JUDGED_DONE;
    schema_gate_ask(deploy, service, slot, &active, &asked);
    if (gate_is_forced(ticket)) {
        note_forced(ticket, name, &asked);
        return JUDGED_DONE;
    }
    if (is_way_back(&ticket->change))
        return check_back(ticket, name, &asked);
    word_judge(&asked.question, &word);
    return check_forward(deploy, ticket, service, &word);
}
