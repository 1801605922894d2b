/* The history: what is in it, and that nothing acknowledged is missing after a crash. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"

static struct bench_desk desk;
static char path[160];

static void begin(void)
{
    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    snprintf(path, sizeof path, "%s/state/history.jsonl", desk.folder);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(history, .init = begin, .fini = end);

static void flip(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        cr_assert(bench_desk_switch(&desk, "shop", "").changed);
}

static unsigned count_entries(void)
{
    struct history_entry entry;
    unsigned count = 0;
    uint64_t last = UINT64_MAX;

    while (deploy_history(desk.deploy, count, &entry)) {
        cr_assert_lt(entry.sequence, last);
        last = entry.sequence;
        count++;
    }
    return count;
}

static unsigned count_lines(void)
{
    FILE *file = fopen(path, "r");
    unsigned lines = 0;
    int c = 0;

    while (file != NULL && (c = fgetc(file)) != EOF)
        lines += c == '\n';
    if (file != NULL)
        fclose(file);
    return lines;
}

Test(history, has_changes_and_gates_but_no_noise)
{
    struct history_entry entry;
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");

    flip(1);
    cr_assert(!bench_desk_switch(&desk, "shop", "green").changed);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "red").fault, FAULT_UNKNOWN_NAME);
    change.if_epoch = 99;
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_CONFLICT);
    cr_assert_eq(bench_desk_switch(&desk, "release", "green").fault, FAULT_GATE_REFUSED);
    cr_assert_eq(count_entries(), 2);
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.outcome, OUTCOME_REFUSED);
    cr_assert_str_eq(entry.gate, "target");
    cr_assert(deploy_history(desk.deploy, 1, &entry));
    cr_assert_str_eq(entry.from, "blue");
    cr_assert_str_eq(entry.to, "green");
    cr_assert_str_eq(entry.actor, "uid=0 pid=1");
    cr_assert_gt(entry.duration_us, 0);
    cr_assert_eq(entry.epoch, entry.epoch_before + 1);
}

Test(history, survives_a_restart_in_order)
{
    flip(100);
    bench_desk_stop(&desk);
    cr_assert_eq(count_lines(), 100);
    bench_desk_must_start(&desk);
    cr_assert_eq(count_entries(), 100);
    flip(1);
    cr_assert_eq(count_entries(), 101);
    bench_desk_stop(&desk);
    cr_assert_eq(count_lines(), 101);
    bench_desk_must_start(&desk);
}

Test(history, lines_that_never_came_to_the_file_are_in_the_state)
{
    flip(20);
    bench_desk_stop(&desk);
    cr_assert_eq(truncate(path, 100), 0); /* a torn line, and nothing else */
    bench_desk_must_start(&desk);
    cr_assert_eq(count_entries(), 20);
    flip(1);
    cr_assert_eq(count_entries(), 21);
    bench_desk_stop(&desk);
    cr_assert_eq(count_lines(), 21);
    bench_desk_must_start(&desk);
    cr_assert_eq(count_entries(), 21);
}

Test(history, a_folder_in_the_way_costs_the_file_not_the_switch)
{
    struct deploy_durability view;

    bench_desk_stop(&desk);
    cr_assert_eq(mkdir(path, 0700), 0);
    bench_desk_must_start(&desk);
    flip(3);
    bench_desk_run_ms(&desk, 30);
    cr_assert_eq(count_entries(), 3);
    deploy_view_durability(desk.deploy, &view);
    cr_assert_gt(view.write_errors, 0);
    cr_assert_eq(rmdir(path), 0);
    flip(1);
    bench_desk_stop(&desk);
    cr_assert_eq(count_lines(), 4);
    bench_desk_must_start(&desk);
}
