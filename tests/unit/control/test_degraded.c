/* What status says first of services that no move helps: src/control/degraded.c. */
#include <criterion/criterion.h>
#include <stdatomic.h>

#include "unit/control/asker.h"

static void furnish(void)
{
    asker_world.room.pilot = &asker_world.pilot;
}

static void start(void)
{
    asker_furnish = furnish;
    asker_start();
}

TestSuite(degraded, .init = start, .fini = asker_stop);

/* All targets of shop/blue (0) or shop/green (1). */
static void judge(unsigned slot, enum verdict verdict)
{
    const struct snapshot_slot *it = &snapshot_service_at(snapshot_current(), 0)->slots[slot];

    for (unsigned i = 0; i < it->pick_count; i++)
        target_set_verdict(it->picks[i].target, verdict);
}

static void expect_degraded(bool is_degraded, const char *words)
{
    cJSON *json = ask_json("json status\n");
    const cJSON *list = json_result(json, "degradations");

    cr_expect_eq(cJSON_IsTrue(json_result(json, "degraded")), is_degraded);
    cr_expect_eq(cJSON_GetArraySize(list), is_degraded ? 1 : 0);
    if (is_degraded) {
        cr_expect_str_eq(json_text(cJSON_GetArrayItem(list, 0), "service"), "shop");
        cr_expect_str_eq(json_text(cJSON_GetArrayItem(list, 0), "words"), words);
    }
    cJSON_Delete(json);
    ask("status shop\n");
    cr_expect_eq(ask_has("DEGRADED shop: "), is_degraded, "%s", asker_out.bytes);
    ask("status api\n");
    cr_expect(!ask_has("DEGRADED"));
}

Test(degraded, is_what_has_no_fit_slot_and_ends_by_itself)
{
    expect_degraded(false, "");
    judge(0, VERDICT_DOWN);
    expect_degraded(true, "the live slot has no fit target");
    judge(1, VERDICT_MISDEPLOYED);
    expect_degraded(true, "no slot has a fit target, so nothing is moved");
    judge(0, VERDICT_UP);
    expect_degraded(false, "");
    judge(0, VERDICT_UNKNOWN);
    expect_degraded(false, "");
}

Test(degraded, is_a_trial_whose_rollback_is_blocked_or_that_suffers_on_both_sides)
{
    struct pilot_trial *trial = &asker_world.pilot.trials[0];

    trial->engine.is_shared = true;
    expect_degraded(true, "both sides of the trial suffer, so nothing is moved");
    trial->is_blocked = true;
    expect_degraded(true, "a rollback waits until the other side is fit");
    *trial = (struct pilot_trial){ .is_judged = true };
    expect_degraded(false, "");
}
