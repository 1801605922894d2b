/* The trail with its thread: answers, order, failing disks, bounds, readers. */
#include "audit/audit_trail.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_reader.h"
#include "net/loop.h"
#include "net/timer.h"
#include "trail_folder.h"

struct desk {
    struct trail_folder folder;
    struct loop *loop;
    struct timer *late; /* nothing takes so long */
    struct audit_trail *trail;
    unsigned wanted;
    unsigned durable;
    unsigned not_durable;
    bool is_late;
};

static void on_late(void *arg)
{
    struct desk *desk = arg;

    desk->is_late = true;
    loop_stop(desk->loop);
}

static struct audit_trail_options options_of(struct desk *desk)
{
    return (struct audit_trail_options){ .loop = desk->loop,
                                         .path = desk->folder.path,
                                         .anchor = desk->folder.anchor,
                                         .patience_us = 5000000,
                                         .refuses = true };
}

static void begin(struct desk *desk)
{
    struct audit_trail_options options;
    char words[AUDIT_FILES_WORDS] = "";

    desk->loop = loop_new();
    desk->late = timer_new(desk->loop, on_late, desk);
    options = options_of(desk);
    cr_assert_eq(audit_trail_new(&options, &desk->trail, words), 0, "%s", words);
}

static void end(struct desk *desk)
{
    audit_trail_free(desk->trail);
    timer_free(desk->late);
    loop_free(desk->loop);
}

static void open_desk(struct desk *desk)
{
    *desk = (struct desk){ .wanted = 0 };
    trail_folder_make(&desk->folder);
    begin(desk);
}

static void close_desk(struct desk *desk)
{
    end(desk);
    trail_folder_remove(&desk->folder);
}

static void on_written(void *arg, bool is_durable)
{
    struct desk *desk = arg;

    if (is_durable)
        desk->durable++;
    else
        desk->not_durable++;
    if (desk->durable + desk->not_durable == desk->wanted)
        loop_stop(desk->loop);
}

static void add(struct desk *desk, unsigned count)
{
    struct audit_record record;

    for (unsigned i = 0; i < count; i++) {
        trail_folder_record(i + 1, &record);
        audit_trail_add(desk->trail, &record, on_written, desk);
    }
    desk->wanted += count;
}

static void wait_answers(struct desk *desk)
{
    timer_arm(desk->late, 30000);
    loop_run(desk->loop);
    timer_disarm(desk->late);
    cr_assert_not(desk->is_late);
}

Test(audit_trail, answers_when_records_are_on_disk)
{
    struct audit_files_report report;
    struct audit_trail_view view;
    struct desk desk;

    open_desk(&desk);
    add(&desk, 1000);
    wait_answers(&desk);
    cr_expect_eq(desk.durable, 1000);
    cr_expect_eq(trail_folder_lines(desk.folder.path), 1000);
    audit_trail_look(desk.trail, &view);
    cr_expect_eq(view.records, 1000);
    cr_expect_eq(view.last_seq, 1000);
    cr_expect_eq(view.queue, 0);
    cr_expect_eq(view.write_errors, 0);
    end(&desk);
    report = trail_folder_check(&desk.folder, NULL, true);
    cr_expect_eq(report.finding.defect, AUDIT_WHOLE);
    cr_expect_gt(report.marks, 0);
    trail_folder_remove(&desk.folder);
}

/* At the end the head is anchored, so a tail that was cut off meanwhile is told at the next start. */
Test(audit_trail, a_start_behind_a_cut_is_told)
{
    struct audit_files_report report;
    struct desk desk;
    char *bytes = NULL;
    size_t size = 0;
    char *cut = NULL;

    open_desk(&desk);
    add(&desk, 10);
    wait_answers(&desk);
    end(&desk);
    bytes = trail_folder_read(desk.folder.path, &size);
    cut = memrchr(bytes, '\n', size - 1);
    trail_folder_put(desk.folder.path, bytes, (size_t)(cut - bytes) + 1);
    free(bytes);
    report = trail_folder_check(&desk.folder, NULL, true);
    cr_expect_eq(report.finding.defect, AUDIT_CUT);
    cr_expect_eq(report.finding.seq, 10);
    begin(&desk);
    end(&desk);
    bytes = trail_folder_read(desk.folder.path, &size);
    cr_expect_not_null(strstr(bytes, "audit-repair"));
    cr_expect_not_null(strstr(bytes, "its anchor knows of record 10"));
    free(bytes);
    report = trail_folder_check(&desk.folder, NULL, true);
    cr_expect_neq(report.finding.defect, AUDIT_WHOLE, "another record 10 than the anchored one");
    cr_expect_eq(report.finding.seq, 10);
    trail_folder_remove(&desk.folder);
}

