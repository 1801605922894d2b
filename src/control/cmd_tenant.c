/* Single pins, and a page of them: see cmd_tenant_priv.h. */
#include "control/cmd_tenant_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "control/tenant_scope_priv.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "route/pins.h"
#include "route/tenant.h"

enum { LIST_DEFAULT = 100, LIST_MAX = 1000 };

static void on_changed(struct call *call, const struct change_result *result)
{
    call_describe_change(call, result);
    call_finish(call);
}

/* A change of one pin; ERR_*: the answer says why not. */
static int fill_change(struct call *call, enum change_kind kind, const char *name,
                       struct change *out)
{
    const char *tenant = call->args.words[0];
    bool is_all = kind == CHANGE_TENANT_UNPIN && strcmp(tenant, "*") == 0;
    struct tenant_scope scope;
    int err = 0;

    if (!is_all && !tenant_is_valid(slice_from(tenant))) {
        call_refuse_usage(
            call, "\"%.80s\" is no tenant: 1 to %d letters, digits and - . _ ~ @ : + =", tenant,
            TENANT_BYTES_MAX);
        return ERR_INVALID;
    }
    err = tenant_scope_find(call, name, &scope);
    if (err < 0)
        return err;
    call_fill_change(call, kind, out);
    snprintf(out->name, sizeof out->name, "%s", scope.name);
    snprintf(out->tenant, sizeof out->tenant, "%s", tenant);
    return 0;
}

enum call_step cmd_tenant_pin(struct call *call)
{
    const struct args *args = &call->args;
    const char *slot = args->words[1];
    struct change change;

    if (!args_is_name(slot))
        return call_refuse_usage(call, "\"%.80s\" is no name of a slot", slot);
    if (fill_change(call, CHANGE_TENANT_PIN, args->count == 3 ? args->words[2] : NULL, &change) < 0)
        return CALL_DONE;
    if (!tenant_scope_has_slot(call->room->deploy, change.name, slot)) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "%s has no slot %s",
                   change.name, slot);
        reply_hint(&call->reply, "\"show slots %s\" lists them", change.name);
        return CALL_DONE;
    }
    snprintf(change.slot, sizeof change.slot, "%s", slot);
    return call_submit(call, &change, on_changed);
}

enum call_step cmd_tenant_unpin(struct call *call)
{
    const struct args *args = &call->args;
    struct change change;

    if (fill_change(call, CHANGE_TENANT_UNPIN, args->count == 2 ? args->words[1] : NULL, &change) <
        0)
        return CALL_DONE;
    return call_submit(call, &change, on_changed);
}

static const struct sheet_column plain_columns[] = {
    { "tenant", "TENANT", SHEET_TEXT },
    { "slot", "SLOT", SHEET_TEXT },
};
static const struct sheet_column stats_columns[] = {
    { "tenant", "TENANT", SHEET_TEXT },
    { "slot", "SLOT", SHEET_TEXT },
    { "requests", "REQUESTS", SHEET_NUMBER },
    { "errors", "ERRORS", SHEET_NUMBER },
};

/* "PART.PLACE", as an answer gives it for its next page. */
static int parse_place(const char *text, struct pins_cursor *out)
{
    struct slice rest = slice_from(text);
    struct slice part = { 0 };
    uint64_t numbers[2] = { 0, 0 };

    for (unsigned i = 0; i < 2; i++)
        if (!slice_next(&rest, '.', &part) || num_parse_u64(part, SIZE_MAX, &numbers[i]) < 0)
            return ERR_INVALID;
    if (rest.len > 0)
        return ERR_INVALID;
    *out = (struct pins_cursor){ .part = numbers[0], .at = numbers[1] };
    return 0;
}

static void add_row(struct sheet *sheet, const struct pins *pins, const struct pins_entry *entry,
                    bool with_stats)
{
    char tenant[TENANT_BYTES_MAX + 1];

    sheet_add_text(sheet, slice_copy(entry->tenant, tenant, sizeof tenant) ? tenant : NULL);
    sheet_add_text(sheet, pins_name(pins, entry->name));
    if (!with_stats)
        return;
    if (entry->is_counted) {
        sheet_add_u64(sheet, entry->requests);
        sheet_add_u64(sheet, entry->errors);
    } else {
        sheet_add_none(sheet);
        sheet_add_none(sheet);
    }
}

/* The page, and where the next one begins: "" at the end. */
static void add_page(struct sheet *sheet, const struct call *call, const struct pins *pins,
                     struct pins_cursor *cursor, char next[48])
{
    uint64_t limit = (call->args.given & ARGS_LIMIT) != 0 ? call->args.limit : LIST_DEFAULT;
    struct pins_entry entry;
    struct pins_cursor behind;

    for (uint64_t i = 0; i < limit; i++) {
        if (!pins_next(pins, cursor, &entry))
            return;
        add_row(sheet, pins, &entry, (call->args.given & ARGS_STATS) != 0);
    }
    behind = *cursor;
    if (pins_next(pins, &behind, &entry))
        snprintf(next, 48, "%zu.%zu", cursor->part, cursor->at);
}

static void give_page(struct call *call, const struct tenant_scope *scope,
                      struct pins_cursor *cursor)
{
    const struct pins *pins = deploy_pins(call->room->deploy, scope->service_index);
    bool with_stats = (call->args.given & ARGS_STATS) != 0;
    struct sheet *sheet = with_stats ? sheet_new(stats_columns, 4) : sheet_new(plain_columns, 2);
    size_t count = pins != NULL ? pins_count(pins) : 0;
    char next[48] = "";

    if (pins != NULL)
        add_page(sheet, call, pins, cursor, next);
    if (sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    text_add_format(&call->reply.text, "%zu tenants of %s are pinned\n", count, scope->name);
    if (next[0] != '\0')
        text_add_format(&call->reply.text, "more: --from %s\n", next);
    json_add_text(reply_result(&call->reply), "name", scope->name);
    json_add_u64(reply_result(&call->reply), "count", count);
    json_add(reply_result(&call->reply), "tenants", sheet_json(sheet));
    json_add_text(reply_result(&call->reply), "next", next[0] != '\0' ? next : NULL);
    sheet_free(sheet);
}

enum call_step cmd_tenant_list(struct call *call)
{
    const struct args *args = &call->args;
    struct pins_cursor cursor = { 0 };
    struct tenant_scope scope;

    if ((args->given & ARGS_LIMIT) != 0 && (args->limit == 0 || args->limit > LIST_MAX))
        return call_refuse_usage(call, "--limit takes 1 to %d", LIST_MAX);
    if (args->from != NULL && parse_place(args->from, &cursor) < 0)
        return call_refuse_usage(call, "--from takes the place that the page before has named");
    if (tenant_scope_find(call, args->count > 0 ? args->words[0] : NULL, &scope) < 0)
        return CALL_DONE;
    give_page(call, &scope, &cursor);
    return CALL_DONE;
}
