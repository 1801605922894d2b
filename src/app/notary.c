/* See notary.h. */
#include "app/notary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/compat.h"
#include "audit/audit_trail.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "route/snapshot.h"

struct notary {
    struct audit_trail *trail;
    struct compat *compat;
    bool is_started;
};

int notary_new(struct loop *loop, const struct config *config, char *words, unsigned words_size,
               struct notary **out)
{
    struct notary *notary = mem_zalloc(sizeof *notary);
    char *path = mem_format("%s/audit.jsonl", config->state_dir);
    char why[AUDIT_FILES_WORDS] = "";
    struct audit_trail_options options = {
        .loop = loop,
        .path = path,
        .key = config->audit.key,
        .anchor = config->audit.anchor,
        .rotate_bytes = config->audit.bytes,
        .patience_us = config->audit.patience,
        .refuses = config->audit.on_failure == CONFIG_AUDIT_REFUSE,
    };
    int err = audit_trail_new(&options, &notary->trail, why);

    free(path);
    if (err != 0) {
        snprintf(words, words_size, "the audit trail cannot be opened: %s", why);
        free(notary);
        return err;
    }
    notary->compat = compat_new(config, notary->trail);
    *out = notary;
    return 0;
}

static void set(char *field, size_t size, const char *text)
{
    audit_record_set(field, size, text);
}

static void tell(struct notary *notary, const char *verb, const char *from, const char *note)
{
    const struct snapshot *snapshot = snapshot_current();
    struct audit_record record = { 0 };

    record.epoch = record.epoch_before = snapshot != NULL ? snapshot_epoch(snapshot) : 0;
    set(record.actor, sizeof record.actor, "switchyard");
    set(record.from, sizeof record.from, from);
    set(record.verb, sizeof record.verb, verb);
    set(record.outcome, sizeof record.outcome, "done");
    set(record.fault, sizeof record.fault, "none");
    set(record.note, sizeof record.note, note);
    audit_trail_add(notary->trail, &record, NULL, NULL);
}

void notary_free(struct notary *notary)
{
    if (notary == NULL)
        return;
    if (notary->is_started)
        tell(notary, "stop", "", "");
    compat_free(notary->compat);
    audit_trail_free(notary->trail);
    free(notary);
}

struct audit_trail *notary_trail(const struct notary *notary)
{
    return notary->trail;
}

void notary_started(struct notary *notary, const struct deploy *deploy)
{
    char note[96];

    notary->is_started = true;
    snprintf(note, sizeof note, "version %s pid %d uid %u", SWITCHYARD_VERSION, (int)getpid(),
             (unsigned)getuid());
    tell(notary, "start", "", note);
    compat_write(notary->compat, deploy);
}

void notary_stopping(struct notary *notary, int signal)
{
    char from[32];

    if (signal == 0)
        return; /* the command has a record of its own */
    snprintf(from, sizeof from, "signal:%d", signal);
    tell(notary, "stopping", from, "");
}

/* "signal=HUP": what came by a signal. */
static const char *find_source(const struct change *change)
{
    return strncmp(change->actor, "signal=", 7) == 0 ? change->actor : "";
}

static void note_change(struct notary *notary, const struct change *change,
                        const struct change_result *result)
{
    struct audit_record record = {
        .epoch_before = result->epoch_before,
        .epoch = result->epoch,
        .duration_us = result->duration_us,
    };
    char words[256];

    set(record.actor, sizeof record.actor, change->actor);
    set(record.from, sizeof record.from, find_source(change));
    set(record.verb, sizeof record.verb, change_kind_name(change->kind));
    set(record.service, sizeof record.service, change->name);
    set(record.bypassed, sizeof record.bypassed, result->bypassed);
    set(record.outcome, sizeof record.outcome, outcome_name(result->outcome));
    set(record.fault, sizeof record.fault, fault_name(result->fault));
    set(record.gate, sizeof record.gate, result->gate);
    set(record.reason, sizeof record.reason, change->reason);
    set(record.trigger, sizeof record.trigger, change->trigger);
    set(record.note, sizeof record.note, result->words);
    snprintf(words, sizeof words, "%s %s%s%s%s%s", change_kind_name(change->kind), change->name,
             result->from[0] != '\0' ? " from " : "", result->from,
             result->to[0] != '\0' ? " to " : "", result->to);
    set(record.words, sizeof record.words, words);
    audit_trail_add(notary->trail, &record, NULL, NULL);
}

void notary_settled(struct notary *notary, const struct deploy *deploy, const struct change *change,
                    const struct change_result *result)
{
    if (!change->is_witnessed)
        note_change(notary, change, result);
    compat_note(notary->compat, deploy, change, result);
}
