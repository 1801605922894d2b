/* The file of the history: putting it aside, and that no step of that loses an entry; pages and their order. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/history_disk_priv.h"
#include "deploy/history_filter.h"
#include "deploy/state_code_priv.h"
#include "folder.h"

static char folder[64];
static char path[160];
static char aside[160];
static struct history_disk disk;

static void begin(void)
{
    folder_make(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/history.jsonl", folder);
    snprintf(aside, sizeof aside, "%s/history.jsonl.1", folder);
    disk = (struct history_disk){ .path = path };
}

static void end(void)
{
    folder_empty(folder);
    folder_remove(folder);
}

TestSuite(history_disk, .init = begin, .fini = end);

static struct history_entry make(uint64_t sequence)
{
    struct history_entry entry = { .sequence = sequence,
                                   .wall_us = sequence * 1000000,
                                   .kind = CHANGE_SWITCH,
                                   .name = "shop",
                                   .actor = "uid=0(root) pid=1" };

    return entry;
}

/* Lines first..last in one piece; 0 or ERR_*. */
static int append(uint64_t first, uint64_t last, uint64_t bytes_max)
{
    struct text bytes;
    char words[STATE_FILE_WORDS];
    struct history_lines lines = { .sequence = last, .bytes_max = bytes_max };
    int err = 0;

    text_init(&bytes, 1u << 30);
    for (uint64_t i = first; i <= last; i++, lines.count++) {
        struct history_entry entry = make(i);

        state_encode_entry(&entry, &bytes);
        text_add(&bytes, "\n");
    }
    lines.bytes = text_slice(&bytes);
    err = history_disk_append(&disk, &lines, words);
    text_fini(&bytes);
    return err;
}

static bool exists(const char *name)
{
    return access(name, F_OK) == 0;
}

/* What a start would find; newest..oldest without a hole. */
static void expect_loaded(uint64_t newest, uint64_t count)
{
    struct state *state = state_new();
    struct history history;
    char words[300];

    history_init(&history);
    history_load(&history, path, state, words, sizeof words);
    cr_assert_str_eq(words, "");
    for (uint64_t i = 0; i < count; i++) {
        const struct history_entry *entry = history_at(&history, (unsigned)i);

        cr_assert_not_null(entry, "entry %llu is missing", (unsigned long long)(newest - i));
        cr_assert_eq(entry->sequence, newest - i);
    }
    cr_assert_null(history_at(&history, (unsigned)count));
    history_fini(&history);
    state_free(state);
}

Test(history_disk, grows_until_it_is_large_and_full)
{
    cr_assert_eq(append(1, HISTORY_RING - 1, 1000), 0);
    cr_assert_eq(append(HISTORY_RING, HISTORY_RING, 1000), 0);
    cr_assert(!exists(aside)); /* large from the start, full only now */
    cr_assert_eq(append(HISTORY_RING + 1, HISTORY_RING + 1, 1u << 30), 0);
    cr_assert(!exists(aside)); /* full, and not large */
    cr_assert_eq(append(HISTORY_RING + 2, HISTORY_RING + 2, 1000), 0);
    cr_assert(exists(aside));
    cr_assert_eq(disk.lines, 1);
    expect_loaded(HISTORY_RING + 2, HISTORY_RING);
}

Test(history_disk, what_was_put_aside_is_on_disk_before_it_is)
{
    cr_assert_eq(append(1, 5, 0), 0);
    cr_assert_eq(disk.synced, 0);
    disk.lines = HISTORY_RING;
    cr_assert_eq(append(6, 6, 100), 0);
    cr_assert_eq(disk.synced, 6); /* the new file's first line and its name, too */
    cr_assert_eq(append(7, 7, 100), 0);
    cr_assert_eq(disk.synced, 6);
}

Test(history_disk, a_crash_between_the_steps_loses_nothing)
{
    cr_assert_eq(append(1, 20, 0), 0);
    cr_assert_eq(rename(path, aside), 0); /* killed before the new file was made */
    expect_loaded(20, 20);
    cr_assert_eq(append(21, 22, 0), 0);
    expect_loaded(22, 22);
    disk.lines = HISTORY_RING; /* the next time the first one goes */
    cr_assert_eq(append(23, 23, 10), 0);
    expect_loaded(23, 3);
}

