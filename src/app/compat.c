/* See compat.h. */
#include "app/compat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit_trail.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout.h"
#include "route/snapshot.h"

enum { TEXT_LIMIT = 16 * 1024 * 1024, HISTORY_LINES = 50, HISTORY_LOOK = 1000 };

struct compat {
    struct audit_trail *trail;
    char *state;
    char *current;
    char *log;
    uint64_t shown; /* of the live slots that the files name */
};

struct compat *compat_new(const struct config *config, struct audit_trail *trail)
{
    struct compat *compat = mem_zalloc(sizeof *compat);
    char *folder = config->compat_dir != NULL ? mem_text(config->compat_dir)
                                              : mem_format("%s/compat", config->state_dir);

    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        LOG_WARN("file_not_written", "path=\"%s\" why=\"%s\"", folder, strerror(errno));
    compat->trail = trail;
    compat->state = mem_format("%s/state.json", folder);
    compat->current = mem_format("%s/.current-environment", folder);
    compat->log = mem_format("%s/deployments.log", folder);
    free(folder);
    return compat;
}

void compat_free(struct compat *compat)
{
    if (compat == NULL)
        return;
    free(compat->state);
    free(compat->current);
    free(compat->log);
    free(compat);
}

static const char *find_active(unsigned index)
{
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), index);

    return service->slots[service->active].slot->name;
}

/* Where a rollback would go to; before the first switch the first other slot that may be live. */
static const char *find_standby(const struct deploy *deploy, unsigned index)
{
    const struct config_service *service = &deploy_config(deploy)->services[index];
    const char *active = find_active(index);
    struct deploy_service_view view;

    deploy_view_service(deploy, index, &view);
    if (view.previous[0] != '\0' && strcmp(view.previous, active) != 0)
        return view.previous;
    for (size_t i = 0; i < service->slot_count; i++)
        if (service->slots[i].role == CONFIG_ROLE_NONE &&
            strcmp(service->slots[i].name, active) != 0)
            return service->slots[i].name;
    return "";
}

static void add_member(struct text *out, const char *name, const char *value)
{
    text_add_format(out, "\"%s\":\"", name);
    text_add_json(out, slice_from(value));
    text_add(out, "\"");
}

static void add_stamp(struct text *out, const char *name, uint64_t wall_us)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(wall_us, stamp);
    if (wall_us == 0)
        text_add_format(out, "\"%s\":null", name);
    else
        add_member(out, name, stamp);
}

/* The phase of a rollout that moves traffic: to its slot, or back. */
static bool is_moving_phase(enum change_kind kind, const char *phase)
{
    if (kind == CHANGE_ROLLOUT_ABORT)
        return true;
    return (kind == CHANGE_ROLLOUT_PHASE || kind == CHANGE_ROLLOUT_ADVANCE) &&
           (strcmp(phase, rollout_phase_name(ROLLOUT_CUTOVER)) == 0 ||
            strcmp(phase, rollout_phase_name(ROLLOUT_ABORTED)) == 0 ||
            strcmp(phase, rollout_phase_name(ROLLOUT_ROLLED_BACK)) == 0);
}

/* What the log has a line of, and the history an entry: also the end of a canary by a rollback, which moves no live
 * slot but is what people look for. */
static bool is_move(enum change_kind kind, const char *target, const char *from, const char *to)
{
    return from[0] != '\0' && to[0] != '\0' && strcmp(from, to) != 0 &&
           (kind == CHANGE_SWITCH || kind == CHANGE_ROLLBACK || kind == CHANGE_CANARY_PROMOTE ||
            is_moving_phase(kind, target));
}

static bool is_moving_entry(const struct history_entry *entry)
{
    bool is_done = entry->outcome == OUTCOME_DONE || entry->outcome == OUTCOME_VOLATILE;

    return is_done && is_move(entry->kind, entry->target, entry->from, entry->to);
}

static void add_entry(struct text *out, const struct history_entry *entry)
{
    text_add(out, "{");
    add_stamp(out, "timestamp", entry->wall_us);
    text_add(out, ",");
    add_member(out, "action", change_kind_name(entry->kind));
    text_add(out, ",");
    add_member(out, "from", entry->from);
    text_add(out, ",");
    add_member(out, "to", entry->to);
    text_add(out, ",");
    add_member(out, "by", entry->actor);
    text_add(out, ",");
    add_member(out, "reason", entry->reason);
    text_add(out, "}");
}

