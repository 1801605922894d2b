/* Documents as bytes and back: see deploy/transfer.h. */
#include "deploy/transfer.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strict_json.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/state_code_priv.h"
#include "deploy/transfer_priv.h"
#include "route/tenant.h"

static const char head_format[] = "{\"switchyard\":\"export\",\"format\":%d,\"time\":\"%s\","
                                  "\"state_bytes\":%zu,\"state\":\n";
static const char history_title[] = ",\"history\":[\n";
static const char pins_title[] = "],\"pins\":[\n";
static const char decisions_title[] = "],\"decisions\":[\n";
static const char tail[] = "],\n";
static const char sha_title[] = "\"sha256\":\"";

enum {
    FORMAT = 1,
    STATE_LIMIT = 64 * 1024 * 1024,
    PIECE_PINS = 2000,
    PIECE_ENTRIES = 500,
    SCOPES_MAX = 20000,
    SHA_BYTES = 32,
};

/* Owner: the call. */
struct transfer_walk {
    const struct deploy *deploy;
    uint64_t epoch;
    uint64_t sequence;
    unsigned left; /* entries of the history that were not written */
    size_t service;
    struct tenant_walk pins;
    enum { AT_STATE, AT_HISTORY, AT_PINS, AT_END } at;
    bool is_first; /* of a list */
};

struct transfer_walk *transfer_walk_new(const struct deploy *deploy)
{
    struct transfer_walk *walk = mem_zalloc(sizeof *walk);

    walk->deploy = deploy;
    walk->epoch = deploy->state->decisions.epoch;
    walk->sequence = deploy->state->sequence;
    return walk;
}

void transfer_walk_free(struct transfer_walk *walk)
{
    free(walk);
}

static void write_state(struct transfer_walk *walk, struct text *out)
{
    const struct state *state = walk->deploy->state;
    struct state_picture picture = {
        .state = state,
        .decisions = &state->decisions,
        .generation = walk->deploy->durable_generation,
        .saved_wall_us = clock_wall_us(),
    };
    char stamp[CLOCK_STAMP_SIZE];
    struct text bytes;

    text_init(&bytes, STATE_LIMIT);
    state_encode(&picture, &bytes);
    clock_stamp(picture.saved_wall_us, stamp);
    text_add_format(out, head_format, FORMAT, stamp, bytes.len);
    text_add_slice(out, text_slice(&bytes));
    text_add(out, history_title);
    if (text_is_cut(&bytes))
        out->cut = true;
    text_fini(&bytes);
    while (history_at(&walk->deploy->history, walk->left) != NULL)
        walk->left++;
    walk->is_first = true;
    walk->at = AT_HISTORY;
}

static void begin_line(struct transfer_walk *walk, struct text *out)
{
    if (!walk->is_first)
        text_add(out, ",\n");
    walk->is_first = false;
}

static void write_history(struct transfer_walk *walk, struct text *out)
{
    for (unsigned i = 0; i < PIECE_ENTRIES && walk->left > 0; i++) {
        begin_line(walk, out);
        state_encode_entry(history_at(&walk->deploy->history, --walk->left), out);
    }
    if (walk->left > 0)
        return;
    text_add(out, pins_title);
    walk->is_first = true;
    walk->at = AT_PINS;
}

static void write_pin(struct transfer_walk *walk, const char *name, struct text *out)
{
    begin_line(walk, out);
    text_add(out, "{\"name\":\"");
    text_add_json(out, slice_from(name));
    text_add(out, "\",\"tenant\":\"");
    text_add_json(out, walk->pins.tenant);
    text_add(out, "\"");
    if (walk->pins.op == TENANT_OP_PIN) {
        text_add(out, ",\"slot\":\"");
        text_add_json(out, slice_from(walk->pins.slot));
        text_add(out, "\"");
    }
    text_add(out, "}");
}

/* The scope of the service, when it is the first that has it. */
static const struct tenant_scope *find_scope(const struct transfer_walk *walk)
{
    const struct tenant_scopes *now = &walk->deploy->tenants->now;
    const struct tenant_scope *scope = now->by_service[walk->service];

    for (size_t i = 0; scope != NULL && i < walk->service; i++)
        if (now->by_service[i] == scope)
            return NULL;
    return scope;
}

/* A piece ends with a scope, or after many pins: nothing changes in between, which is looked at. */
static void write_pins(struct transfer_walk *walk, struct text *out)
{
    const struct tenant_scopes *now = &walk->deploy->tenants->now;
    unsigned count = 0;

    for (; walk->service < now->service_count; walk->service++) {
        const struct tenant_scope *scope = find_scope(walk);

        while (scope != NULL && tenant_table_next(&scope->table, &walk->pins)) {
            write_pin(walk, scope->name, out);
            if (++count == PIECE_PINS)
                return;
        }
        walk->pins = (struct tenant_walk){ 0 };
    }
    text_add(out, decisions_title);
    walk->at = AT_END;
}

