/*
 * A state from bytes: envelope and checksum first, then strict JSON, then every value with its range. Nothing
 * is guessed: what does not fit makes the whole state invalid. Pure; fuzzed by tests/fuzz/fuzz_state.c.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "base/strict_json.h"
#include "deploy/envelope_priv.h"
#include "deploy/pins_log_priv.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_priv.h"
#include "deploy/state_rollbacks_priv.h"
#include "route/split.h"

enum {
    STATE_BYTES_MAX = 64 * 1024 * 1024,
    STATE_ITEMS_MAX = 4 * 1024 * 1024,
    STATE_SERVICES_MAX = 100 * 1000,
};

static const struct strict_json_limits limits = {
    .bytes = STATE_BYTES_MAX,
    .depth = 8,
    .items = STATE_ITEMS_MAX,
};

/* For members that may be missing. */
static int allow_missing(int err)
{
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int read_text(const cJSON *item, const char *name, char *out, size_t capacity)
{
    int err = strict_json_text(item, name, out, capacity);

    return err == 0 && out[0] == '\0' ? ERR_INVALID : err;
}

static int read_optional(const cJSON *item, const char *name, char *out, size_t capacity)
{
    out[0] = '\0';
    return allow_missing(strict_json_text(item, name, out, capacity));
}

static int read_u64(const cJSON *item, const char *name, uint64_t *out)
{
    return strict_json_u64(item, name, STRICT_JSON_INTEGER_MAX, out);
}

static int read_flag(const cJSON *item, const char *name, bool *out)
{
    *out = false;
    return allow_missing(strict_json_bool(item, name, out));
}

static int read_hex(const cJSON *item, const char *name, uint64_t *out)
{
    char digits[17];
    int err = strict_json_text(item, name, digits, sizeof digits);

    return err != 0 ? err : num_parse_hex(slice_from(digits), UINT64_MAX, out);
}

static int read_order(const cJSON *item, struct state_target *target)
{
    char word[16];
    int err = strict_json_text(item, "order", word, sizeof word);

    if (err != 0)
        return allow_missing(err);
    for (int order = ORDER_READY; order <= ORDER_MAINT; order++) {
        if (strcmp(order_name((enum order)order), word) != 0)
            continue;
        target->order = (enum order)order;
        target->has_order = true;
        return 0;
    }
    return ERR_INVALID;
}

static int read_weight(const cJSON *item, struct state_target *target)
{
    uint64_t weight = 0;
    int err = strict_json_u64(item, "weight", STATE_WEIGHT_MAX, &weight);

    target->has_weight = err == 0;
    target->weight = (uint32_t)weight;
    return allow_missing(err);
}

static int read_outcome(const cJSON *item, enum outcome *out)
{
    char word[32];
    int err = strict_json_text(item, "outcome", word, sizeof word);

    for (int outcome = OUTCOME_DONE; err == 0 && outcome <= OUTCOME_VOLATILE; outcome++) {
        if (strcmp(outcome_name((enum outcome)outcome), word) != 0)
            continue;
        *out = (enum outcome)outcome;
        return 0;
    }
    return err != 0 ? err : ERR_INVALID;
}

static int read_kind(const cJSON *item, enum change_kind *out)
{
    char word[32];
    int err = strict_json_text(item, "kind", word, sizeof word);

    for (int kind = CHANGE_SWITCH; err == 0 && kind <= CHANGE_RELEASE; kind++) {
        if (strcmp(change_kind_name((enum change_kind)kind), word) != 0)
            continue;
        *out = (enum change_kind)kind;
        return 0;
    }
    return err != 0 ? err : ERR_INVALID;
}

static int decode_target(const cJSON *item, struct state_service *service)
{
    struct state_target target = { 0 };
    struct state_target *added = NULL;
    int err = read_text(item, "slot", target.slot, sizeof target.slot);

    if (err == 0)
        err = read_text(item, "target", target.name, sizeof target.name);
    if (err == 0)
        err = read_flag(item, "added", &target.is_added);
    if (err == 0)
        err = read_flag(item, "removed", &target.is_removed);
    if (err == 0)
        err = read_order(item, &target);
    if (err == 0)
        err = read_weight(item, &target);
    if (err == 0)
        err = read_optional(item, "address", target.address, sizeof target.address);
    if (err == 0 && (target.is_added && target.is_removed))
        err = ERR_INVALID;
    if (err == 0 && state_service_target(service, target.slot, target.name) != NULL)
        err = ERR_EXISTS;
    if (err == 0 && service->target_count == STATE_TARGETS_MAX)
        err = ERR_RANGE;
    if (err != 0)
        return err;
    added = state_service_add_target(service, target.slot, target.name);
    target.link = added->link;
    *added = target;
    return 0;
}

static int decode_share(const cJSON *item, uint32_t *out)
{
    uint64_t share = 0;
    int err = strict_json_u64(item, "share", SPLIT_WHOLE, &share);

    *out = (uint32_t)share;
    return err;
}

static int decode_canary(const cJSON *item, struct state_canary *canary)
{
    int err = read_text(item, "candidate", canary->candidate, sizeof canary->candidate);

    if (err == 0)
        err = decode_share(item, &canary->share);
    if (err == 0)
        err = read_hex(item, "salt", &canary->salt);
    if (err == 0)
        err = read_flag(item, "paused", &canary->is_paused);
    if (err == 0)
        err = read_optional(item, "starter", canary->starter, sizeof canary->starter);
    if (err == 0)
        err = read_u64(item, "started_us", &canary->started_wall_us);
    if (err == 0)
        err = read_u64(item, "next_us", &canary->next_wall_us);
    return err;
}

/* One that has no beginning is none. */
static int decode_hold(const cJSON *item, struct state_hold *hold)
{
    int err = read_u64(item, "since_us", &hold->since_wall_us);

    if (err == 0)
        err = read_u64(item, "until_us", &hold->until_wall_us);
    return err == 0 && hold->since_wall_us == 0 ? ERR_INVALID : err;
}

static int decode_maint(const cJSON *item, struct state_maint *maint)
{
    int err = read_u64(item, "since_us", &maint->since_wall_us);

    if (err == 0)
        err = read_optional(item, "message", maint->message, sizeof maint->message);
    return err == 0 && maint->since_wall_us == 0 ? ERR_INVALID : err;
}

/* A member that may be missing, but is an object when it is there. */
static int find_object(const cJSON *item, const char *name, const cJSON **out)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(item, name);

    *out = strict_json_object(item, name);
    return *out == NULL && member != NULL && !cJSON_IsNull(member) ? ERR_INVALID : 0;
}

