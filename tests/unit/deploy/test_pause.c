/* Pause and maintenance over a real desk: what they do to the picture, how they end, what survives a restart. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/state_disk_priv.h"
#include "fault_io.h"

static struct bench_desk desk;

static const char config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  hosts = { \"shop.example\" }\n"
    "  health { path = \"/up?deep=1\" }\n"
    "  hold { max = \"20s\" count = 7 bytes = 128k pass_safe = true rate = 50 }\n"
    "  maint { message = \"back at noon\" retry_after = \"1500ms\" pass = { \"/status\" } }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
    "}\n"
    "service web {\n"
    "  hosts = { \"web.example\" }\n"
    "  slot blue { targets = { \"127.0.0.1:6001\" } }\n"
    "}\n"
    "service api {\n"
    "  hosts = { \"api.example\" }\n"
    "  slot blue { targets = { \"127.0.0.1:7001\" } }\n"
    "}\n"
    "group release { services = { \"web\", \"api\" } }\n";

static void begin(void)
{
    bench_desk_init(&desk, config);
    bench_desk_must_start(&desk);
    fault_io_set(FAULT_IO_NONE, 0, 0);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(pause, .init = begin, .fini = end);

static struct change_result submit(enum change_kind kind, const char *name)
{
    struct change change = bench_desk_change(kind, name, "");

    return bench_desk_do(&desk, &change);
}

static struct change_result hold_for(const char *name, uint64_t max_us)
{
    struct change change = bench_desk_change(CHANGE_PAUSE, name, "");

    change.max_us = max_us;
    return bench_desk_do(&desk, &change);
}

static struct change_result maint(const char *name, const char *message)
{
    struct change change = bench_desk_change(CHANGE_MAINT_ON, name, "");

    snprintf(change.message, sizeof change.message, "%s", message);
    return bench_desk_do(&desk, &change);
}

static const struct traffic *traffic_of(const char *service)
{
    return &bench_desk_service(service)->traffic;
}

static struct deploy_traffic_view view_of(unsigned service)
{
    struct deploy_traffic_view view;

    deploy_view_traffic(desk.deploy, service, &view);
    return view;
}

/* Turns of the loop until requests go on; the bound only ends a test that fails. */
static bool wait_for_end(const char *service)
{
    for (int i = 0; i < 1000 && traffic_of(service)->mode != TRAFFIC_OPEN; i++)
        bench_desk_run_ms(&desk, 5);
    return traffic_of(service)->mode == TRAFFIC_OPEN;
}

Test(pause, holds_with_the_configured_bounds_until_it_is_resumed)
{
    uint64_t epoch = bench_desk_epoch(&desk);
    struct change_result result = submit(CHANGE_PAUSE, "shop");

    cr_assert(result.outcome == OUTCOME_DONE && result.changed, "%s", result.words);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
    cr_assert_eq(traffic_of("shop")->mode, TRAFFIC_HELD);
    cr_assert_eq(traffic_of("shop")->hold_us, 20000000);
    cr_assert_eq(traffic_of("shop")->hold_count, 7);
    cr_assert_eq(traffic_of("shop")->hold_bytes, 128 * 1024);
    cr_assert(traffic_of("shop")->pass_safe);
    cr_assert_eq(traffic_of("shop")->release_rate, 50);
    cr_assert(view_of(0).is_held && !view_of(0).is_maint);
    cr_assert(view_of(0).left_us > 10000000 && view_of(0).left_us <= 20000000);
    cr_assert_gt(view_of(0).since_wall_us, 0);
    cr_assert_eq(traffic_of("web")->mode, TRAFFIC_OPEN);
    result = submit(CHANGE_RESUME, "shop");
    cr_assert(result.changed);
    cr_assert_eq(traffic_of("shop")->mode, TRAFFIC_OPEN);
    cr_assert(!view_of(0).is_held);
    result = submit(CHANGE_RESUME, "shop");
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed);
}

Test(pause, again_moves_its_end_and_makes_no_new_picture)
{
    uint64_t epoch = 0;
    uint64_t since_us = 0;

    hold_for("shop", 5000000);
    epoch = bench_desk_epoch(&desk);
    since_us = view_of(0).since_wall_us;
    cr_assert(hold_for("shop", 60000000).changed);
    cr_assert_gt(view_of(0).left_us, 5000000);
    cr_assert_eq(view_of(0).since_wall_us, since_us);
    cr_assert_eq(bench_desk_epoch(&desk), epoch);
}

Test(pause, refuses_a_time_that_cannot_be_and_names_that_are_none)
{
    cr_assert_eq(hold_for("shop", 25ULL * 3600 * 1000000).outcome, OUTCOME_USAGE);
    cr_assert_eq(submit(CHANGE_PAUSE, "shoe").fault, FAULT_UNKNOWN_NAME);
    cr_assert_eq(submit(CHANGE_MAINT_ON, "shoe").fault, FAULT_UNKNOWN_NAME);
    cr_assert_eq(traffic_of("shop")->mode, TRAFFIC_OPEN);
}

