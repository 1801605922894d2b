/*
 * A state as bytes. The envelope stays the same in all formats, so that an older program can tell a newer file
 * from a broken one:
 *
 *   {"switchyard":"state","format":3,"min_reader":1,"generation":N,"length":L,"state":\n
 *   <L bytes: one JSON object>,\n
 *   "sha256":"<64 lower-case hex digits of everything up to here>"}\n
 *
 * 64-bit integers are written as their digits. Pure.
 */
#include <inttypes.h>

#include "base/text.h"
#include "deploy/envelope_priv.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_priv.h"
#include "deploy/state_rollbacks_priv.h"

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add(out, "\"");
    text_add(out, name);
    text_add(out, "\":\"");
    text_add_json(out, slice_from(value));
    text_add(out, "\"");
}

static void add_optional_text(struct text *out, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    text_add(out, ",");
    add_text(out, name, value);
}

static void add_u64(struct text *out, const char *name, uint64_t value)
{
    text_add_format(out, ",\"%s\":%" PRIu64, name, value);
}

static void add_flag(struct text *out, const char *name, bool value)
{
    if (value)
        text_add_format(out, ",\"%s\":true", name);
}

static void encode_target(const struct state_target *target, struct text *out)
{
    text_add(out, "{");
    add_text(out, "slot", target->slot);
    add_optional_text(out, "target", target->name);
    add_flag(out, "added", target->is_added);
    add_flag(out, "removed", target->is_removed);
    if (target->has_order)
        add_optional_text(out, "order", order_name(target->order));
    if (target->has_weight)
        add_u64(out, "weight", target->weight);
    add_optional_text(out, "address", target->address);
    text_add(out, "}");
}

static void encode_pins(const struct state_pins *pins, struct text *out)
{
    if (pins->file[0] == '\0')
        return;
    text_add(out, ",\"pins\":{");
    add_text(out, "file", pins->file);
    add_u64(out, "records", pins->added.records);
    add_u64(out, "bytes", pins->added.bytes);
    text_add_format(out, ",\"sum\":\"%016" PRIx64 "\"}", pins->added.sum);
}

static void encode_canary(const struct state_canary *canary, struct text *out)
{
    if (canary->candidate[0] == '\0')
        return;
    text_add(out, ",\"canary\":{");
    add_text(out, "candidate", canary->candidate);
    add_u64(out, "share", canary->share);
    text_add_format(out, ",\"salt\":\"%016" PRIx64 "\"", canary->salt);
    add_flag(out, "paused", canary->is_paused);
    add_optional_text(out, "starter", canary->starter);
    add_u64(out, "started_us", canary->started_wall_us);
    add_u64(out, "next_us", canary->next_wall_us);
    text_add(out, "}");
}

/* Hold and maintenance, where they are on. */
static void encode_traffic(const struct state_service *service, struct text *out)
{
    if (service->hold.since_wall_us != 0)
        text_add_format(out, ",\"hold\":{\"since_us\":%" PRIu64 ",\"until_us\":%" PRIu64 "}",
                        service->hold.since_wall_us, service->hold.until_wall_us);
    if (service->maint.since_wall_us == 0)
        return;
    text_add_format(out, ",\"maint\":{\"since_us\":%" PRIu64, service->maint.since_wall_us);
    add_optional_text(out, "message", service->maint.message);
    text_add(out, "}");
}

static void encode_service(const struct state_service *service, struct text *out)
{
    const struct state_target *target = NULL;
    const char *comma = "";

    text_add(out, "{");
    add_text(out, "name", service->name);
    add_optional_text(out, "active", service->active);
    add_optional_text(out, "previous", service->previous);
    add_optional_text(out, "previous_version", service->previous_version);
    add_flag(out, "previous_tried", service->is_previous_tried);
    add_flag(out, "rolled_back", service->is_rolled_back);
    add_u64(out, "switched_us", service->switched_wall_us);
    add_u64(out, "switches", service->switch_count);
    if (service->trial_wall_us != 0)
        add_u64(out, "trial_us", service->trial_wall_us);
    state_rollbacks_encode(&service->book, out);
    encode_pins(&service->pins, out);
    encode_canary(&service->canary, out);
    encode_traffic(service, out);
    state_confirm_encode(&service->confirm, out);
    text_add(out, ",\"targets\":[");
    TAILQ_FOREACH(target, &service->targets, link)
    {
        text_add(out, comma);
        encode_target(target, out);
        comma = ",";
    }
    text_add(out, "]}");
}

static void encode_lock(const struct state_lock *lock, struct text *out)
{
    text_add(out, "{");
    add_text(out, "name", lock->name);
    add_optional_text(out, "owner", lock->owner);
    add_optional_text(out, "reason", lock->reason);
    add_u64(out, "since_us", lock->since_wall_us);
    add_u64(out, "ttl_us", lock->ttl_us);
    text_add(out, "}");
}

static void encode_key(const struct state_key *key, struct text *out)
{
    text_add(out, "{");
    add_text(out, "key", key->key);
    text_add_format(out, ",\"change\":\"%016" PRIx64 "\"", key->fingerprint);
    add_optional_text(out, "outcome", outcome_name(key->outcome));
    add_flag(out, "changed", key->changed);
    add_u64(out, "epoch_before", key->epoch_before);
    add_u64(out, "epoch", key->epoch);
    add_optional_text(out, "from", key->from);
    add_optional_text(out, "to", key->to);
    text_add(out, "}");
}