/* Canary, hold and maintenance. */
static int decode_steering(const cJSON *item, struct state_service *service)
{
    const cJSON *canary = NULL;
    const cJSON *hold = NULL;
    const cJSON *maint = NULL;
    int err = find_object(item, "canary", &canary);

    if (err == 0)
        err = find_object(item, "hold", &hold);
    if (err == 0)
        err = find_object(item, "maint", &maint);
    if (err == 0 && canary != NULL)
        err = decode_canary(canary, &service->canary);
    if (err == 0 && hold != NULL)
        err = decode_hold(hold, &service->hold);
    if (err == 0 && maint != NULL)
        err = decode_maint(maint, &service->maint);
    return err;
}

static int decode_pins(const cJSON *item, struct state_pins *pins)
{
    const cJSON *member = NULL;
    int err = find_object(item, "pins", &member);

    if (err != 0 || member == NULL)
        return err;
    err = read_text(member, "file", pins->file, sizeof pins->file);
    if (err == 0 && pins_log_number(pins->file) == 0)
        err = ERR_INVALID;
    if (err == 0)
        err = strict_json_u64(member, "records", PINS_LOG_BYTES_MAX, &pins->added.records);
    if (err == 0)
        err = strict_json_u64(member, "bytes", PINS_LOG_BYTES_MAX, &pins->added.bytes);
    return err == 0 ? read_hex(member, "sum", &pins->added.sum) : err;
}

