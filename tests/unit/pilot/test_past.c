/* What is remembered of a baseline outlives a restart, and what of it is not believed: src/pilot/past*.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "pilot/past_disk_priv.h"
#include "pilot/pilot_priv.h"
#include "unit/pilot/bench_pilot.h"

#define HOUR_US (3600ULL * 1000 * 1000)

static const struct bench_traffic usual = { .n = 95 };
static const struct bench_traffic none = { .n = 0 };
static const struct bench_traffic bad = { .n = 100, .e = 3 };
static struct bench_pilot bench;

static double remembered(void)
{
    struct memory memory;

    engine_memory(bench.pilot->lookouts[0].engine, &memory);
    return memory.n;
}

static void switch_to_green(void)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");

    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
}

static void find_path(char *out, size_t size)
{
    snprintf(out, size, "%s/baselines", bench.desk.folder);
}

/* The clock of the wall goes on with the other one. */
static void restart_later(uint64_t us)
{
    pilot_free(bench.pilot);
    bench_desk_stop(&bench.desk);
    clock_shift(us);
    bench_desk_must_start(&bench.desk);
    struct pilot_options options = { .loop = bench.desk.loop,
                                     .deploy = bench.desk.deploy,
                                     .worker_count = bench.desk.options.worker_count,
                                     .state_dir = bench.desk.folder };
    char words[200];

    cr_assert_eq(pilot_new(&options, words, sizeof words, &bench.pilot), 0, "%s", words);
}

/* Three percent of errors where there were none: seen at once by who remembers, and never by who does not. */
Test(past, a_switch_right_after_a_restart_is_judged_with_it)
{
    struct history_entry entry;

    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 600, usual, none);
    bench_pilot_restart(&bench);
    bench_pilot_run(&bench, 1, none, none);
    cr_expect_gt(remembered(), 30000);
    switch_to_green();
    cr_expect_leq(bench_pilot_run_until_moved(&bench, 600, none, bad), 100);
    cr_expect_str_eq(bench_pilot_live(&bench), "blue");
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_eq(strncmp(entry.trigger, "hist_", 5), 0, "%s", entry.trigger);
    bench_pilot_fini(&bench);
}

Test(past, a_trial_that_goes_on_over_a_restart_keeps_its_baseline)
{
    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 600, usual, none);
    switch_to_green();
    bench_pilot_run(&bench, 20, none, usual);
    bench_pilot_restart(&bench);
    cr_expect_leq(bench_pilot_run_until_moved(&bench, 600, none, bad), 100);
    cr_expect_str_eq(bench_pilot_live(&bench), "blue");
    bench_pilot_fini(&bench);
}

Test(past, what_is_an_hour_old_is_forgotten)
{
    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 300, usual, none);
    restart_later(HOUR_US / 2);
    bench_pilot_run(&bench, 1, none, none);
    cr_expect_gt(remembered(), 10000);
    restart_later(HOUR_US + 1000000);
    bench_pilot_run(&bench, 1, none, none);
    cr_expect_lt(remembered(), 1);
    bench_pilot_fini(&bench);
}

static const char other_version[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v7\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
    "}\n";

Test(past, another_release_in_the_slot_is_another_baseline)
{
    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 300, usual, none);
    bench_desk_write_config(&bench.desk, other_version);
    bench_pilot_restart(&bench);
    bench_pilot_run(&bench, 1, none, none);
    cr_expect_lt(remembered(), 1);
    bench_pilot_fini(&bench);
}

static void spoil(const char *path, size_t at)
{
    FILE *file = fopen(path, "r+");
    int byte = 0;

    cr_assert_not_null(file);
    fseek(file, (long)at, SEEK_SET);
    byte = fgetc(file);
    fseek(file, (long)at, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
}

/* The daemon starts without it. */
Test(past, a_damaged_file_is_none)
{
    char path[200];

    bench_pilot_init(&bench, bench_pilot_config);
    find_path(path, sizeof path);
    bench_pilot_run(&bench, 300, usual, none);
    pilot_free(bench.pilot);
    bench_desk_stop(&bench.desk);
    spoil(path, 200);
    bench_desk_must_start(&bench.desk);
    bench.pilot = NULL;
    restart_later(0);
    bench_pilot_run(&bench, 1, none, none);
    cr_expect_lt(remembered(), 1);
    bench_pilot_fini(&bench);
}

/* One row in a file of its own. */
static void write_row(const char *path)
{
    struct past_row row = { .service = "shop", .slot = "blue", .version = "v\"1", .wall_us = 77 };
    char words[PAST_WORDS];
    struct text body;

    row.memory.n = 5;
    row.memory.buckets[17] = 2.5;
    text_init(&body, PAST_BYTES_MAX);
    past_disk_add(&row, &body);
    cr_assert_eq(past_disk_write(path, text_slice(&body), words), 0, "%s", words);
    text_fini(&body);
}

static int read_rows(const char *path, struct past_row **rows, size_t *count)
{
    char words[PAST_WORDS] = "";
    int err = past_disk_read(path, rows, count, words);

    cr_assert(err == 0 || err == ERR_NOT_FOUND || words[0] != '\0');
    return err;
}

Test(past, every_byte_of_the_file_counts)
{
    char path[] = "/tmp/unit-past-XXXXXX";
    struct past_row *rows = NULL;
    struct stat status;
    size_t count = 0;

    close(mkstemp(path));
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(read_rows(path, &rows, &count), ERR_NOT_FOUND);
    write_row(path);
    cr_assert_eq(read_rows(path, &rows, &count), 0);
    cr_assert_eq(count, 1);
    cr_expect_str_eq(rows[0].version, "v\"1");
    cr_expect_eq(rows[0].memory.buckets[17], 2.5);
    free(rows);
    cr_assert_eq(stat(path, &status), 0);
    for (size_t i = 0; i < (size_t)status.st_size; i++) {
        int err = 0;

        spoil(path, i);
        err = read_rows(path, &rows, &count);
        cr_assert(err == ERR_CORRUPT || err == ERR_VERSION, "byte %zu", i);
        spoil(path, i);
    }
    for (long size = status.st_size - 1; size >= 0; size--) {
        cr_assert_eq(truncate(path, size), 0);
        cr_assert_neq(read_rows(path, &rows, &count), 0, "%ld bytes", size);
    }
    cr_assert_eq(unlink(path), 0);
}

Test(past, what_cannot_be_read_or_written_is_said)
{
    struct past_row *rows = NULL;
    char words[PAST_WORDS] = "";
    size_t count = 0;

    cr_expect_eq(read_rows("/tmp", &rows, &count) == 0, false);
    cr_expect_neq(past_disk_write("/nowhere/at/all", SLICE("x"), words), 0);
    cr_expect_not_null(strstr(words, "/nowhere/at/all"), "%s", words);
}