Test(history_disk, a_file_that_cannot_be_put_aside_grows_on)
{
    char below[200];

    cr_assert_eq(mkdir(aside, 0700), 0);
    snprintf(below, sizeof below, "%s/x", aside);
    cr_assert_eq(mkdir(below, 0700), 0);
    cr_assert_eq(append(1, 3, 0), 0);
    disk.lines = HISTORY_RING;
    cr_assert_eq(append(4, 4, 10), 0);
    cr_assert_eq(disk.lines, HISTORY_RING + 1);
    cr_assert_eq(rmdir(below), 0);
    cr_assert_eq(rmdir(aside), 0);
    expect_loaded(4, 4);
}

Test(history_disk, a_torn_line_is_cut_off_only_where_lines_are_added)
{
    struct stat status;
    FILE *file = NULL;

    cr_assert_eq(append(1, 2, 0), 0);
    file = fopen(path, "a");
    cr_assert(fputs("{\"sequence\":3,", file) >= 0);
    fclose(file);
    cr_assert_eq(rename(path, aside), 0);
    cr_assert_eq(append(3, 4, 0), 0);
    file = fopen(path, "a");
    cr_assert(fputs("{\"sequence\":5,", file) >= 0);
    fclose(file);
    expect_loaded(4, 4);
    cr_assert_eq(stat(aside, &status), 0);
    cr_assert_gt(status.st_size, 0);
    cr_assert_eq(append(5, 5, 0), 0);
    expect_loaded(5, 5);
}

Test(history_disk, the_ring_is_in_order_also_when_numbers_come_out_of_turn)
{
    static const uint64_t order[] = { 1, 2, 5, 3, 4, 9, 7, 6, 8 };
    struct history history;

    history_init(&history);
    for (unsigned round = 0; round < 2000; round++) /* beyond its end */
        for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
            struct history_entry entry = make(round * 9 + order[i]);

            history_add(&history, &entry);
        }
    for (unsigned i = 0; i < HISTORY_RING; i++)
        cr_assert_eq(history_at(&history, i)->sequence, 18000 - i);
    cr_assert_null(history_at(&history, HISTORY_RING));
    cr_assert_eq(history_find(&history, 0), 0);
    cr_assert_eq(history_find(&history, 18000), 1);
    cr_assert_eq(history_find(&history, 18001), 0);
    cr_assert_eq(history_find(&history, 8002), 9999);
    cr_assert_eq(history_find(&history, 8001), HISTORY_RING);
    cr_assert_eq(history_find(&history, 1), HISTORY_RING);
    history_fini(&history);
}

static struct bench_desk desk;

/* Everything, in pages of seven; how many entries there were. */
static unsigned walk(const struct history_filter *first)
{
    const struct history_entry *page[7];
    struct history_filter filter = *first;
    uint64_t last = UINT64_MAX;
    unsigned count = 0;

    do {
        unsigned found = deploy_history_page(desk.deploy, &filter, 7, page, &filter.before);

        for (unsigned i = 0; i < found; i++) {
            cr_assert_lt(page[i]->sequence, last);
            last = page[i]->sequence;
        }
        count += found;
        if (found < 7)
            break;
    } while (filter.before != 0);
    return count;
}

Test(history_disk, pages_have_every_entry_once)
{
    struct history_filter filter = { .before = 0 };

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    for (uint64_t i = 1; i <= 100; i++) {
        struct history_entry entry = make(i);

        entry.kind = i % 5 == 0 ? CHANGE_ROLLBACK : CHANGE_SWITCH;
        history_add(&desk.deploy->history, &entry);
    }
    cr_assert_eq(walk(&filter), 100);
    filter.has_kind = true;
    filter.kind = CHANGE_ROLLBACK;
    cr_assert_eq(walk(&filter), 20);
    filter.since_wall_us = 51000000;
    cr_assert_eq(walk(&filter), 10);
    snprintf(filter.name, sizeof filter.name, "web");
    cr_assert_eq(walk(&filter), 0);
    bench_desk_fini(&desk);
}

Test(history_disk, a_long_history_is_found_again_after_a_restart)
{
    struct history_entry entry;

    bench_desk_init(&desk, bench_desk_config);
    cr_assert_lt(snprintf(path, sizeof path, "%s/state", desk.folder), (int)sizeof path);
    cr_assert(mkdir(path, 0700) == 0 || exists(path));
    cr_assert_lt(snprintf(path, sizeof path, "%s/state/history.jsonl", desk.folder),
                 (int)sizeof path);
    cr_assert_eq(append(1, HISTORY_RING, 0), 0);
    bench_desk_must_start(&desk);
    cr_assert(bench_desk_switch(&desk, "shop", "green").changed);
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.sequence, HISTORY_RING + 1);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert(deploy_history(desk.deploy, HISTORY_RING - 1, &entry));
    cr_assert_eq(entry.sequence, 2);
    bench_desk_fini(&desk);
}
