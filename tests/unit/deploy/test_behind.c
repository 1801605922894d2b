/* Which slot is behind, with a real desk and disk. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "config/config.h"
#include "deploy/behind.h"
#include "unit/deploy/bench_desk.h"

static const char versions[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                               "service shop {\n"
                               "    health { enabled = false }\n"
                               "    rollout { sync_after = \"%s\" }\n"
                               "    slot blue { targets = { \"127.0.0.1:1\" } version = \"%s\" }\n"
                               "    slot green { targets = { \"127.0.0.1:2\" } version = \"%s\" }\n"
                               "}\n";

static struct deploy_behind_view look(struct bench_desk *desk)
{
    struct deploy_behind_view view;

    deploy_view_behind(desk->deploy, 0, &view);
    return view;
}

static void configure(struct bench_desk *desk, const char *sync_after, const char *blue,
                      const char *green)
{
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");
    char text[1024];

    snprintf(text, sizeof text, versions, sync_after, blue, green);
    bench_desk_write_config(desk, text);
    cr_assert_eq(bench_desk_do(desk, &change).outcome, OUTCOME_DONE);
}

static void move(struct bench_desk *desk, enum change_kind kind, const char *slot)
{
    struct change change = bench_desk_change(kind, "shop", slot);

    cr_assert_eq(bench_desk_do(desk, &change).outcome, OUTCOME_DONE);
}

Test(behind, is_the_slot_that_was_left_until_it_gets_something_newer)
{
    struct bench_desk desk;
    struct deploy_behind_view view;
    char text[1024];

    snprintf(text, sizeof text, versions, "48h", "v1", "v2");
    bench_desk_init(&desk, text);
    bench_desk_must_start(&desk);
    cr_expect_not(look(&desk).is_behind, "never switched");
    move(&desk, CHANGE_SWITCH, "green");
    view = look(&desk);
    cr_assert(view.is_behind);
    cr_expect_str_eq(view.slot, "blue");
    cr_expect_str_eq(view.version, "v1");
    cr_expect_str_eq(view.live_version, "v2");
    cr_expect_not(view.is_due);
    configure(&desk, "1us", "v1", "v2");
    cr_expect(look(&desk).is_due);
    configure(&desk, "0s", "v1", "v2");
    cr_expect_not(look(&desk).is_due, "nobody wants to know");
    configure(&desk, "1us", "v2", "v2");
    cr_expect_not(look(&desk).is_behind, "alike");
    configure(&desk, "1us", "v3", "v2");
    cr_expect_not(look(&desk).is_behind, "the next one waits there");
    configure(&desk, "1us", "v1", "v2");
    move(&desk, CHANGE_ROLLBACK, "");
    cr_expect_not(look(&desk).is_behind, "what was left then is newer");
    bench_desk_fini(&desk);
}
