/* The file that is written: the chain over restarts, torn ends, files put aside, limits. */
#include <pthread.h>

#include "audit/audit_disk_priv.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "trail_folder.h"

static void begin(struct audit_disk *disk, const struct trail_folder *folder, uint64_t bytes,
                  char story[AUDIT_FILES_WORDS])
{
    char words[AUDIT_FILES_WORDS] = "";

    *disk = (struct audit_disk){ .path = mem_text(folder->path), .rotate_bytes = bytes, .fd = -1 };
    cr_assert_eq(audit_disk_open(disk, story, words), 0, "%s", words);
}

static void end(struct audit_disk *disk)
{
    audit_disk_close(disk);
    free(disk->path);
}

static int add(struct audit_disk *disk, unsigned count)
{
    int err = 0;

    for (unsigned i = 0; i < count && err == 0; i++) {
        struct audit_record record;
        struct audit_record *records[] = { &record };
        char words[AUDIT_FILES_WORDS];

        trail_folder_record(i, &record);
        err = audit_disk_append(disk, records, 1, words);
    }
    return err;
}

Test(audit_disk, the_chain_goes_on_over_restarts)
{
    struct trail_folder folder;
    struct audit_files_report report;
    struct audit_disk disk;
    struct stat status;
    char story[AUDIT_FILES_WORDS];

    trail_folder_make(&folder);
    for (unsigned i = 0; i < 5; i++) {
        begin(&disk, &folder, 0, story);
        cr_expect_str_eq(story, "");
        cr_expect_eq(disk.seq, 3 * i);
        cr_assert_eq(add(&disk, 3), 0);
        end(&disk);
    }
    report = trail_folder_check(&folder, NULL, false);
    cr_expect_eq(report.finding.defect, AUDIT_WHOLE, "%s", report.finding.words);
    cr_expect_eq(report.records, 15);
    cr_assert_eq(stat(folder.path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600);
    trail_folder_remove(&folder);
}

/* Killed anywhere in a line: the whole ones stay, the rest is cut off and told. */
Test(audit_disk, a_torn_line_is_cut_off_wherever_it_is_torn)
{
    struct trail_folder folder;
    struct audit_disk disk;
    char story[AUDIT_FILES_WORDS];
    char *bytes = NULL;
    size_t size = 0;
    size_t whole = 0;

    trail_folder_make(&folder);
    begin(&disk, &folder, 0, story);
    cr_assert_eq(add(&disk, 3), 0);
    whole = (size_t)disk.size;
    cr_assert_eq(add(&disk, 1), 0);
    end(&disk);
    bytes = trail_folder_read(folder.path, &size);
    for (size_t cut = whole; cut < size; cut += 7) {
        trail_folder_put(folder.path, bytes, cut);
        begin(&disk, &folder, 0, story);
        cr_expect_eq(disk.seq, 3, "cut at %zu", cut);
        cr_expect_eq(story[0] != '\0', cut > whole, "cut at %zu: %s", cut, story);
        cr_assert_eq(add(&disk, 2), 0);
        end(&disk);
        cr_expect_eq(trail_folder_check(&folder, NULL, false).finding.defect, AUDIT_WHOLE);
        cr_expect_eq(trail_folder_lines(folder.path), 5);
    }
    free(bytes);
    trail_folder_remove(&folder);
}

Test(audit_disk, a_damaged_last_line_stays_and_is_named)
{
    struct trail_folder folder;
    struct audit_files_report report;
    struct audit_disk disk;
    char story[AUDIT_FILES_WORDS];
    char *bytes = NULL;
    size_t size = 0;

    trail_folder_make(&folder);
    begin(&disk, &folder, 0, story);
    cr_assert_eq(add(&disk, 4), 0);
    end(&disk);
    bytes = trail_folder_read(folder.path, &size);
    bytes[size - 9] ^= 1;
    trail_folder_put(folder.path, bytes, size);
    begin(&disk, &folder, 0, story);
    cr_expect_not_null(strstr(story, "no record"));
    cr_expect_eq(disk.seq, 3);
    cr_assert_eq(add(&disk, 2), 0);
    end(&disk);
    report = trail_folder_check(&folder, NULL, false);
    cr_expect_neq(report.finding.defect, AUDIT_WHOLE);
    cr_expect_eq(report.finding.seq, 4);
    cr_expect_eq(report.finding.line, 4);
    free(bytes);
    trail_folder_remove(&folder);
}

Test(audit_disk, files_are_put_aside_and_the_chain_goes_on)
{
    struct trail_folder folder;
    struct audit_files list;
    struct audit_files_report report;
    struct audit_disk disk;
    char story[AUDIT_FILES_WORDS];
    char words[AUDIT_FILES_WORDS];

    trail_folder_make(&folder);
    begin(&disk, &folder, 4096, story);
    cr_assert_eq(add(&disk, 60), 0);
    end(&disk);
    cr_assert_eq(audit_files_list(folder.path, &list, words), 0);
    cr_expect_gt(list.count, 3);
    cr_expect_str_eq(list.paths[list.count - 1], folder.path);
    report = trail_folder_check(&folder, NULL, false);
    cr_expect_eq(report.finding.defect, AUDIT_WHOLE, "%s", report.finding.words);
    cr_expect_eq(report.files, list.count);
    cr_expect_eq(report.records, 60 + list.count - 1, "each further file begins with a record");
    cr_assert_eq(remove(list.paths[1]), 0);
    report = trail_folder_check(&folder, NULL, false);
    cr_expect_eq(report.finding.defect, AUDIT_REMOVED);
    cr_expect_str_eq(report.finding.file, list.paths[2]);
    audit_files_free(&list);
    trail_folder_remove(&folder);
}

/* Killed between the two steps of putting aside: the next start has no audit.jsonl and goes on all the same. */
Test(audit_disk, the_head_may_be_in_a_file_that_was_put_aside)
{
    struct trail_folder folder;
    struct audit_disk disk;
    char story[AUDIT_FILES_WORDS];
    char old[128];

    trail_folder_make(&folder);
    begin(&disk, &folder, 0, story);
    cr_assert_eq(add(&disk, 4), 0);
    end(&disk);
    snprintf(old, sizeof old, "%s.1", folder.path);
    cr_assert_eq(rename(folder.path, old), 0);
    begin(&disk, &folder, 0, story);
    cr_expect_eq(disk.seq, 4);
    cr_assert_eq(add(&disk, 1), 0);
    end(&disk);
    cr_expect_eq(trail_folder_check(&folder, NULL, false).finding.defect, AUDIT_WHOLE);
    trail_folder_remove(&folder);
}

Test(audit_disk, while_somebody_reads_the_names_stay)
{
    pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
    struct trail_folder folder;
    struct audit_files list;
    struct audit_disk disk;
    char story[AUDIT_FILES_WORDS];
    char words[AUDIT_FILES_WORDS];

    trail_folder_make(&folder);
    begin(&disk, &folder, 4096, story);
    disk.reading = &reading;
    pthread_mutex_lock(&reading);
    cr_assert_eq(add(&disk, 30), 0);
    cr_assert_eq(audit_files_list(folder.path, &list, words), 0);
    cr_expect_eq(list.count, 1);
    audit_files_free(&list);
    pthread_mutex_unlock(&reading);
    cr_assert_eq(add(&disk, 1), 0);
    cr_assert_eq(audit_files_list(folder.path, &list, words), 0);
    cr_expect_eq(list.count, 2);
    audit_files_free(&list);
    end(&disk);
    cr_expect_eq(trail_folder_check(&folder, NULL, false).finding.defect, AUDIT_WHOLE);
    trail_folder_remove(&folder);
}

/* A write that does not go leaves nothing, and the same records go later under the same numbers. */
Test(audit_disk, a_failed_write_leaves_no_trace)
{
    struct rlimit limit = { 0, RLIM_INFINITY };
    struct trail_folder folder;
    struct audit_disk disk;
    char story[AUDIT_FILES_WORDS];
    char words[AUDIT_FILES_WORDS];

    signal(SIGXFSZ, SIG_IGN);
    trail_folder_make(&folder);
    begin(&disk, &folder, 0, story);
    cr_assert_eq(add(&disk, 3), 0);
    cr_expect(audit_disk_is_ready(&disk, words));
    limit.rlim_cur = disk.size + 50; /* a part of a line goes */
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_not(audit_disk_is_ready(&disk, words));
    cr_expect_not_null(strstr(words, "limit"));
    cr_expect_neq(add(&disk, 1), 0);
    cr_expect_eq(disk.seq, 3);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(trail_folder_lines(folder.path), 3);
    cr_assert_eq(add(&disk, 1), 0);
    end(&disk);
    cr_expect_eq(trail_folder_check(&folder, NULL, false).records, 4);
    trail_folder_remove(&folder);
}

Test(audit_disk, a_file_that_was_taken_away_is_made_anew)
{
    struct trail_folder folder;
    struct audit_files_report report;
    struct audit_disk disk;
    char story[AUDIT_FILES_WORDS];

    trail_folder_make(&folder);
    begin(&disk, &folder, 0, story);
    cr_assert_eq(add(&disk, 3), 0);
    cr_assert_eq(unlink(folder.path), 0);
    cr_assert_eq(add(&disk, 2), 0);
    end(&disk);
    report = trail_folder_check(&folder, NULL, false);
    cr_expect_eq(report.finding.defect, AUDIT_REMOVED);
    cr_expect_eq(report.finding.seq, 1);
    trail_folder_remove(&folder);
}

Test(audit_disk, what_is_no_file_is_refused)
{
    struct trail_folder folder;
    struct audit_disk disk = { .fd = -1 };
    char story[AUDIT_FILES_WORDS];
    char words[AUDIT_FILES_WORDS] = "";

    trail_folder_make(&folder);
    disk.path = folder.path;
    cr_assert_eq(symlink("/etc/passwd", folder.path), 0);
    cr_expect_neq(audit_disk_open(&disk, story, words), 0);
    cr_expect_not_null(strstr(words, folder.path));
    trail_folder_remove(&folder);
}