Test(pause, ends_by_itself_as_a_change_of_the_history)
{
    struct history_entry entry;

    hold_for("shop", 20000);
    cr_assert(wait_for_end("shop"));
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.kind, CHANGE_RESUME);
    cr_assert_str_eq(entry.actor, "switchyard");
}

Test(pause, of_a_group_is_one_picture_and_ends_as_one)
{
    uint64_t epoch = bench_desk_epoch(&desk);

    hold_for("release", 20000);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
    cr_assert_eq(traffic_of("web")->mode, TRAFFIC_HELD);
    cr_assert_eq(traffic_of("api")->mode, TRAFFIC_HELD);
    cr_assert(wait_for_end("web"));
    cr_assert_eq(traffic_of("api")->mode, TRAFFIC_OPEN);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 2);
}

Test(pause, ends_although_somebody_holds_the_lock)
{
    struct change lock = bench_desk_change(CHANGE_LOCK_ACQUIRE, "shop", "");

    hold_for("shop", 30000);
    snprintf(lock.actor, sizeof lock.actor, "uid=7 pid=1");
    bench_desk_do(&desk, &lock);
    cr_assert(wait_for_end("shop"));
}

Test(pause, ends_although_the_disk_takes_nothing)
{
    submit(CHANGE_PAUSE, "shop");
    maint("web", "");
    desk.deploy->file->io = &fault_io;
    fault_io_set(FAULT_IO_BROKEN, 1, EIO);
    cr_assert_eq(hold_for("api", 20000).fault, FAULT_NOT_DURABLE);
    cr_assert_eq(submit(CHANGE_RESUME, "shop").outcome, OUTCOME_VOLATILE);
    cr_assert_eq(submit(CHANGE_MAINT_OFF, "web").outcome, OUTCOME_VOLATILE);
    cr_assert_eq(traffic_of("shop")->mode, TRAFFIC_OPEN);
    cr_assert_eq(traffic_of("web")->mode, TRAFFIC_OPEN);
    fault_io_set(FAULT_IO_NONE, 0, 0);
}

Test(pause, goes_on_after_a_restart_for_what_is_left)
{
    hold_for("shop", 3600000000);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert_eq(traffic_of("shop")->mode, TRAFFIC_HELD);
    cr_assert(view_of(0).left_us > 3500000000 && view_of(0).left_us <= 3600000000);
}

Test(pause, that_was_over_while_nothing_ran_is_dropped)
{
    hold_for("shop", 20000);
    bench_desk_stop(&desk);
    for (uint64_t until_us = clock_wall_us() + 20000; clock_wall_us() <= until_us;)
        continue;
    bench_desk_must_start(&desk);
    cr_assert_eq(traffic_of("shop")->mode, TRAFFIC_OPEN);
    cr_assert(!view_of(0).is_held);
    cr_assert_gt(desk.report.count, 0, "and it is said");
}

Test(pause, maintenance_answers_with_its_words_and_lets_the_probe_pass)
{
    struct change_result result = submit(CHANGE_MAINT_ON, "shop");
    const struct traffic *traffic = traffic_of("shop");

    cr_assert(result.outcome == OUTCOME_DONE && result.changed, "%s", result.words);
    cr_assert_eq(traffic->mode, TRAFFIC_MAINT);
    cr_assert_str_eq(traffic->message, "back at noon");
    cr_assert_null(traffic->page);
    cr_assert_eq(traffic->retry_after_s, 2);
    cr_assert_eq(traffic->pass_count, 2);
    cr_assert_str_eq(traffic->pass[0], "/status");
    cr_assert_str_eq(traffic->pass[1], "/up");
    result = maint("shop", "sorry");
    cr_assert(result.changed);
    cr_assert_str_eq(traffic_of("shop")->message, "sorry");
    cr_assert_str_eq(view_of(0).message, "sorry");
    result = maint("shop", "sorry");
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert_str_eq(traffic_of("shop")->message, "sorry");
    result = submit(CHANGE_MAINT_OFF, "shop");
    cr_assert(result.changed);
    cr_assert_eq(traffic_of("shop")->mode, TRAFFIC_OPEN);
    cr_assert(!submit(CHANGE_MAINT_OFF, "shop").changed);
}

Test(pause, maintenance_is_stronger_and_both_survive_a_reload)
{
    submit(CHANGE_PAUSE, "release");
    maint("release", "");
    cr_assert_eq(traffic_of("web")->mode, TRAFFIC_MAINT);
    cr_assert_null(traffic_of("web")->message);
    cr_assert_eq(submit(CHANGE_RELOAD, "").outcome, OUTCOME_DONE);
    cr_assert_eq(traffic_of("api")->mode, TRAFFIC_MAINT);
    submit(CHANGE_MAINT_OFF, "release");
    cr_assert_eq(traffic_of("api")->mode, TRAFFIC_HELD);
}