static int decode_service(const cJSON *item, struct state *state)
{
    char name[64];
    struct state_service *service = NULL;
    const cJSON *targets = strict_json_array(item, "targets");
    const cJSON *target = NULL;
    int err = read_text(item, "name", name, sizeof name);

    if (err != 0)
        return err;
    if (targets == NULL || state->decisions.service_count == STATE_SERVICES_MAX)
        return ERR_INVALID;
    service = decisions_add(&state->decisions, name);
    err = read_text(item, "active", service->active, sizeof service->active);
    if (err == 0)
        err = read_optional(item, "previous", service->previous, sizeof service->previous);
    if (err == 0)
        err = read_optional(item, "previous_version", service->previous_version,
                            sizeof service->previous_version);
    if (err == 0)
        err = read_flag(item, "previous_tried", &service->is_previous_tried);
    if (err == 0)
        err = read_flag(item, "rolled_back", &service->is_rolled_back);
    if (err == 0)
        err = read_u64(item, "switched_us", &service->switched_wall_us);
    if (err == 0)
        err = read_u64(item, "switches", &service->switch_count);
    if (err == 0)
        err = allow_missing(read_u64(item, "trial_us", &service->trial_wall_us));
    if (err == 0)
        err = state_rollbacks_decode(item, &service->book);
    if (err == 0)
        err = decode_steering(item, service);
    if (err == 0)
        err = state_confirm_decode(item, &service->confirm);
    if (err == 0)
        err = decode_pins(item, &service->pins);
    cJSON_ArrayForEach(target, targets)
    {
        if (err == 0)
            err = decode_target(target, service);
    }
    return err;
}

static int decode_lock(const cJSON *item, struct state *state)
{
    char name[64];
    struct state_lock *lock = NULL;
    int err = strict_json_text(item, "name", name, sizeof name);

    if (err != 0)
        return err;
    if (decisions_lock(&state->decisions, name) != NULL)
        return ERR_EXISTS;
    lock = decisions_add_lock(&state->decisions, name);
    err = read_text(item, "owner", lock->owner, sizeof lock->owner);
    if (err == 0)
        err = read_optional(item, "reason", lock->reason, sizeof lock->reason);
    if (err == 0)
        err = read_u64(item, "since_us", &lock->since_wall_us);
    if (err == 0)
        err = read_u64(item, "ttl_us", &lock->ttl_us);
    return err;
}

static int decode_key(const cJSON *item, struct state *state)
{
    char name[64];
    struct state_key *key = NULL;
    int err = read_text(item, "key", name, sizeof name);

    if (err != 0)
        return err;
    key = state_add_key(state, name);
    err = read_hex(item, "change", &key->fingerprint);
    if (err == 0)
        err = read_outcome(item, &key->outcome);
    if (err == 0)
        err = read_flag(item, "changed", &key->changed);
    if (err == 0)
        err = read_u64(item, "epoch_before", &key->epoch_before);
    if (err == 0)
        err = read_u64(item, "epoch", &key->epoch);
    if (err == 0)
        err = read_optional(item, "from", key->from, sizeof key->from);
    if (err == 0)
        err = read_optional(item, "to", key->to, sizeof key->to);
    return err;
}

static int decode_entry_numbers(const cJSON *item, struct history_entry *entry)
{
    int err = read_u64(item, "sequence", &entry->sequence);

    if (err == 0)
        err = read_u64(item, "time_us", &entry->wall_us);
    if (err == 0)
        err = read_u64(item, "epoch_before", &entry->epoch_before);
    if (err == 0)
        err = read_u64(item, "epoch", &entry->epoch);
    if (err == 0)
        err = read_u64(item, "duration_us", &entry->duration_us);
    if (err == 0)
        err = read_kind(item, &entry->kind);
    if (err == 0)
        err = read_outcome(item, &entry->outcome);
    if (err == 0)
        err = read_flag(item, "forced", &entry->is_forced);
    if (err == 0)
        err = read_flag(item, "emergency", &entry->is_emergency);
    return err;
}

