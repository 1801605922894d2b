/* Probes in a row, and a candidate that does next to nothing. */
#include <criterion/criterion.h>
#include <string.h>

#include "evidence/probes_priv.h"

static struct settings settings;
static struct probes probes;

static void add(enum engine_probe probe, uint64_t now_ms)
{
    probes_add(&probes, &settings, probe, now_ms);
}

Test(probes, unhealthy_counts_from_the_first_failure_of_the_row)
{
    settings_default(&settings);
    memset(&probes, 0, sizeof probes);
    add(ENGINE_PROBE_FAIL, 1000);
    add(ENGINE_PROBE_FAIL, 2000);
    add(ENGINE_PROBE_OK, 3000);
    add(ENGINE_PROBE_FAIL, 4000);
    add(ENGINE_PROBE_FAIL, 5000);
    cr_assert(probes_is_fit(&probes));
    add(ENGINE_PROBE_NONE, 5500);
    add(ENGINE_PROBE_FAIL, 6000);
    cr_assert_not(probes_is_fit(&probes));
    cr_assert_eq(probes.first_failed_ms, 4000);
    add(ENGINE_PROBE_OK, 7000);
    add(ENGINE_PROBE_FAIL, 8000);
    add(ENGINE_PROBE_OK, 9000);
    cr_assert_not(probes_is_fit(&probes));
    cr_assert_eq(probes.first_failed_ms, 4000, "one good probe does not make it younger");
    add(ENGINE_PROBE_OK, 10000);
    cr_assert(probes_is_fit(&probes));
}

Test(probes, a_database_is_bad_until_a_good_answer_and_does_not_make_the_slot_dead)
{
    settings_default(&settings);
    memset(&probes, 0, sizeof probes);
    add(ENGINE_PROBE_DB, 1000);
    add(ENGINE_PROBE_DB, 2000);
    cr_assert(!probes.is_unhealthy && probes.is_database_bad);
    cr_assert_eq(probes.database_bad_ms, 1000);
    add(ENGINE_PROBE_FAIL, 3000);
    cr_assert(probes.is_database_bad, "no answer says nothing about the database");
    add(ENGINE_PROBE_OK, 4000);
    cr_assert(probes_is_fit(&probes));
}

Test(probes, fewer_than_five_requests_in_ten_seconds_are_nothing)
{
    struct probes_quiet quiet = { 0 };

    settings_default(&settings);
    cr_assert(probes_is_quiet(&quiet, &settings, 20000));
    for (uint64_t i = 0; i < 4; i++)
        probes_quiet_add(&quiet, 11000 + i, 1);
    cr_assert(probes_is_quiet(&quiet, &settings, 20000));
    probes_quiet_add(&quiet, 20000, 1);
    cr_assert_not(probes_is_quiet(&quiet, &settings, 20000));
    cr_assert_not(probes_is_quiet(&quiet, &settings, 20999));
    cr_assert(probes_is_quiet(&quiet, &settings, 21000), "the first one is ten seconds old");
    for (uint64_t i = 0; i < 1000; i++)
        probes_quiet_add(&quiet, 30000 + i, i % 2);
    cr_assert_not(probes_is_quiet(&quiet, &settings, 31000));
}
