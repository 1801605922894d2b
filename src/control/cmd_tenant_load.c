/*
 * A table of pins from the lines behind the command, built beside the one in force as the lines arrive and put in
 * its place in one change. Lines are "TENANT SLOT"; those that begin with '#' are skipped. See cmd_tenant_priv.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "control/cmd_tenant_priv.h"
#include "control/json_priv.h"
#include "control/tenant_scope_priv.h"
#include "deploy/deploy.h"
#include "route/pins.h"
#include "route/tenant.h"

enum { LINES_MAX = 5000000 };

struct load {
    struct tenant_scope scope;
    struct pins *pins; /* NULL once it is handed on */
    uint64_t line;     /* number of the last one that came */
};

static void drop_load(void *scratch)
{
    struct load *load = scratch;

    if (load != NULL)
        pins_free(load->pins);
    free(load);
}

static enum call_step refuse_line(struct call *call, const char *what, struct slice text)
{
    const struct load *load = call->scratch;

    if (text.len > 80)
        text.len = 80;
    reply_fail(&call->reply, OUTCOME_USAGE, FAULT_USAGE,
               "line %" PRIu64 ": \"%.*s\" %s; nothing has changed", load->line, SLICE_ARG(text),
               what);
    reply_hint(&call->reply,
               "a line is TENANT SLOT, or begins with #; \"show slots %s\" lists the "
               "slots",
               load->scope.name);
    json_add_u64(reply_result(&call->reply), "line", load->line);
    return CALL_DONE;
}

/* The slot must be one of the scope; each name is asked for once. */
static bool is_slot_known(const struct call *call, const char *slot)
{
    const struct load *load = call->scratch;

    return pins_number(load->pins, slot) != PINS_NONE ||
           tenant_scope_has_slot(call->room->deploy, load->scope.name, slot);
}

static enum call_step add_pin(struct call *call, struct slice tenant, struct slice name)
{
    struct load *load = call->scratch;
    char slot[64];
    int was = PINS_NONE;
    int err = 0;

    if (!tenant_is_valid(tenant))
        return refuse_line(call, "is no tenant (1 to 64 letters, digits and - . _ ~ @ : + =)",
                           tenant);
    if (!slice_copy(name, slot, sizeof slot) || !args_is_name(slot) || !is_slot_known(call, slot))
        return refuse_line(call, "is no slot of it", name);
    was = pins_find(load->pins, tenant);
    if (was != PINS_NONE && strcmp(pins_name(load->pins, was), slot) != 0)
        return refuse_line(call, "has been pinned to another slot by a line before", tenant);
    err = pins_set(load->pins, tenant, slot);
    return err < 0 ? refuse_line(call, err_name(err), tenant) : CALL_PARKED;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static enum call_step take_line(struct call *call, struct slice line)
{
    struct load *load = call->scratch;
    struct slice rest = slice_trim(line);
    struct slice tenant = slice_of(rest.ptr, 0);

    load->line++;
    if (load->line > LINES_MAX)
        return refuse_line(call, "is one line too many", line);
    if (rest.len == 0 || rest.ptr[0] == '#')
        return CALL_PARKED;
    while (tenant.len < rest.len && !is_blank(rest.ptr[tenant.len]))
        tenant.len++;
    return add_pin(call, tenant,
                   slice_trim(slice_of(rest.ptr + tenant.len, rest.len - tenant.len)));
}

static void on_loaded(struct call *call, const struct change_result *result)
{
    const struct load *load = call->scratch;

    call_take_result(call, result);
    json_add_text(reply_result(&call->reply), "name", load->scope.name);
    json_add_u64(reply_result(&call->reply), "lines", load->line);
    if (reply_is_ok(&call->reply))
        text_add_format(&call->reply.text,
                        "tenant load %s: %" PRIu64 " lines, epoch %" PRIu64 ", %s\n",
                        load->scope.name, load->line, result->epoch,
                        result->is_durable ? "durable" : "volatile");
    if (result->outcome == OUTCOME_DONE && result->words[0] != '\0')
        text_add_format(&call->reply.text, "%s\n", result->words);
    call_finish(call);
}

static enum call_step end_lines(struct call *call)
{
    struct load *load = call->scratch;
    struct change change;

    call_fill_change(call, CHANGE_TENANT_LOAD, &change);
    snprintf(change.name, sizeof change.name, "%s", load->scope.name);
    change.pins = load->pins;
    load->pins = NULL;
    return call_submit(call, &change, on_loaded);
}

enum call_step cmd_tenant_load(struct call *call)
{
    struct tenant_scope scope;
    struct load *load = NULL;

    if (tenant_scope_find(call, call->args.count > 0 ? call->args.words[0] : NULL, &scope) < 0)
        return CALL_DONE;
    load = mem_zalloc(sizeof *load);
    load->scope = scope;
    load->pins = pins_new(scope.worker_count);
    call->scratch = load;
    call->drop_scratch = drop_load;
    call->feed = take_line;
    call->feed_end = end_lines;
    return CALL_PARKED;
}
