/*
 * Every record, in pieces that a thread reads one ahead of the client: as text the lines of the files, as JSON one
 * object. See cmd_audit_priv.h.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "audit/audit_reader.h"
#include "audit/audit_trail.h"
#include "base/mem.h"
#include "control/cmd_audit_priv.h"
#include "control/piece_priv.h"
#include "net/clerk.h"

enum { PIECE_LIMIT = 8 * 1024 * 1024, COUNT_ANY = 1 };

/* Owner: the call (scratch); lent to the thread while is_running. */
struct export
{
    struct call *call;
    struct audit_trail *trail;
    struct audit_filter filter;
    struct audit_walk walk;
    struct text piece;
    bool is_json;
    bool is_open; /* the walk */
    bool is_running;
    bool has_begun; /* something was given out */
    int err;
    char words[AUDIT_FILES_WORDS];
};

static void drop(void *scratch)
{
    struct export *export = scratch;

    audit_walk_end(&export->walk);
    text_fini(&export->piece);
    free(export);
}

static void run_piece(void *arg, const _Atomic bool *is_cut)
{
    struct export *export = arg;

    (void)is_cut; /* a piece is short */
    if (!export->is_open)
        export->err = audit_walk_begin(&export->walk, export->trail, export->words);
    export->is_open = true;
    if (export->err == 0)
        export->err = audit_walk_next(&export->walk, &export->filter, export->is_json,
                                      &export->piece, export->words);
}

static void on_piece(void *arg, bool was_run)
{
    struct export *export = arg;

    export->is_running = false;
    if (!was_run)
        export->err = -1;
    (void)call_return(export->call); /* the next question finds it; else it, and this, is gone */
}

static void read_next(struct export *export)
{
    struct clerk_task task = { .run = run_piece, .done = on_piece, .arg = export };

    export->is_running = true;
    call_lend(export->call);
    clerk_add(audit_trail_clerk(export->trail), &task);
}

static enum call_step write_piece(struct call *call, struct text *out)
{
    struct export *export = call->scratch;

    if (export->is_running)
        return CALL_PARKED;
    if (!export->has_begun && call->is_json)
        text_add(out, "{\"result\":{\"records\":[");
    export->has_begun = true;
    text_add_slice(out, text_slice(&export->piece));
    text_clear(&export->piece);
    if (export->err != 0)
        reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE,
                   "the audit trail cannot be read: %s; what came before is not all of it",
                   export->words);
    if (export->err != 0 || export->walk.is_end) {
        if (call->is_json)
            text_add_format(out, "],\"count\":%" PRIu64 "},", export->walk.count);
        piece_end(call, out);
        return CALL_DONE;
    }
    read_next(export);
    return CALL_PARKED;
}

enum call_step cmd_audit_export(struct call *call)
{
    struct export *export = NULL;
    struct audit_filter filter = { 0 };
    uint64_t count = COUNT_ANY;

    if (call->room->audit == NULL) {
        reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE, "this daemon keeps no audit trail");
        return CALL_DONE;
    }
    if (cmd_audit_filter(call, &filter, &count) == CALL_DONE)
        return CALL_DONE;
    export = mem_zalloc(sizeof *export);
    export->call = call;
    export->trail = call->room->audit;
    export->filter = filter;
    export->is_json = call->is_json;
    export->walk.last_fd = -1;
    text_init(&export->piece, PIECE_LIMIT);
    call->scratch = export;
    call->drop_scratch = drop;
    call->write_more = write_piece;
    read_next(export);
    return CALL_PARKED;
}