int transfer_walk_next(struct transfer_walk *walk, struct text *out, bool *is_end)
{
    const struct state *state = walk->deploy->state;

    if (state->decisions.epoch != walk->epoch || state->sequence != walk->sequence)
        return ERR_CONFLICT;
    switch (walk->at) {
    case AT_STATE: write_state(walk, out); break;
    case AT_HISTORY: write_history(walk, out); break;
    case AT_PINS: write_pins(walk, out); break;
    case AT_END: break;
    }
    *is_end = walk->at == AT_END;
    return 0;
}

struct slice transfer_tail(void)
{
    return slice_of(tail, sizeof tail - 1);
}

void transfer_add_end(const char sha256[TRANSFER_SHA + 1], struct text *out)
{
    text_add_format(out, "%s%s%s\"}\n", tail, sha_title, sha256);
}

/* --- back ------------------------------------------------------------------------------------------------------ */

/* What is being read, and where. */
struct reading {
    struct slice rest;
    struct transfer *transfer;
    uint64_t line;
    char *words;
    unsigned words_size;
};

static int fail(struct reading *reading, const char *what)
{
    snprintf(reading->words, reading->words_size, "it is no whole export: %s", what);
    return ERR_CORRUPT;
}

static bool take(struct slice *rest, const char *literal)
{
    struct slice prefix = slice_from(literal);

    if (!slice_starts_with(*rest, prefix))
        return false;
    *rest = slice_of(rest->ptr + prefix.len, rest->len - prefix.len);
    return true;
}

static bool take_until(struct slice *rest, const char *literal, struct slice *out)
{
    size_t len = strlen(literal);

    for (size_t i = 0; i + len <= rest->len && i < 64; i++) {
        if (memcmp(rest->ptr + i, literal, len) != 0)
            continue;
        *out = slice_of(rest->ptr, i);
        *rest = slice_of(rest->ptr + i + len, rest->len - i - len);
        return true;
    }
    return false;
}

/* The last line is 64 digits of a hash of all that stands before it. */
static int check_sum(struct reading *reading, struct slice document)
{
    static const char digits[] = "0123456789abcdef";
    const size_t end = sizeof sha_title - 1 + TRANSFER_SHA + 3;
    unsigned char hash[EVP_MAX_MD_SIZE];
    struct slice last = { 0 };
    unsigned len = 0;

    if (document.len < end)
        return fail(reading, "it is too short");
    last = slice_of(document.ptr + document.len - end, end);
    reading->rest = slice_of(document.ptr, document.len - end);
    if (!take(&last, sha_title) || !slice_ends_with_nocase(last, SLICE("\"}\n")))
        return fail(reading, "its last line is no checksum");
    CHECK(EVP_Digest(reading->rest.ptr, reading->rest.len, hash, &len, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < SHA_BYTES; i++)
        if (last.ptr[2 * i] != digits[hash[i] >> 4] || last.ptr[2 * i + 1] != digits[hash[i] & 15])
            return fail(reading, "its checksum does not fit");
    return 0;
}

static int take_state(struct reading *reading)
{
    struct slice *rest = &reading->rest;
    struct slice format = { 0 };
    struct slice part = { 0 };
    uint64_t bytes = 0;
    char words[200];
    int err = 0;

    if (!take(rest, "{\"switchyard\":\"export\",\"format\":") || !take_until(rest, ",", &format))
        return fail(reading, "it does not begin like one");
    if (!slice_is_equal(format, SLICE("1"))) {
        snprintf(reading->words, reading->words_size, "it was written by a newer version");
        return ERR_VERSION;
    }
    if (!take(rest, "\"time\":\"") || !take_until(rest, "\",\"state_bytes\":", &part) ||
        !take_until(rest, ",\"state\":\n", &part) ||
        num_parse_u64(part, STATE_LIMIT, &bytes) != 0 || bytes > rest->len)
        return fail(reading, "its head");
    err = state_decode(slice_of(rest->ptr, (size_t)bytes), &reading->transfer->state, words,
                       sizeof words);
    if (err != 0) {
        snprintf(reading->words, reading->words_size, "the state in it: %s", words);
        return err;
    }
    *rest = slice_of(rest->ptr + bytes, rest->len - (size_t)bytes);
    return 0;
}

static bool take_entry(struct transfer *transfer, const cJSON *item)
{
    struct history_entry *entries = NULL;
    struct history_entry entry;

    if (state_decode_entry(item, &entry) != 0 || transfer->entry_count == HISTORY_RING)
        return false;
    if (transfer->entry_count > 0 &&
        entry.sequence <= transfer->entries[transfer->entry_count - 1].sequence)
        return false;
    if (entry.sequence > transfer->state->sequence)
        return false;
    /* by doubling */
    if ((transfer->entry_count & (transfer->entry_count - 1)) == 0) {
        size_t room = transfer->entry_count > 0 ? 2 * transfer->entry_count : 1;

        entries = mem_grow(transfer->entries, room, sizeof *entries);
        transfer->entries = entries;
    }
    transfer->entries[transfer->entry_count++] = entry;
    return true;
}

static struct transfer_pins *find_pins(struct transfer *transfer, const char *name)
{
    struct transfer_pins *pins = NULL;

    /* those of one scope stand together */
    if (transfer->pins_count > 0 &&
        strcmp(transfer->pins[transfer->pins_count - 1].name, name) == 0)
        return &transfer->pins[transfer->pins_count - 1];
    for (size_t i = 0; i < transfer->pins_count; i++)
        if (strcmp(transfer->pins[i].name, name) == 0)
            return NULL;
    if (transfer->pins_count == SCOPES_MAX)
        return NULL;
    transfer->pins = mem_grow(transfer->pins, transfer->pins_count + 1, sizeof *transfer->pins);
    pins = &transfer->pins[transfer->pins_count++];
    *pins = (struct transfer_pins){ .name = "" };
    snprintf(pins->name, sizeof pins->name, "%s", name);
    tenant_table_init(&pins->table, 1);
    return pins;
}

static bool take_pin(struct transfer *transfer, const cJSON *item)
{
    struct transfer_pins *pins = NULL;
    char name[64];
    char tenant[72];
    char slot[64] = "";
    bool has_slot = cJSON_GetObjectItemCaseSensitive(item, "slot") != NULL;

    if (strict_json_text(item, "name", name, sizeof name) != 0 ||
        strict_json_text(item, "tenant", tenant, sizeof tenant) != 0 ||
        (has_slot && strict_json_text(item, "slot", slot, sizeof slot) != 0))
        return false;
    if (!tenant_is_valid(slice_from(tenant)))
        return false;
    pins = find_pins(transfer, name);
    return pins != NULL &&
           tenant_table_apply(&pins->table, has_slot ? TENANT_OP_PIN : TENANT_OP_HIDE,
                              slice_from(tenant), has_slot ? slot : NULL) == 0;
}

/* One line of a list without the comma behind it; *is_last: the list ends with it. */
static bool take_line(struct slice *rest, struct slice *line, bool *is_last)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->ptr) : 0;

    if (end == NULL || len < 2)
        return false;
    *is_last = rest->ptr[len - 1] != ',' || rest->ptr[len - 2] == ']';
    *line = slice_of(rest->ptr, len - 1);
    if (!*is_last) {
        *rest = slice_of(end + 1, rest->len - len - 1);
        return true;
    }
    /* "…}],"pins":[" or "…}],": up to the bracket that closes the list */
    for (size_t i = len - 1; i > 0; i--)
        if (rest->ptr[i - 1] == '}' && rest->ptr[i] == ']') {
            *line = slice_of(rest->ptr, i);
            *rest = slice_of(rest->ptr + i, rest->len - i);
            return true;
        }
    return false;
}

