/* The ledger of a drain: see drain_ledger_priv.h. */
#include "control/drain_ledger_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "route/slot.h"
#include "route/target.h"
#include "route/tunnel_drain.h"

enum { KIND_COUNT = LEDGER_QUEUED + 1 };

static const char *const kind_names[KIND_COUNT] = {
    [LEDGER_REQUEST] = "request", [LEDGER_TUNNEL] = "tunnel", [LEDGER_WEBSOCKET] = "websocket",
    [LEDGER_HELD] = "held",       [LEDGER_QUEUED] = "queued",
};

static const struct sheet_column kind_columns[] = {
    { "kind", "KIND", SHEET_TEXT },
    { "count", "COUNT", SHEET_NUMBER },
    { "oldest_seconds", "OLDEST", SHEET_SECONDS },
    { "bytes_in", "BYTES IN", SHEET_NUMBER },
    { "bytes_out", "BYTES OUT", SHEET_NUMBER },
};

static const struct sheet_column entry_columns[] = {
    { "kind", "KIND", SHEET_TEXT },
    { "service", "SERVICE", SHEET_TEXT },
    { "slot", "SLOT", SHEET_TEXT },
    { "age_seconds", "AGE", SHEET_SECONDS },
    { "idle_seconds", "IDLE", SHEET_SECONDS },
    { "bytes_in", "BYTES IN", SHEET_NUMBER },
    { "bytes_out", "BYTES OUT", SHEET_NUMBER },
    { "target", "TARGET", SHEET_TEXT },
    { "peer", "PEER", SHEET_TEXT },
    { "route", "ROUTE", SHEET_TEXT },
    { "epoch", NULL, SHEET_NUMBER },
};

/* A question to the workers; it outlives a call that nobody waits for any more. */
struct question {
    struct call *call;
    struct args_path path;
    struct ledger ledger;
};

/* A slot that is meant, by its address: what an entry names may be retired by now. */
struct place {
    const struct slot *slot;
    const struct snapshot_slot *row;
    const char *service;
};

struct places {
    size_t count;
    const struct place *last; /* entries of one slot come together */
    struct place *items;
};

struct line {
    const struct ledger_entry *entry;
    const struct place *place; /* NULL: with no slot */
};

static void list_places(const struct deploy *deploy, const struct args_path *path,
                        struct places *out)
{
    struct scope scope;

    *out = (struct places){ .count = 0 };
    scope_init(&scope, deploy, path);
    while (scope_next(&scope)) {
        out->items = mem_grow(out->items, out->count + 1, sizeof *out->items);
        out->items[out->count++] = (struct place){ .slot = scope.slot->slot,
                                                   .row = scope.slot,
                                                   .service = scope.service->service->name };
    }
}

static const struct place *find_place(struct places *places, const struct slot *slot)
{
    if (places->last != NULL && places->last->slot == slot)
        return places->last;
    for (size_t i = 0; i < places->count; i++)
        if (places->items[i].slot == slot)
            return places->last = &places->items[i];
    return NULL;
}

static bool is_draining(const struct place *place, const struct ledger_entry *entry)
{
    if (place->row->role != ROLE_LIVE || entry->kind == LEDGER_HELD)
        return true;
    for (unsigned i = 0; i < place->row->pick_count; i++) {
        const struct pick *pick = &place->row->picks[i];

        if (pick->order != ORDER_READY && strcmp(pick->target->name, entry->target) == 0)
            return true;
    }
    return false;
}

/* The entries that are meant; how many. */
static size_t choose_lines(const struct question *question, struct places *places,
                           struct line *lines)
{
    size_t count = 0;

    for (size_t i = 0; i < question->ledger.count; i++) {
        const struct ledger_entry *entry = &question->ledger.entries[i];
        const struct place *place = entry->slot != NULL ? find_place(places, entry->slot) : NULL;
        bool is_meant = place != NULL ? question->path.depth == 2 || is_draining(place, entry)
                                      : question->path.depth == 0;

        if (is_meant)
            lines[count++] = (struct line){ .entry = entry, .place = place };
    }
    return count;
}

static int compare_ages(const void *a, const void *b)
{
    uint64_t first = ((const struct line *)a)->entry->age_us;
    uint64_t second = ((const struct line *)b)->entry->age_us;

    return first < second ? 1 : first > second ? -1 : 0;
}

static struct sheet *sum_kinds(const struct line *lines, size_t count)
{
    struct sheet *sheet = sheet_new(kind_columns, sizeof kind_columns / sizeof kind_columns[0]);

    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        uint64_t sums[4] = { 0, 0, 0, 0 }; /* count, oldest, in, out */