static void set_limit(rlim_t bytes)
{
    struct rlimit limit = { bytes, RLIM_INFINITY };

    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(audit_trail, a_disk_that_takes_nothing_is_told_and_made_up_for)
{
    struct audit_trail_view view;
    struct desk desk;
    char words[AUDIT_FILES_WORDS];

    signal(SIGXFSZ, SIG_IGN);
    open_desk(&desk);
    add(&desk, 3);
    wait_answers(&desk);
    cr_expect(audit_trail_is_ready(desk.trail, words));
    set_limit(0);
    add(&desk, 5);
    wait_answers(&desk);
    cr_expect_eq(desk.durable, 3);
    cr_expect_eq(desk.not_durable, 5);
    cr_expect_not(audit_trail_is_ready(desk.trail, words));
    cr_expect(words[0] != '\0');
    audit_trail_look(desk.trail, &view);
    cr_expect(view.is_failing);
    cr_expect_eq(view.queue, 5);
    cr_expect_gt(view.write_errors, 0);
    set_limit(RLIM_INFINITY);
    add(&desk, 1);
    wait_answers(&desk);
    cr_expect_eq(desk.durable, 4);
    cr_expect_eq(trail_folder_lines(desk.folder.path), 9, "those that waited are written, too");
    cr_expect(audit_trail_is_ready(desk.trail, words));
    end(&desk);
    cr_expect_eq(trail_folder_check(&desk.folder, NULL, true).finding.defect, AUDIT_WHOLE);
    trail_folder_remove(&desk.folder);
}

Test(audit_trail, what_has_no_room_in_memory_is_counted_and_told)
{
    struct audit_trail_view view;
    struct desk desk;
    char *bytes = NULL;
    size_t size = 0;

    signal(SIGXFSZ, SIG_IGN);
    open_desk(&desk);
    set_limit(0);
    add(&desk, AUDIT_TRAIL_QUEUE_MAX + 10);
    wait_answers(&desk);
    cr_expect_eq(desk.durable, 0);
    audit_trail_look(desk.trail, &view);
    cr_expect_eq(view.lost, 10);
    set_limit(RLIM_INFINITY);
    end(&desk);
    bytes = trail_folder_read(desk.folder.path, &size);
    cr_expect_eq(trail_folder_lines(desk.folder.path), AUDIT_TRAIL_QUEUE_MAX + 1);
    cr_expect_not_null(strstr(bytes, "10 records had no room"));
    free(bytes);
    cr_expect_eq(trail_folder_check(&desk.folder, NULL, true).finding.defect, AUDIT_WHOLE);
    trail_folder_remove(&desk.folder);
}

Test(audit_trail, strangers_cannot_fill_it)
{
    struct audit_trail_view view;
    struct desk desk;
    unsigned written = 0;
    char *bytes = NULL;
    size_t size = 0;

    open_desk(&desk);
    for (unsigned i = 0; i < 1000; i++)
        written += audit_note_refusal(desk.trail, "10.0.0.7", "the token has expired");
    cr_expect_geq(written, 50);
    cr_expect_lt(written, 500);
    audit_trail_look(desk.trail, &view);
    cr_expect_eq(view.suppressed, 1000 - written);
    end(&desk);
    bytes = trail_folder_read(desk.folder.path, &size);
    cr_expect_not_null(strstr(bytes, "more attempts were refused"));
    cr_expect_not_null(strstr(bytes, "\"from\":\"10.0.0.7\""));
    cr_expect_not_null(strstr(bytes, "the token has expired"));
    free(bytes);
    trail_folder_remove(&desk.folder);
}

Test(audit_trail, key_files_are_checked)
{
    struct audit_trail_options options;
    struct audit_trail *trail = NULL;
    struct desk desk;
    char words[AUDIT_FILES_WORDS];
    char key[128];
    char bytes[64];

    open_desk(&desk);
    end(&desk);
    begin(&desk);
    snprintf(key, sizeof key, "%s/key", desk.folder.folder);
    options = options_of(&desk);
    options.key = key;
    cr_expect_neq(audit_trail_new(&options, &trail, words), 0, "there is no such file");
    trail_folder_put(key, "short\n", 6);
    cr_assert_eq(chmod(key, 0600), 0);
    cr_expect_neq(audit_trail_new(&options, &trail, words), 0);
    cr_expect_not_null(strstr(words, "openssl rand"));
    memset(bytes, 'k', sizeof bytes);
    trail_folder_put(key, bytes, sizeof bytes);
    cr_assert_eq(chmod(key, 0644), 0);
    cr_expect_neq(audit_trail_new(&options, &trail, words), 0);
    cr_expect_not_null(strstr(words, "chmod 600"));
    cr_assert_eq(chmod(key, 0600), 0);
    end(&desk);
    desk.loop = loop_new();
    options.loop = desk.loop;
    cr_assert_eq(audit_trail_new(&options, &desk.trail, words), 0, "%s", words);
    audit_trail_free(desk.trail);
    loop_free(desk.loop);
    trail_folder_remove(&desk.folder);
}

Test(audit_trail, files_of_ours_are_whole)
{
    struct desk desk;
    char path[128];
    char *bytes = NULL;
    size_t size = 0;

    open_desk(&desk);
    snprintf(path, sizeof path, "%s/view", desk.folder.folder);
    audit_trail_write_file(desk.trail, path, SLICE("one\n"), false);
    audit_trail_write_file(desk.trail, path, SLICE("two\n"), false);
    audit_trail_write_file(desk.trail, path, SLICE("three\n"), true);
    audit_trail_write_file(desk.trail, "/nowhere/at/all", SLICE("x"), false);
    end(&desk);
    bytes = trail_folder_read(path, &size);
    cr_expect_str_eq(bytes, "two\nthree\n");
    free(bytes);
    trail_folder_remove(&desk.folder);
}

static size_t read_page(struct desk *desk, const struct audit_filter *filter, size_t limit,
                        uint64_t *first, uint64_t *next)
{
    struct audit_page page;
    char words[AUDIT_FILES_WORDS];

    cr_assert_eq(audit_reader_page(desk->trail, filter, limit, &page, words), 0);
    *next = page.next;
    *first = page.count > 0 ? page.records[0].seq : 0;
    for (size_t i = 1; i < page.count; i++)
        cr_expect_lt(page.records[i].seq, page.records[i - 1].seq);
    free(page.records);
    return page.count;
}

Test(audit_trail, pages_go_back_over_all_files)
{
    struct audit_filter filter = { 0 };
    struct audit_trail_options options;
    struct desk desk;
    uint64_t first = 0;
    uint64_t next = 0;
    size_t seen = 0;
    char words[AUDIT_FILES_WORDS];

    open_desk(&desk);
    audit_trail_free(desk.trail);
    options = options_of(&desk);
    options.rotate_bytes = 64 * 1024;
    cr_assert_eq(audit_trail_new(&options, &desk.trail, words), 0);
    add(&desk, 2000);
    wait_answers(&desk);
    do {
        size_t count = read_page(&desk, &filter, 300, &first, &next);

        cr_expect(count == 300 || next == 0);
        seen += count;
        filter.before = next;
    } while (next != 0);
    cr_expect_geq(seen, 2000);
    filter = (struct audit_filter){ .service = "shop", .verb = "canary" };
    cr_expect_eq(read_page(&desk, &filter, 1000, &first, &next), 333);
    snprintf(filter.verb, sizeof filter.verb, "can");
    cr_expect_eq(read_page(&desk, &filter, 1000, &first, &next), 0, "no word of the verb");
    filter = (struct audit_filter){ .actor = "PID=77" };
    cr_expect_eq(read_page(&desk, &filter, 1000, &first, &next), 11, "77, and 770 to 779");
    filter = (struct audit_filter){ .outcome = "failed" };
    cr_expect_eq(read_page(&desk, &filter, 10, &first, &next), 0);
    filter = (struct audit_filter){ .trigger = "*" };
    cr_expect_eq(read_page(&desk, &filter, 10, &first, &next), 0);
    filter = (struct audit_filter){ .since_us = 1700000000000000 + 100,
                                    .until_us = 1700000000000000 + 110 };
    cr_expect_eq(read_page(&desk, &filter, 100, &first, &next), 11);
    close_desk(&desk);
}

static uint64_t walk_all(struct desk *desk, const struct audit_filter *filter, bool has_commas,
                         struct text *out)
{
    struct audit_walk walk;
    char words[AUDIT_FILES_WORDS];
    uint64_t count = 0;

    cr_assert_eq(audit_walk_begin(&walk, desk->trail, words), 0);
    add(desk, 10); /* not in what was there */
    wait_answers(desk);
    while (!walk.is_end)
        cr_assert_eq(audit_walk_next(&walk, filter, has_commas, out, words), 0);
    count = walk.count;
    audit_walk_end(&walk);
    return count;
}

Test(audit_trail, a_walk_gives_what_was_there)
{
    struct audit_filter all = { 0 };
    struct audit_filter some = { .service = "shop" };
    struct desk desk;
    struct text out;

    open_desk(&desk);
    add(&desk, 500);
    wait_answers(&desk);
    text_init(&out, 8 * 1024 * 1024);
    cr_expect_eq(walk_all(&desk, &all, false, &out), 500);
    text_clear(&out);
    cr_expect_eq(walk_all(&desk, &some, true, &out), 166 + 3);
    cr_expect_eq(out.bytes[0], '{');
    text_fini(&out);
    close_desk(&desk);
}

Test(audit_trail, verifies_while_it_writes)
{
    struct audit_files_report report;
    struct desk desk;
    char words[AUDIT_FILES_WORDS];

    open_desk(&desk);
    for (unsigned i = 0; i < 20; i++) {
        add(&desk, 50); /* being written while it is read */
        cr_assert_eq(audit_trail_verify(desk.trail, 0, &report, words), 0, "%s", words);
        cr_expect_eq(report.finding.defect, AUDIT_WHOLE, "%s", report.finding.words);
    }
    wait_answers(&desk);
    cr_assert_eq(audit_trail_verify(desk.trail, 0, &report, words), 0);
    cr_expect_eq(report.records, 1000);
    cr_assert_eq(truncate(desk.folder.path, 1000), 0);
    cr_assert_eq(audit_trail_verify(desk.trail, 0, &report, words), 0);
    cr_expect_eq(report.finding.defect, AUDIT_CUT, "its own memory is an anchor");
    close_desk(&desk);
}