int state_decode_entry(const struct cJSON *item, struct history_entry *out)
{
    struct history_entry entry = { 0 };
    int err = decode_entry_numbers(item, &entry);

    if (err == 0)
        err = read_optional(item, "name", entry.name, sizeof entry.name);
    if (err == 0)
        err = read_optional(item, "from", entry.from, sizeof entry.from);
    if (err == 0)
        err = read_optional(item, "to", entry.to, sizeof entry.to);
    if (err == 0)
        err = read_optional(item, "target", entry.target, sizeof entry.target);
    if (err == 0)
        err = read_optional(item, "actor", entry.actor, sizeof entry.actor);
    if (err == 0)
        err = read_optional(item, "reason", entry.reason, sizeof entry.reason);
    if (err == 0)
        err = read_optional(item, "gate", entry.gate, sizeof entry.gate);
    if (err == 0)
        err = read_optional(item, "skipped", entry.skipped, sizeof entry.skipped);
    if (err == 0)
        err = allow_missing(decode_share(item, &entry.share));
    if (err == 0)
        err = read_optional(item, "trigger", entry.trigger, sizeof entry.trigger);
    if (err == 0)
        err = allow_missing(read_u64(item, "decision", &entry.decision));
    if (err == 0)
        *out = entry;
    return err;
}

static int decode_entry(const cJSON *item, struct state *state)
{
    struct history_entry entry;
    int err = state_decode_entry(item, &entry);
    const struct state_entry *last = TAILQ_LAST(&state->tail, state_tail);

    if (err != 0)
        return err;
    if (entry.sequence == 0 || entry.sequence > state->sequence ||
        (last != NULL && entry.sequence <= last->entry.sequence))
        return ERR_INVALID;
    state_add_entry(state, &entry);
    return 0;
}

static int decode_list(const cJSON *content, const char *name, struct state *state,
                       int (*decode)(const cJSON *item, struct state *state))
{
    const cJSON *list = strict_json_array(content, name);
    const cJSON *item = NULL;
    int err = list == NULL ? ERR_NOT_FOUND : 0;

    cJSON_ArrayForEach(item, list)
    {
        if (err == 0)
            err = decode(item, state);
    }
    return err;
}

static int compare_services(const void *a, const void *b)
{
    const struct state_service *const *first = a;
    const struct state_service *const *second = b;

    return strcmp((*first)->name, (*second)->name);
}

/* Sorts by name on the way; the order of the file says nothing. */
static int check_services(struct decisions *decisions)
{
    if (decisions->service_count > 1)
        qsort(decisions->services, decisions->service_count, sizeof *decisions->services,
              compare_services);
    for (size_t i = 1; i < decisions->service_count; i++)
        if (compare_services(&decisions->services[i - 1], &decisions->services[i]) == 0)
            return ERR_EXISTS;
    return 0;
}

/* What did not fit, for the words. */
static const char *decode_content(const cJSON *content, struct state *state)
{
    if (!cJSON_IsObject(content))
        return "no object";
    if (read_u64(content, "epoch", &state->decisions.epoch) != 0)
        return "epoch";
    if (read_u64(content, "saved_us", &state->saved_wall_us) != 0)
        return "saved_us";
    if (read_hex(content, "config", &state->config_hash) != 0)
        return "config";
    if (read_u64(content, "sequence", &state->sequence) != 0)
        return "sequence";
    if (decode_list(content, "services", state, decode_service) != 0 ||
        check_services(&state->decisions) != 0)
        return "services";
    if (decode_list(content, "locks", state, decode_lock) != 0)
        return "locks";
    if (state_book_decode(content, &state->decisions.book) != 0)
        return "rollouts";
    if (decode_list(content, "keys", state, decode_key) != 0)
        return "keys";
    return decode_list(content, "history", state, decode_entry) != 0 ? "history" : NULL;
}

int state_decode(struct slice bytes, struct state **out, char *words, unsigned words_size)
{
    struct envelope envelope = { 0 };
    cJSON *content = NULL;
    struct state *state = NULL;
    const char *why = NULL;
    int err = bytes.len > STATE_BYTES_MAX ? ERR_CORRUPT
                                          : envelope_read(bytes, STATE_FORMAT, &envelope, &why);

    if (err != 0) {
        snprintf(words, words_size, "%s", why != NULL ? why : "it is too long");
        return err;
    }
    err = strict_json_parse(envelope.content, &limits, &content, &why);
    if (err != 0) {
        snprintf(words, words_size, "its content is not valid: %s", why);
        return ERR_CORRUPT;
    }
    state = state_new();
    state->generation = envelope.generation;
    why = decode_content(content, state);
    cJSON_Delete(content);
    if (why != NULL) {
        snprintf(words, words_size, "its content is not valid: %s", why);
        state_free(state);
        return ERR_CORRUPT;
    }
    *out = state;
    return 0;
}
