/* The last ten minutes of each slot and how they are told: src/control/charts.c, pulse.c, cmd_charts.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "asker.h"
#include "control/charts_priv.h"
#include "control/pulse_priv.h"
#include "net/loop.h"
#include "route/slot_evidence.h"

enum { STEP_US = CHARTS_STEP_MS * 1000 };

static struct charts *charts;
static uint64_t now_us;

static void furnish(void)
{
    charts = charts_new(asker_world.loop);
    asker_world.room.charts = charts;
}

static void begin(void)
{
    asker_furnish = furnish;
    asker_start();
    now_us = loop_now_us(asker_world.loop);
}

static void end(void)
{
    charts_free(charts);
    asker_stop();
}

TestSuite(charts, .init = begin, .fini = end);

static struct slot *blue(void)
{
    return asker_world.slots[0][0];
}

/* So many requests in 4 ms and so many that failed, then a step. */
static void pass(unsigned good, unsigned bad)
{
    for (unsigned i = 0; i < good; i++)
        slot_evidence_success(blue(), 0, i % 8, 4000);
    for (unsigned i = 0; i < bad; i++)
        slot_evidence_error(blue(), 0, i % 8);
    now_us += STEP_US;
    charts_measure(charts, now_us);
}

static double value_at(enum chart_line line, unsigned index)
{
    double value = NAN;

    return charts_value(charts, blue(), line, index, &value) ? value : NAN;
}

Test(charts, of_a_slot_that_is_seen_for_the_first_time_nothing_is_known)
{
    slot_evidence_success(blue(), 0, 1, 4000);
    charts_measure(charts, now_us);
    cr_expect_eq(charts_count(charts), 1);
    cr_expect(isnan(value_at(CHART_RATE, 0)));
    pass(20, 0);
    cr_expect_eq(charts_count(charts), 2);
    cr_expect_float_eq(value_at(CHART_RATE, 1), 10, 0.01);
}

Test(charts, requests_errors_and_latency_of_each_step)
{
    charts_measure(charts, now_us);
    pass(30, 10);
    pass(0, 0);
    pass(4, 0);
    cr_expect_float_eq(value_at(CHART_RATE, 1), 20, 0.01);
    cr_expect_float_eq(value_at(CHART_ERROR_RATE, 1), 0.25, 1e-6);
    cr_expect_float_eq(value_at(CHART_P50, 1), 4000, 200);
    cr_expect_float_eq(value_at(CHART_P99, 1), 4000, 200);
    cr_expect_eq(value_at(CHART_RATE, 2), 0);
    cr_expect(isnan(value_at(CHART_ERROR_RATE, 2)));
    cr_expect(isnan(value_at(CHART_P95, 2)));
    cr_expect_float_eq(value_at(CHART_RATE, 3), 2, 0.01);
    cr_expect_eq(value_at(CHART_ERROR_RATE, 3), 0);
    cr_expect_eq(charts_age_us(charts, 0, now_us), 3 * STEP_US);
    cr_expect_eq(charts_age_us(charts, 3, now_us), 0);
}

Test(charts, the_oldest_go_and_nothing_grows)
{
    charts_measure(charts, now_us);
    for (unsigned i = 0; i < CHARTS_POINTS + 7; i++)
        pass(i + 1, 0);
    cr_expect_eq(charts_count(charts), CHARTS_POINTS);
    cr_expect_float_eq(value_at(CHART_RATE, 0), 8 / 2.0, 0.01); /* the eighth step is the oldest */
    cr_expect_float_eq(value_at(CHART_RATE, CHARTS_POINTS - 1), (CHARTS_POINTS + 7) / 2.0, 0.01);
    cr_expect_eq(charts_age_us(charts, 0, now_us), (CHARTS_POINTS - 1) * (uint64_t)STEP_US);
}

/* A control thread that stood still does not make one mean of a long time. */
Test(charts, a_gap_is_a_gap)
{
    charts_measure(charts, now_us);
    pass(10, 0);
    now_us += PULSE_STALE_US;
    pass(10, 0);
    pass(10, 0);
    cr_expect(isnan(value_at(CHART_RATE, 2)));
    cr_expect_float_eq(value_at(CHART_RATE, 3), 5, 0.01);
}

Test(charts, a_slot_that_has_gone_has_none)
{
    const struct slot *green = asker_world.slots[0][1];
    double value = 0;

    charts_measure(charts, now_us);
    pass(10, 0);
    cr_assert(charts_value(charts, green, CHART_RATE, 1, &value));
    asker_world.service_rows[0].slot_count = 1;
    world_publish(&asker_world, 50);
    pass(0, 0);
    cr_expect_not(charts_value(charts, green, CHART_RATE, 1, &value));
    asker_world.service_rows[0].slot_count = WORLD_SLOTS;
    world_publish(&asker_world, 51);
    pass(0, 0);
    cr_expect_not(charts_value(charts, green, CHART_RATE, 1, &value), "what was before came back");
}

static double number_at(const cJSON *row, const char *line, int index)
{
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(row, line), index);

    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

Test(charts, are_told_by_the_row)
{
    const cJSON *rows = NULL;
    const cJSON *ages = NULL;
    cJSON *json = NULL;
    int count = 0;

    now_us -= 3 * STEP_US;
    charts_measure(charts, now_us);
    pass(30, 10);
    pass(0, 0);
    json = ask_json("json show charts shop\n");
    rows = json_result(json, "charts");
    ages = json_result(json, "ages_seconds");
    count = cJSON_GetArraySize(ages); /* the timer may have gone off meanwhile */
    cr_assert_eq(cJSON_GetArraySize(rows), 2);
    cr_assert_geq(count, 3);
    cr_expect_eq(json_result(json, "step_seconds")->valuedouble, 2);
    rows = cJSON_GetArrayItem(rows, 0);
    cr_expect_str_eq(json_text(rows, "slot"), "blue");
    for (unsigned line = 0; line < CHART_LINES; line++)
        cr_expect_eq(
            cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(rows, chart_line_names[line])),
            count, "%s", chart_line_names[line]);
    cr_expect(isnan(number_at(rows, "rate", 0)));
    cr_expect_eq(number_at(rows, "rate", 1), 20);
    cr_expect_eq(number_at(rows, "error_rate", 1), 0.25);
    cr_expect_float_eq(number_at(rows, "p95_us", 1), 4000, 200);
    cr_expect_eq(number_at(rows, "rate", 2), 0);
    cr_expect(isnan(number_at(rows, "error_rate", 2)));
    cr_expect_geq(cJSON_GetArrayItem(ages, 0)->valuedouble, 5.9);
    cr_expect_geq(cJSON_GetArrayItem(ages, 2)->valuedouble, 1.9);
    cJSON_Delete(json);
}

Test(charts, are_told_to_people_with_the_worst)
{
    charts_measure(charts, now_us);
    pass(30, 10);
    pass(2, 0);
    ask("show charts shop/blue\n");
    cr_expect(ask_has("1.0/s"), "%s", asker_out.bytes);
    cr_expect(ask_has("20.0/s"));
    cr_expect(ask_has("25.00%"));
    cr_expect_not(ask_has("green"));
    ask_refused("show charts nothing\n", OUTCOME_REFUSED, "nothing");
    ask_refused("show charts\n", OUTCOME_USAGE, "too few words");
}
