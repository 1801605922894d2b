/* Tenant pins on a disk that fails, fills, or loses files. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "bench_tenants.h"
#include "deploy/deploy_priv.h"
#include "fault_io.h"

TestSuite(tenants_disk, .init = bench_tenants_begin, .fini = bench_tenants_end);

Test(tenants_disk, what_the_disk_does_not_take_is_not_pinned)
{
    static const int errors[] = { EIO, ENOSPC, EROFS };

    cr_assert_eq(bench_tenants_pin("shop", "first", "green").outcome, OUTCOME_DONE);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct change_result result;

        fault_io_set(FAULT_IO_BROKEN, 1, errors[i]);
        result = bench_tenants_pin("shop", "acme", "green");
        cr_expect_eq(result.fault, FAULT_NOT_DURABLE, "%s", result.words);
        cr_expect_not_null(strstr(result.words, strerror(errors[i])), "%s", result.words);
        cr_expect_not(result.changed);
        cr_expect_str_eq(bench_tenants_slot("shop", "acme"), "");
    }
    fault_io_set(FAULT_IO_NONE, 0, 0);
    cr_expect_eq(bench_tenants_pin("shop", "acme", "green").outcome, OUTCOME_DONE);
    bench_tenants_restart();
    cr_expect_eq(bench_tenants_count("shop"), 2);
}

Test(tenants_disk, a_fault_anywhere_costs_one_answer_at_most)
{
    static const enum fault_io_mode modes[] = { FAULT_IO_ERROR, FAULT_IO_SHORT, FAULT_IO_BROKEN };

    for (size_t mode = 0; mode < 3; mode++)
        for (unsigned at = 1; at <= 16; at++) {
            struct change_result result;
            bool is_pinned = false;

            fault_io_set(modes[mode], at, EIO);
            result = bench_tenants_pin("shop", "acme", at % 2 == 0 ? "blue" : "green");
            is_pinned = result.outcome == OUTCOME_DONE;
            cr_assert(is_pinned || result.fault == FAULT_NOT_DURABLE, "%s", result.words);
            cr_assert_str_eq(bench_tenants_slot("shop", "acme"), !is_pinned    ? ""
                                                                 : at % 2 == 0 ? "blue"
                                                                               : "green");
            fault_io_set(FAULT_IO_NONE, 0, 0);
            cr_assert_eq(bench_tenants_pin("shop", "other", at % 2 == 0 ? "blue" : "green").outcome,
                         OUTCOME_DONE);
            bench_tenants_restart();
            cr_assert_eq(bench_tenants_count("shop"), 1 + is_pinned, "mode %zu call %u", mode, at);
            cr_assert_eq(bench_tenants_unpin("shop", "*").outcome, OUTCOME_DONE);
        }
}

Test(tenants_disk, a_rollback_does_not_care_for_a_full_disk)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    struct change_result result;

    cr_assert_eq(bench_tenants_pin("shop", "acme", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_switch(&bench_tenants_desk, "shop", "green").outcome, OUTCOME_DONE);
    fault_io_set(FAULT_IO_ERROR, 1, ENOSPC);
    result = bench_desk_do(&bench_tenants_desk, &change);
    cr_assert(result.outcome == OUTCOME_DONE && result.is_durable, "%s", result.words);
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_tenants_restart();
    cr_assert_str_eq(bench_desk_active(&bench_tenants_desk, "shop"), "blue");
    cr_assert_str_eq(bench_tenants_slot("shop", "acme"), "green");
}

static void damage(const char *path, const char *how)
{
    FILE *file = NULL;

    if (strcmp(how, "gone") == 0) {
        cr_assert_eq(unlink(path), 0);
        return;
    }
    if (strcmp(how, "short") == 0) {
        cr_assert_eq(truncate(path, 80), 0);
        return;
    }
    file = fopen(path, "r+");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, 85, SEEK_SET), 0);
    fputc('#', file);
    fclose(file);
}

Test(tenants_disk, damage_stops_the_start_unless_it_is_asked_for)
{
    static const char *const ways[] = { "gone", "short", "changed" };
    char file[200];

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        cr_assert_eq(
            bench_desk_switch(&bench_tenants_desk, "shop", i % 2 == 0 ? "green" : "blue").outcome,
            OUTCOME_DONE);
        cr_assert_eq(bench_tenants_pin("shop", "acme-and-sons", "green").outcome, OUTCOME_DONE);
        bench_desk_stop(&bench_tenants_desk);
        cr_assert_eq(bench_tenants_files(file, sizeof file), 1);
        damage(file, ways[i]);
        bench_tenants_desk.options.accept_empty_state = false;
        cr_assert_eq(bench_desk_start(&bench_tenants_desk), ERR_CORRUPT, "%s", ways[i]);
        cr_assert_not_null(
            strstr(bench_tenants_desk.report.entries[0].words, "--accept-empty-state"));
        cr_assert_not_null(strstr(bench_tenants_desk.report.entries[0].words, "pins-shop-"));
        bench_tenants_desk.options.accept_empty_state = true;
        bench_desk_must_start(&bench_tenants_desk);
        cr_assert_eq(bench_tenants_count("shop"), 0);
        cr_assert_str_eq(bench_desk_active(&bench_tenants_desk, "shop"),
                         i % 2 == 0 ? "green" : "blue", "only the pins are gone");
        unlink(file);
        bench_tenants_restart();
    }
}

Test(tenants_disk, a_file_that_vanishes_while_we_run_is_written_anew)
{
    char file[200];

    cr_assert_eq(bench_tenants_pin("shop", "a", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_tenants_files(file, sizeof file), 1);
    unlink(file);
    cr_assert_eq(bench_tenants_pin("shop", "b", "green").fault, FAULT_NOT_DURABLE);
    cr_assert_eq(bench_tenants_pin("shop", "b", "green").outcome, OUTCOME_DONE);
    bench_tenants_restart();
    cr_assert_eq(bench_tenants_count("shop"), 2);
}

Test(tenants_disk, dead_lines_are_left_behind)
{
    struct bench_answer *answers = calloc(500, sizeof *answers);
    char first[200];
    char last[200];

    bench_tenants_pin("shop", "kept", "green");
    cr_assert_eq(bench_tenants_files(first, sizeof first), 1);
    for (unsigned round = 0; round < 10; round++) {
        unsigned open = 0;

        for (unsigned i = 0; i < 500; i++) {
            struct change change = bench_tenants_change(CHANGE_TENANT_PIN, "shop", "acme",
                                                        i % 2 == 0 ? "blue" : "green");

            bench_desk_submit(&bench_tenants_desk, &change, &answers[i], &open);
        }
        bench_desk_wait(&bench_tenants_desk, &open);
    }
    for (int i = 0; i < 3; i++)
        bench_tenants_pin("shop", "acme", i % 2 == 0 ? "blue" : "green");
    cr_assert_eq(bench_tenants_files(last, sizeof last), 1, "the old one is gone");
    cr_assert_str_neq(first, last);
    bench_tenants_restart();
    cr_assert_str_eq(bench_tenants_slot("shop", "kept"), "green");
    cr_assert_str_eq(bench_tenants_slot("shop", "acme"), "blue");
    free(answers);
}

Test(tenants_disk, the_state_before_a_load_has_its_pins_still)
{
    FILE *file = NULL;

    cr_assert_eq(bench_tenants_pin("shop", "acme", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_tenants_load("shop", "a=blue b=green").outcome, OUTCOME_DONE);
    bench_desk_stop(&bench_tenants_desk);
    file = fopen(bench_tenants_desk.state_path, "r+");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, 100, SEEK_SET), 0);
    fputc('#', file);
    fclose(file);
    bench_desk_must_start(&bench_tenants_desk);
    cr_expect_str_eq(bench_tenants_slot("shop", "acme"), "green");
    cr_expect_eq(bench_tenants_count("shop"), 1);
}