/* The newest moves of the service or of its group, oldest first. */
static void add_history(struct text *out, const struct deploy *deploy, const char *name,
                        const char *group)
{
    struct history_entry *kept = mem_grow(NULL, HISTORY_LINES, sizeof *kept);
    struct history_entry entry;
    unsigned count = 0;

    for (unsigned i = 0;
         i < HISTORY_LOOK && count < HISTORY_LINES && deploy_history(deploy, i, &entry); i++)
        if (is_moving_entry(&entry) &&
            (strcmp(entry.name, name) == 0 || (group[0] != '\0' && strcmp(entry.name, group) == 0)))
            kept[count++] = entry;
    text_add(out, "\"history\":[");
    for (unsigned i = count; i > 0; i--) {
        text_add(out, i == count ? "" : ",");
        add_entry(out, &kept[i - 1]);
    }
    text_add(out, "]");
    free(kept);
}

/* The five members of one service. */
static void add_service(struct text *out, const struct deploy *deploy, unsigned index)
{
    struct deploy_service_view view;

    deploy_view_service(deploy, index, &view);
    add_member(out, "prod", find_active(index));
    text_add(out, ",");
    add_member(out, "standby", find_standby(deploy, index));
    text_add(out, ",");
    add_stamp(out, "lastSwitch", view.switched_wall_us);
    text_add_format(out, ",\"switchCount\":%" PRIu64 ",", view.switch_count);
    add_history(out, deploy, deploy_config(deploy)->services[index].name, view.group);
}

static uint64_t find_shown(const struct deploy *deploy)
{
    size_t count = deploy_config(deploy)->service_count;
    uint64_t hash = 0;

    for (unsigned i = 0; i < count; i++) {
        struct deploy_service_view view;
        const char *active = find_active(i);

        deploy_view_service(deploy, i, &view);
        hash = hash_bytes(hash + view.switch_count, active, strlen(active));
        hash = hash_bytes(hash, view.previous, strlen(view.previous));
    }
    return hash;
}

void compat_write(struct compat *compat, const struct deploy *deploy)
{
    const struct config *config = deploy_config(deploy);
    struct text out;

    compat->shown = find_shown(deploy);
    text_init(&out, TEXT_LIMIT);
    text_add(&out, "{");
    add_service(&out, deploy, 0);
    text_add(&out, ",\n\"services\":{");
    for (unsigned i = 0; i < config->service_count; i++) {
        text_add(&out, i > 0 ? ",\n\"" : "\n\"");
        text_add_json(&out, slice_from(config->services[i].name));
        text_add(&out, "\":{");
        add_service(&out, deploy, i);
        text_add(&out, "}");
    }
    text_add(&out, "}}\n");
    if (!text_is_cut(&out))
        audit_trail_write_file(compat->trail, compat->state, text_slice(&out), false);
    text_clear(&out);
    text_add_format(&out, "%s\n", find_active(0));
    audit_trail_write_file(compat->trail, compat->current, text_slice(&out), false);
    text_fini(&out);
}

/* A sentence for people, then the same for programs. */
static void add_line(struct compat *compat, const struct change *change,
                     const struct change_result *result)
{
    char stamp[CLOCK_STAMP_SIZE];
    struct text reason;
    struct text out;

    clock_stamp(clock_wall_us(), stamp);
    text_init(&reason, TEXT_LIMIT);
    text_init(&out, TEXT_LIMIT);
    mask_text(slice_from(change->reason), &reason);
    text_add_format(&out, "%s %s %s: %s -> %s, epoch %" PRIu64 " {", stamp,
                    change_kind_name(change->kind), change->name, result->from, result->to,
                    result->epoch);
    add_member(&out, "time", stamp);
    text_add(&out, ",");
    add_member(&out, "action", change_kind_name(change->kind));
    text_add(&out, ",");
    add_member(&out, "service", change->name);
    text_add(&out, ",");
    add_member(&out, "from", result->from);
    text_add(&out, ",");
    add_member(&out, "to", result->to);
    text_add(&out, ",");
    add_member(&out, "by", change->actor);
    text_add(&out, ",\"reason\":\"");
    text_add_json(&out, text_slice(&reason));
    text_add_format(&out, "\",\"epoch\":%" PRIu64 "}\n", result->epoch);
    audit_trail_write_file(compat->trail, compat->log, text_slice(&out), true);
    text_fini(&reason);
    text_fini(&out);
}

void compat_note(struct compat *compat, const struct deploy *deploy, const struct change *change,
                 const struct change_result *result)
{
    bool is_done = result->outcome == OUTCOME_DONE || result->outcome == OUTCOME_VOLATILE;

    bool is_line = is_move(change->kind, change->target, result->from, result->to);

    if (!is_done || !result->changed || (!is_line && find_shown(deploy) == compat->shown))
        return;
    compat_write(compat, deploy);
    if (is_line)
        add_line(compat, change, result);
}