        for (size_t i = 0; i < count; i++) {
            const struct ledger_entry *entry = lines[i].entry;

            if (entry->kind != (enum ledger_kind)kind)
                continue;
            sums[0]++;
            sums[1] = entry->age_us > sums[1] ? entry->age_us : sums[1];
            sums[2] += entry->bytes_in;
            sums[3] += entry->bytes_out;
        }
        if (sums[0] == 0)
            continue;
        sheet_add_text(sheet, kind_names[kind]);
        sheet_add_u64(sheet, sums[0]);
        sheet_add_seconds(sheet, sums[1]);
        sheet_add_u64(sheet, sums[2]);
        sheet_add_u64(sheet, sums[3]);
    }
    return sheet;
}

static void add_line(struct sheet *sheet, const struct line *line)
{
    const struct ledger_entry *entry = line->entry;

    sheet_add_text(sheet, kind_names[entry->kind]);
    sheet_add_text(sheet, line->place != NULL ? line->place->service : NULL);
    sheet_add_text(sheet, line->place != NULL ? line->place->slot->name : NULL);
    sheet_add_seconds(sheet, entry->age_us);
    sheet_add_seconds(sheet, entry->idle_us);
    sheet_add_u64(sheet, entry->bytes_in);
    sheet_add_u64(sheet, entry->bytes_out);
    sheet_add_text(sheet, entry->target);
    sheet_add_text(sheet, entry->peer);
    sheet_add_text(sheet, entry->route);
    sheet_add_u64(sheet, entry->epoch);
}

/* The lines are oldest first. */
static struct sheet *show_lines(const struct args *args, const struct line *lines, size_t count)
{
    struct sheet *sheet = sheet_new(entry_columns, sizeof entry_columns / sizeof entry_columns[0]);
    uint64_t limit = (args->given & ARGS_LIMIT) != 0 ? args->limit : DRAIN_LEDGER_DEFAULT;
    size_t shown = count < limit ? count : (size_t)limit;

    for (size_t i = 0; i < shown; i++)
        add_line(sheet, &lines[(args->given & ARGS_NEWEST) != 0 ? count - 1 - i : i]);
    return sheet;
}

static void describe(struct call *call, const struct question *question, const struct line *lines,
                     size_t count)
{
    struct sheet *kinds = sum_kinds(lines, count);
    struct sheet *entries = show_lines(&call->args, lines, count);
    struct text *text = &call->reply.text;

    if (sheet_row_count(kinds) > 0)
        sheet_print(kinds, text);
    if (sheet_row_count(entries) > 0)
        sheet_print(entries, text);
    if (sheet_row_count(entries) < count)
        text_add_format(text, "%zu more; --limit N shows up to %d, --newest the newest first\n",
                        count - sheet_row_count(entries), DRAIN_LEDGER_MAX);
    if (question->ledger.left_out > 0)
        text_add_format(text, "%zu more were not listed: there are too many\n",
                        question->ledger.left_out);
    json_add(reply_result(&call->reply), "kinds", sheet_json(kinds));
    json_add(reply_result(&call->reply), "exchanges", sheet_json(entries));
    json_add_u64(reply_result(&call->reply), "exchanges_total", count);
    json_add_u64(reply_result(&call->reply), "exchanges_left_out", question->ledger.left_out);
    sheet_free(kinds);
    sheet_free(entries);
}

static void answer(const struct question *question)
{
    struct line *lines = mem_zalloc((question->ledger.count + 1) * sizeof *lines);
    struct places places;
    size_t count = 0;

    list_places(question->call->room->deploy, &question->path, &places);
    count = choose_lines(question, &places, lines);
    qsort(lines, count, sizeof *lines, compare_ages);
    describe(question->call, question, lines, count);
    free(places.items);
    free(lines);
}

static void on_listed(void *arg)
{
    struct question *question = arg;

    if (call_return(question->call)) {
        answer(question);
        call_finish(question->call);
    }
    free(question->ledger.entries);
    free(question);
}

enum call_step drain_ledger_ask(struct call *call, const struct args_path *path)
{
    const struct control_room *room = call->room;
    struct question *question = NULL;
    struct scope scope;

    if (room->list == NULL) {
        json_add_null(reply_result(&call->reply), "exchanges");
        return CALL_DONE;
    }
    question = mem_zalloc(sizeof *question);
    question->call = call;
    question->path = *path;
    scope_init(&scope, room->deploy, path);
    if (path->depth == 2 && scope_next(&scope))
        question->ledger.slot = scope.slot->slot;
    call->asked = "the workers";
    call_lend(call);
    room->list(room->arg, &question->ledger, on_listed, question);
    return CALL_PARKED;
}
