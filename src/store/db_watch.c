/*
 * Connect, look, rest, look again. A session that fails is opened anew after a random part of a rest that doubles, and
 * never more than twice within a second, so that a server that comes back is not met by everybody at once. What is told
 * is the state; nothing is logged here. See db_watch_priv.h.
 */
#include "store/db_watch_priv.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/timer.h"
#include "store/db_spec_priv.h"
#include "store/db_state_priv.h"
#include "store/look_priv.h"
#include "store/name_lookup_priv.h"
#include "store/pg_link_priv.h"

enum {
    FIRST_REST_US = 50000,
    LONGEST_REST_US = 2000000,
    DOUBLINGS_MAX = 6,
    SECOND_US = 1000000,
    TRIES_PER_SECOND = 2,
    JITTER_PARTS = 10 /* of the interval, up and down */
};

struct db_watch {
    uint64_t id;
    struct db_spec *spec;
    struct name_lookup *names;
    struct pg_link *link;
    struct timer *rest; /* until the next try, or the next look */
    bool is_connected;
    unsigned failures_in_row;
    uint64_t tries_us[TRIES_PER_SECOND]; /* the last ones, the oldest first */
    struct look *look;                   /* the one that is being filled; NULL: none */
    unsigned question;
    bool is_hurried; /* another look is wanted behind this one */
    uint64_t look_began_us;
    uint64_t first_query_us;
    struct db_state state;
    db_watch_fn *on_state;
    void *arg;
};

static uint64_t draw(void)
{
    uint64_t number = 0;

    CHECK(getrandom(&number, sizeof number, 0) == (ssize_t)sizeof number);
    return number;
}

uint64_t db_watch_backoff(unsigned failures, uint64_t at_random)
{
    unsigned doublings = failures > 0 ? failures - 1 : 0;
    uint64_t most = (uint64_t)FIRST_REST_US
                    << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);

    if (most > LONGEST_REST_US)
        most = LONGEST_REST_US;
    return at_random % (most + 1);
}

static void tell(struct db_watch *watch)
{
    struct db_state copy = watch->state;

    copy.share = look_share_hold(watch->state.share);
    watch->on_state(watch->arg, watch->id, &copy);
}

static void set_condition(struct db_watch *watch, enum store_condition condition)
{
    if (watch->state.condition != condition)
        watch->state.since_us = clock_monotonic_us();
    watch->state.condition = condition;
}

static void open_link(struct db_watch *watch)
{
    for (unsigned i = 0; i + 1 < TRIES_PER_SECOND; i++)
        watch->tries_us[i] = watch->tries_us[i + 1];
    watch->tries_us[TRIES_PER_SECOND - 1] = clock_monotonic_us();
    watch->state.connects++;
    pg_link_open(watch->link);
}

/* Rounded up, so that a rest is never shorter than it must be. */
static void rest_for(struct db_watch *watch, uint64_t us)
{
    timer_arm(watch->rest, (us + 999) / 1000);
}

static void rest_before_try(struct db_watch *watch)
{
    uint64_t now = clock_monotonic_us();
    uint64_t next = now + db_watch_backoff(watch->failures_in_row, draw());
    uint64_t oldest = watch->tries_us[0];

    if (oldest > 0 && next < oldest + SECOND_US)
        next = oldest + SECOND_US;
    rest_for(watch, next - now);
}

static void ask_next(struct db_watch *watch)
{
    struct look_query query;

    look_query_at(watch->look, watch->question, &query);
    pg_link_ask(watch->link, query.sql, query.param_count, query.params);
}

static void begin_look(struct db_watch *watch)
{
    watch->look = look_new(&watch->spec->is.wishes);
    watch->is_hurried = false;
    watch->question = 0;
    watch->look_began_us = clock_monotonic_us();
    ask_next(watch);
}

static void rest_before_look(struct db_watch *watch)
{
    uint64_t interval = watch->spec->is.interval_us;
    uint64_t part = interval / JITTER_PARTS;
    uint64_t due = watch->look_began_us + interval - part + draw() % (2 * part + 1);
    uint64_t now = clock_monotonic_us();

    rest_for(watch, due > now ? due - now : 0);
}