void state_encode_entry(const struct history_entry *entry, struct text *out)
{
    text_add_format(out, "{\"sequence\":%" PRIu64, entry->sequence);
    add_u64(out, "time_us", entry->wall_us);
    add_u64(out, "epoch_before", entry->epoch_before);
    add_u64(out, "epoch", entry->epoch);
    add_u64(out, "duration_us", entry->duration_us);
    add_optional_text(out, "kind", change_kind_name(entry->kind));
    add_optional_text(out, "outcome", outcome_name(entry->outcome));
    add_flag(out, "forced", entry->is_forced);
    add_optional_text(out, "name", entry->name);
    add_optional_text(out, "from", entry->from);
    add_optional_text(out, "to", entry->to);
    add_optional_text(out, "target", entry->target);
    add_optional_text(out, "actor", entry->actor);
    add_optional_text(out, "reason", entry->reason);
    add_optional_text(out, "gate", entry->gate);
    add_flag(out, "emergency", entry->is_emergency);
    add_optional_text(out, "skipped", entry->skipped);
    if (entry->share != 0)
        add_u64(out, "share", entry->share);
    add_optional_text(out, "trigger", entry->trigger);
    if (entry->decision != 0)
        add_u64(out, "decision", entry->decision);
    text_add(out, "}");
}

static void encode_decisions(const struct decisions *decisions, struct text *out)
{
    const struct state_lock *lock = NULL;
    const char *comma = "";

    text_add(out, ",\"services\":[");
    for (size_t i = 0; i < decisions->service_count; i++) {
        text_add(out, i > 0 ? ",\n" : "\n");
        encode_service(decisions->services[i], out);
    }
    text_add(out, "],\"locks\":[");
    TAILQ_FOREACH(lock, &decisions->locks, link)
    {
        text_add(out, comma);
        encode_lock(lock, out);
        comma = ",";
    }
    text_add(out, "]");
    state_book_encode(&decisions->book, out);
}

/* The newest ones that are asked for, oldest first. */
static void encode_lists(const struct state_picture *picture, struct text *out)
{
    const struct state *state = picture->state;
    const struct state_key *key = NULL;
    const struct state_entry *entry = NULL;
    size_t skip = state->key_count > picture->keys_max ? state->key_count - picture->keys_max : 0;
    const char *comma = "\n";

    text_add(out, ",\"keys\":[");
    TAILQ_FOREACH(key, &state->keys, link)
    {
        if (skip > 0) {
            skip--;
            continue;
        }
        text_add(out, comma);
        encode_key(key, out);
        comma = ",\n";
    }
    text_add(out, "],\"history\":[");
    comma = "\n";
    skip = state->tail_count > picture->tail_max ? state->tail_count - picture->tail_max : 0;
    TAILQ_FOREACH(entry, &state->tail, link)
    {
        if (skip > 0) {
            skip--;
            continue;
        }
        text_add(out, comma);
        state_encode_entry(&entry->entry, out);
        comma = ",\n";
    }
    text_add(out, "]");
}

static unsigned find_service_reader(const struct state_service *service)
{
    if (service->trial_wall_us != 0 || service->is_previous_tried ||
        !state_rollbacks_is_empty(&service->book))
        return STATE_FORMAT;
    if (service->pins.file[0] != '\0' || service->canary.candidate[0] != '\0' ||
        service->hold.since_wall_us != 0 || service->maint.since_wall_us != 0)
        return STATE_FORMAT_STEERING;
    return STATE_FORMAT_FIRST;
}

static unsigned find_entry_reader(const struct history_entry *entry)
{
    if (entry->kind > CHANGE_MAINT_OFF || entry->trigger[0] != '\0' || entry->decision != 0 ||
        entry->is_emergency)
        return STATE_FORMAT;
    return entry->kind > CHANGE_RELOAD ? STATE_FORMAT_STEERING : STATE_FORMAT_FIRST;
}

/* The oldest format whose program may read this without losing or refusing anything of it. */
static unsigned find_reader(const struct state_picture *picture)
{
    const struct state_entry *entry = NULL;
    unsigned reader = STATE_FORMAT_FIRST;

    if (state_book_is_used(picture->decisions))
        return STATE_FORMAT;
    for (size_t i = 0; i < picture->decisions->service_count; i++) {
        unsigned needed = find_service_reader(picture->decisions->services[i]);

        reader = needed > reader ? needed : reader;
    }
    TAILQ_FOREACH(entry, &picture->state->tail, link)
    {
        unsigned needed = find_entry_reader(&entry->entry);

        reader = needed > reader ? needed : reader;
    }
    return reader;
}

void state_encode(const struct state_picture *picture, struct text *out)
{
    struct text content;

    text_init(&content, out->limit);
    text_add_format(&content, "{\"epoch\":%" PRIu64, picture->decisions->epoch);
    add_u64(&content, "saved_us", picture->saved_wall_us);
    text_add_format(&content, ",\"config\":\"%016" PRIx64 "\"", picture->state->config_hash);
    add_u64(&content, "sequence", picture->state->sequence);
    encode_decisions(picture->decisions, &content);
    encode_lists(picture, &content);
    text_add(&content, "}");
    if (text_is_cut(&content))
        out->cut = true;
    envelope_write(STATE_FORMAT, find_reader(picture), picture->generation, text_slice(&content),
                   out);
    text_fini(&content);
}
