/* A slot from the newest results of its targets: every state, and what is counted. */
#include <criterion/criterion.h>

#include "health/health.h"
#include "health/health_slot.h"

/* g: good, d: good without its database, b: bad, n: not asked yet, o: health is off; each a second after the other */
struct slot_case {
    const char *targets;
    enum health_slot_state state;
    unsigned good;
    unsigned bad;
    unsigned unknown;
    unsigned database_bad;
};

static const struct slot_case cases[] = {
    { "", HEALTH_SLOT_UNKNOWN, 0, 0, 0, 0 },    { "g", HEALTH_SLOT_OK, 1, 0, 0, 0 },
    { "b", HEALTH_SLOT_FAIL, 0, 1, 0, 0 },      { "d", HEALTH_SLOT_DB, 1, 0, 0, 1 },
    { "n", HEALTH_SLOT_UNKNOWN, 0, 0, 1, 0 },   { "o", HEALTH_SLOT_UNKNOWN, 0, 0, 1, 0 },
    { "bbg", HEALTH_SLOT_OK, 1, 2, 0, 0 },      { "bbb", HEALTH_SLOT_FAIL, 0, 3, 0, 0 },
    { "bbn", HEALTH_SLOT_UNKNOWN, 0, 2, 1, 0 }, { "ng", HEALTH_SLOT_OK, 1, 0, 1, 0 },
    { "dg", HEALTH_SLOT_OK, 2, 0, 0, 1 },       { "dd", HEALTH_SLOT_DB, 2, 0, 0, 2 },
    { "dbbn", HEALTH_SLOT_DB, 1, 2, 1, 1 },
};

static struct health_view make_view(char kind, uint64_t at_us)
{
    struct health_view view = { .is_enabled = kind != 'o' };

    if (kind == 'n' || kind == 'o')
        return view;
    view.history_count = 1;
    view.history = kind == 'b' ? 2 : 1; /* the older result is the opposite and says nothing */
    view.last_us = at_us;
    view.database = kind == 'd' || kind == 'b' ? PROBE_DATABASE_BAD : PROBE_DATABASE_GOOD;
    return view;
}

Test(health_slot, is_what_its_targets_said_last)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct slot_case *c = &cases[i];
        struct health_view views[8];
        struct health_slot_view out = { .state = HEALTH_SLOT_FAIL };
        unsigned count = 0;

        for (; c->targets[count] != '\0'; count++)
            views[count] = make_view(c->targets[count], count + 1);
        health_slot_view(views, count, &out);
        cr_assert_eq(out.state, c->state, "%s: %s", c->targets, health_slot_state_name(out.state));
        cr_assert_eq(out.good, c->good, "%s", c->targets);
        cr_assert_eq(out.bad, c->bad, "%s", c->targets);
        cr_assert_eq(out.unknown, c->unknown, "%s", c->targets);
        cr_assert_eq(out.database_bad, c->database_bad, "%s", c->targets);
    }
}

Test(health_slot, is_as_old_as_its_newest_result)
{
    struct health_view views[3] = { make_view('b', 9), make_view('g', 7), make_view('n', 0) };
    struct health_slot_view out;

    health_slot_view(views, 3, &out);
    cr_assert_eq(out.newest_us, 9);
    cr_assert_eq(out.oldest_us, 7);
    health_slot_view(views + 2, 1, &out);
    cr_assert_eq(out.newest_us, 0);
}

Test(health_slot, names_its_states)
{
    cr_assert_str_eq(health_slot_state_name(HEALTH_SLOT_UNKNOWN), "unknown");
    cr_assert_str_eq(health_slot_state_name(HEALTH_SLOT_OK), "ok");
    cr_assert_str_eq(health_slot_state_name(HEALTH_SLOT_DB), "db");
    cr_assert_str_eq(health_slot_state_name(HEALTH_SLOT_FAIL), "fail");
}