/* What was found becomes what is known. */
static void keep_look(struct db_watch *watch)
{
    const struct look *before = look_share_look(watch->state.share);
    struct look_share *was = watch->state.share;
    uint64_t now = clock_monotonic_us();

    look_follow(watch->look, before, watch->state.looked_us > 0 ? now - watch->state.looked_us : 0);
    watch->state.share = look_share_new(watch->look);
    watch->state.looked_us = now;
    watch->state.begun_us = watch->look_began_us;
    watch->state.query_us = watch->first_query_us;
    watch->look = NULL;
    watch->failures_in_row = 0;
    watch->state.fault = (struct pg_fault){ .kind = PG_FAULT_REFUSED };
    look_share_drop(was);
    set_condition(watch, STORE_UP);
    tell(watch);
    if (watch->is_hurried)
        timer_arm(watch->rest, 0);
    else
        rest_before_look(watch);
}

/* Even the first question was refused: the session is good for nothing, but another one would not be better. */
static void give_up_look(struct db_watch *watch, const PGresult *result)
{
    struct look_query query;

    look_query_at(watch->look, watch->question, &query);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        pg_fault_set(&watch->state.fault, PG_FAULT_REFUSED, "%s: the answer is not understood",
                     query.name);
    else
        pg_fault_read_result(&watch->state.fault, query.name, result);
    look_free(watch->look);
    watch->look = NULL;
    watch->state.failures++;
    set_condition(watch, STORE_DOWN);
    tell(watch);
    rest_before_look(watch);
}

static void on_ready(void *arg)
{
    struct db_watch *watch = arg;
    const struct pg_link_times *times = pg_link_times(watch->link);

    watch->is_connected = true;
    watch->state.connect_us = times->names_us + times->connect_us;
    begin_look(watch);
}

static void on_result(void *arg, const PGresult *result)
{
    struct db_watch *watch = arg;

    if (watch->question == 0)
        watch->first_query_us = pg_link_times(watch->link)->query_us;
    if (!look_take(watch->look, watch->question, result)) {
        give_up_look(watch, result);
        return;
    }
    if (++watch->question < look_query_count(watch->look))
        ask_next(watch);
    else
        keep_look(watch);
}

static void on_fault(void *arg, const struct pg_fault *fault)
{
    struct db_watch *watch = arg;
    bool is_silent = fault->kind == PG_FAULT_SILENT || fault->kind == PG_FAULT_NAMES;

    look_free(watch->look);
    watch->look = NULL;
    watch->is_connected = false;
    watch->failures_in_row++;
    watch->state.failures++;
    watch->state.fault = *fault;
    set_condition(watch, is_silent ? STORE_UNKNOWN : STORE_DOWN);
    tell(watch);
    rest_before_try(watch);
}

static const struct pg_link_ops link_ops = {
    .on_ready = on_ready,
    .on_result = on_result,
    .on_fault = on_fault,
};

static void on_rest(void *arg)
{
    struct db_watch *watch = arg;

    if (watch->is_connected)
        begin_look(watch);
    else
        open_link(watch);
}

struct db_watch *db_watch_new(struct loop *loop, uint64_t id, struct db_spec *spec,
                              db_watch_fn *on_state, void *arg)
{
    struct db_watch *watch = mem_zalloc(sizeof *watch);

    watch->id = id;
    watch->spec = spec;
    watch->on_state = on_state;
    watch->arg = arg;
    watch->names = name_lookup_new(loop, spec);
    watch->link = pg_link_new(loop, spec, watch->names, &link_ops, watch);
    watch->rest = timer_new(loop, on_rest, watch);
    watch->state.since_us = clock_monotonic_us();
    timer_arm(watch->rest, 0);
    return watch;
}

void db_watch_free(struct db_watch *watch)
{
    pg_link_free(watch->link);
    name_lookup_free(watch->names);
    timer_free(watch->rest);
    look_free(watch->look);
    look_share_drop(watch->state.share);
    db_spec_free(watch->spec);
    free(watch);
}

void db_watch_hurry(struct db_watch *watch)
{
    if (watch->is_connected && watch->look == NULL)
        timer_arm(watch->rest, 0);
    watch->is_hurried = watch->look != NULL;
}

uint64_t db_watch_id(const struct db_watch *watch)
{
    return watch->id;
}

const struct db_spec *db_watch_spec(const struct db_watch *watch)
{
    return watch->spec;
}

struct name_lookup *db_watch_names(struct db_watch *watch)
{
    return watch->names;
}
