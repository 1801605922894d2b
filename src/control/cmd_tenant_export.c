/*
 * Every pin, in pieces: each is as much as one turn of the loop may cost, written when the client has taken the
 * one before. As text the lines that `tenant load` reads, as JSON one object. See cmd_tenant_priv.h.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "control/cmd_tenant_priv.h"
#include "control/piece_priv.h"
#include "control/tenant_scope_priv.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "route/pins.h"

enum { PIECE_ENTRIES = 2000 };

struct pins_walk {
    struct tenant_scope scope;
    const struct pins *pins; /* compared only: another table means that the walk is void */
    struct pins_cursor cursor;
    uint64_t count;
};

static void add_entry(struct call *call, const struct pins *pins, const struct pins_entry *entry,
                      struct text *out)
{
    struct pins_walk *walk = call->scratch;
    const char *slot = pins_name(pins, entry->name);

    if (call->is_json) {
        text_add(out, walk->count > 0 ? ",\"" : "\"");
        text_add_json(out, entry->tenant);
        text_add(out, "\":\"");
        text_add_json(out, slice_from(slot));
        text_add(out, "\"");
    } else {
        text_add_slice(out, entry->tenant);
        text_add_format(out, " %s\n", slot);
    }
    walk->count++;
}

static enum call_step end_export(struct call *call, struct text *out)
{
    const struct pins_walk *walk = call->scratch;

    if (call->is_json)
        text_add_format(out, "},\"count\":%" PRIu64 "},", walk->count);
    piece_end(call, out);
    return CALL_DONE;
}

static enum call_step write_piece(struct call *call, struct text *out)
{
    struct pins_walk *walk = call->scratch;
    const struct pins *pins = deploy_pins(call->room->deploy, walk->scope.service_index);
    struct pins_entry entry;

    if (pins != walk->pins) {
        reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_CONFLICT,
                   "all pins of %s were replaced meanwhile; what came before is not whole",
                   walk->scope.name);
        reply_hint(&call->reply, "export again");
        return end_export(call, out);
    }
    /* a piece ends where a part of the table does: what changes meanwhile may move the entries of a part */
    for (unsigned i = 0; pins != NULL; i++) {
        size_t part = walk->cursor.part;

        if (!pins_next(pins, &walk->cursor, &entry))
            return end_export(call, out);
        if (i >= PIECE_ENTRIES && walk->cursor.part != part) {
            walk->cursor.at = 0; /* this one is the first of the next piece */
            return CALL_PARKED;
        }
        add_entry(call, pins, &entry, out);
    }
    return pins != NULL ? CALL_PARKED : end_export(call, out);
}

static enum call_step write_first(struct call *call, struct text *out)
{
    const struct pins_walk *walk = call->scratch;

    call->write_more = write_piece;
    if (call->is_json) {
        text_add(out, "{\"result\":{\"name\":\"");
        text_add_json(out, slice_from(walk->scope.name));
        text_add(out, "\",\"pins\":{");
    }
    return write_piece(call, out);
}

enum call_step cmd_tenant_export(struct call *call)
{
    struct pins_walk *walk = NULL;
    struct tenant_scope scope;

    if (tenant_scope_find(call, call->args.count > 0 ? call->args.words[0] : NULL, &scope) < 0)
        return CALL_DONE;
    walk = mem_zalloc(sizeof *walk);
    walk->scope = scope;
    walk->pins = deploy_pins(call->room->deploy, scope.service_index);
    call->scratch = walk;
    call->write_more = write_first;
    return CALL_PARKED;
}
