/*
 * One command that somebody gave, from its words to its answer. A call that cannot answer at once is parked:
 * it waits for changes it has submitted, or for a condition that is asked for at every tick, and never longer
 * than its timeout. Owner: the client, until call_release. Thread: control.
 */
#ifndef CONTROL_CALL_PRIV_H
#define CONTROL_CALL_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "control/admin.h"
#include "control/args_priv.h"
#include "control/call_audited_priv.h"
#include "control/command_priv.h"
#include "control/peer_priv.h"
#include "control/reply_priv.h"

struct call;
struct slice;
struct text;

enum { CALL_WORDS_MAX = 72 };

/* What became of a change of this call; the call is still parked unless call_finish is called in it. */
typedef void call_change_fn(struct call *call, const struct change_result *result);

struct call {
    const struct control_room *room; /* borrowed; not to be used once is_done */
    const struct command *command;   /* NULL: the words were no command */
    struct args args;
    struct reply reply;
    struct peer peer;
    uint64_t began_us;
    uint64_t deadline_us; /* 0: not parked */
    enum call_step (*poll)(struct call *call);
    call_change_fn *on_change;
    call_change_fn *on_plan; /* not NULL: what is submitted is only judged, and this answers */
    unsigned pending;  /* changes submitted, and other questions asked, that are not yet answered */
    unsigned step;     /* of commands that take several */
    bool is_impatient; /* does not wait behind a lock of somebody else */
    bool is_late;      /* poll is asked for the last time: describe the state */
    const char *asked; /* "the workers": whom it waits for; NULL: for a change */
    bool is_done;
    bool is_auditing; /* done but for its record, which is being written */
    bool is_written;  /* its record was given to the trail */
    bool is_released;
    bool wants_close; /* `quit` */
    bool wants_prompt;
    bool wants_shutdown;
    bool is_shutdown_now;
    /* Set by the client before call_start. */
    bool is_json;
    bool has_payload; /* lines follow the command, up to an empty one */
    /* Set by a command that parks: takes one line of the payload, without its line feed; CALL_DONE: refused. */
    enum call_step (*feed)(struct call *call, struct slice line);
    enum call_step (*feed_end)(struct call *call); /* the empty line has come */
    /* Likewise: the next piece of an answer that is written in pieces, with all of its end when CALL_DONE. */
    enum call_step (*write_more)(struct call *call, struct text *out);
    struct audit_trail *audit; /* of the room; it outlives the call. NULL: none */
    struct call_audited audited;
    void *scratch;                       /* the command's own; freed with the call */
    void (*drop_scratch)(void *scratch); /* NULL: free() */
    char *words[CALL_WORDS_MAX];
    unsigned word_count;
    void (*done)(void *owner); /* the answer of a parked call is complete; from the loop only */
    void *owner;
};

/* words are copied. done is called only for a call that call_start left parked. */
struct call *call_new(const struct control_room *room, const struct peer *peer, char *const *words,
                      unsigned count);
enum call_step call_start(struct call *call, void (*done)(void *owner), void *owner);

/* For parked calls, every CALL_TICK_MS: asks the condition again and looks at the timeout. */
enum { CALL_TICK_MS = 25, CALL_PATIENCE_US = 50000 };
void call_tick(struct call *call);

/* The owner wants no answer any more, or has it. A change that still waits for its turn is withdrawn, one that is
 * under way goes on. */
void call_release(struct call *call);

/* For the client: one line of the payload, and its end; is_whole false: the connection ended before it did. With
 * write_more: the next piece; an empty one means: not now, ask at the next tick. */
enum call_step call_feed(struct call *call, struct slice line);
enum call_step call_feed_end(struct call *call, bool is_whole);
enum call_step call_write_more(struct call *call, struct text *out);

/* For commands: parks until poll answers CALL_DONE. Asks it once now. */
enum call_step call_wait(struct call *call, enum call_step (*poll)(struct call *call));

/* For commands: queues a change, or what was planned; on_change gets the result, later. */
enum call_step call_submit(struct call *call, const struct change *change,
                           call_change_fn *on_change);
enum call_step call_apply(struct call *call, const char *token, call_change_fn *on_change);

/* For commands: somebody else holds the call until call_return, which answers whether it is still waited for; if
 * not, it may be gone. */
void call_lend(struct call *call);
bool call_return(struct call *call);

/* For commands: from on_change: the answer is complete. */
void call_finish(struct call *call);
/* For commands: a change with actor, reason, key, force and if_epoch as this call gives them. */
void call_fill_change(const struct call *call, enum change_kind kind, struct change *out);

/* The same for the service or group in the first word and the slot of --to. ERR_INVALID: the answer says why not. */
MUST_CHECK int call_name_change(struct call *call, enum change_kind kind, struct change *out);

/* For commands: outcome, fault, gate, words and epoch of a result into the answer, and its numbers into the JSON. */
void call_take_result(struct call *call, const struct change_result *result);

/* For commands, as on_change: the whole answer of a change: the command's words and what became of it. */
void call_describe_change(struct call *call, const struct change_result *result);

/* For commands: a usage error. Always CALL_DONE. */
enum call_step call_refuse_usage(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