typedef bool take_fn(struct transfer *transfer, const cJSON *item);

/* The lines of a list up to its bracket, which stays; an empty list is the bracket alone. */
static int take_list(struct reading *reading, take_fn *fn, const char *what)
{
    struct slice line = { 0 };
    bool is_last = reading->rest.len > 0 && reading->rest.ptr[0] == ']';

    while (!is_last) {
        cJSON *item = NULL;
        bool is_good = take_line(&reading->rest, &line, &is_last) &&
                       strict_json_parse(line, &strict_json_small, &item, NULL) == 0 &&
                       (fn == NULL || fn(reading->transfer, item));

        cJSON_Delete(item);
        if (!is_good)
            return fail(reading, what);
    }
    return 0;
}

static int take_all(struct reading *reading)
{
    int err = take_state(reading);

    if (err != 0)
        return err;
    if (!take(&reading->rest, history_title) || take_list(reading, take_entry, "its history") != 0)
        return fail(reading, "its history");
    if (!take(&reading->rest, pins_title) || take_list(reading, take_pin, "its pins") != 0)
        return fail(reading, "its pins");
    if (!take(&reading->rest, decisions_title) || take_list(reading, NULL, "its decisions") != 0)
        return fail(reading, "its decisions");
    return take(&reading->rest, tail) && reading->rest.len == 0 ? 0 : fail(reading, "its end");
}

int transfer_decode(struct slice document, struct transfer **out, char *words, unsigned words_size)
{
    struct reading reading = { .words = words, .words_size = words_size };
    int err = 0;

    words[0] = '\0';
    if (document.len > TRANSFER_BYTES_MAX)
        return fail(&reading, "it is too long");
    err = check_sum(&reading, document);
    if (err != 0)
        return err;
    reading.transfer = mem_zalloc(sizeof *reading.transfer);
    err = take_all(&reading);
    if (err != 0)
        transfer_free(reading.transfer);
    else
        *out = reading.transfer;
    return err;
}

void transfer_free(struct transfer *transfer)
{
    if (transfer == NULL)
        return;
    for (size_t i = 0; i < transfer->pins_count; i++)
        tenant_table_fini(&transfer->pins[i].table);
    free(transfer->pins);
    free(transfer->entries);
    state_free(transfer->state);
    free(transfer);
}
