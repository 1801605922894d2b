/* What a reload makes of groups: newcomers go where the group is, a canary is everybody's or nobody's. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench_desk.h"
#include "deploy/deploy_view.h"

#define HEAD "listener http { bind = \"127.0.0.1:0\" }\n"
#define SERVICE(name, slots)                                                                       \
    "service " name " { hosts = { \"" name ".test\" } health { enabled = false } " slots " }\n"
#define BLUE  "slot blue { targets = { \"127.0.0.1:5001\" } } "
#define GREEN "slot green { targets = { \"127.0.0.1:5002\" } } "
#define TWO   HEAD SERVICE("web", BLUE GREEN) SERVICE("api", BLUE GREEN)
#define THREE TWO SERVICE("worker", BLUE GREEN)

static struct bench_desk desk;

static void begin(void)
{
    bench_desk_init(&desk, TWO "group release { services = { \"web\", \"api\" } }\n");
    bench_desk_must_start(&desk);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(group_fit, .init = begin, .fini = end);

static void reload(const char *config)
{
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");
    struct change_result result;

    bench_desk_write_config(&desk, config);
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
}

static void start_canary(void)
{
    struct change change = bench_desk_change(CHANGE_CANARY_START, "release", "green");
    struct change_result result;

    change.share = 2500;
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
}

static const char *active_of(const char *name)
{
    const struct snapshot_service *service = bench_desk_service(name);

    return service->slots[service->active].slot->name;
}

static uint32_t share_of(unsigned index)
{
    struct deploy_canary_view view;

    deploy_view_canary(desk.deploy, index, &view);
    return view.is_running ? view.share : 0;
}

Test(group_fit, a_newcomer_goes_where_the_group_is)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "release", "green");

    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    reload(THREE "group release { services = { \"web\", \"api\", \"worker\" } }\n");
    cr_expect_str_eq(active_of("web"), "green");
    cr_expect_str_eq(active_of("worker"), "green");
}

Test(group_fit, and_joins_its_canary)
{
    start_canary();
    reload(THREE "group release { services = { \"web\", \"api\", \"worker\" } }\n");
    for (unsigned i = 0; i < 3; i++)
        cr_expect_eq(share_of(i), 2500, "service %u has %u", i, share_of(i));
}

Test(group_fit, a_canary_that_one_cannot_have_is_over_for_all)
{
    start_canary();
    reload(HEAD SERVICE("web", BLUE GREEN)
               SERVICE("api", BLUE) "group release { services = { \"web\", \"api\" } }\n");
    cr_expect_eq(share_of(0), 0);
    cr_expect_eq(share_of(1), 0);
}

/* One that was forced to go alone is not taken for the group's. */
Test(group_fit, a_forced_one_is_kept)
{
    struct change change = bench_desk_change(CHANGE_CANARY_START, "web", "green");

    change.share = 1000;
    change.force = true;
    memcpy(change.reason, "alone", sizeof "alone");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    reload(TWO "group release { services = { \"web\", \"api\" } }\n");
    cr_expect_eq(share_of(0), 1000);
    cr_expect_eq(share_of(1), 0);
}
