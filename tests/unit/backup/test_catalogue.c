/* The catalogue of snapshots on a real folder. src/backup/catalogue.c, snapshot_record.c */
#include "backup/catalogue.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/claim.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

static char folder[] = "/tmp/unit-catalogue-XXXXXX";
static struct text words;
static char *path;

static void begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
    path = mem_format("%s/snapshots.jsonl", folder);
    text_init(&words, 65536);
}

static void end(void)
{
    char *fresh = mem_format("%s.tmp", path);

    text_fini(&words);
    (void)unlink(path);
    (void)unlink(fresh);
    (void)rmdir(folder);
    free(fresh);
    free(path);
}

TestSuite(catalogue, .init = begin, .fini = end);

static struct snapshot_record make(const char *id, uint64_t taken_us)
{
    struct snapshot_record record = { .kind = SNAPSHOT_LOGICAL,
                                      .is_verified = true,
                                      .taken_us = taken_us,
                                      .finished_us = taken_us + 5,
                                      .checked_us = taken_us + 6,
                                      .bytes = 4096 };

    snprintf(record.id, sizeof record.id, "%s", id);
    snprintf(record.database, sizeof record.database, "shop");
    snprintf(record.name, sizeof record.name, "shop \"live\"");
    snprintf(record.path, sizeof record.path, "/somewhere/%s.dump", id);
    snprintf(record.sha256, sizeof record.sha256, "%064d", 7);
    snapshot_record_add_table(&record, slice_from("public.orders (id, \"a b\")"), 12,
                              0xfedcba9876543210u);
    return record;
}

static void put(struct catalogue *catalogue, const char *id, uint64_t taken_us)
{
    struct snapshot_record record = make(id, taken_us);

    cr_assert_eq(catalogue_put(catalogue, &record), 0);
    snapshot_record_fini(&record);
}

static struct catalogue *load(void)
{
    struct catalogue *catalogue = NULL;

    text_clear(&words);
    cr_assert_eq(catalogue_new(folder, &words, &catalogue), 0, "%s", words.bytes);
    return catalogue;
}

static void append(const char *bytes)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

    cr_assert_eq(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(fd);
}

Test(catalogue, what_is_put_is_there_after_a_new_start)
{
    struct catalogue *catalogue = load();
    struct snapshot_record found = { .id = "" };
    struct snapshot_record *all = NULL;

    put(catalogue, "shop-2", 2000);
    put(catalogue, "shop-1", 1000);
    catalogue_free(catalogue);
    catalogue = load();
    cr_assert_eq(catalogue_list(catalogue, "shop", &all), 2);
    cr_expect_str_eq(all[0].id, "shop-1", "the oldest first");
    catalogue_free_list(all, 2);
    cr_assert(catalogue_find(catalogue, "shop-2", &found));
    cr_expect_str_eq(found.name, "shop \"live\"");
    cr_expect(found.is_verified);
    cr_expect_eq(found.taken_us, 2000);
    cr_expect_eq(found.finished_us, 2005);
    cr_expect_eq(found.checked_us, 2006);
    cr_expect_eq(found.bytes, 4096);
    cr_assert_eq(found.table_count, 1);
    cr_expect_str_eq(found.tables[0].source, "public.orders (id, \"a b\")");
    cr_expect_eq(found.tables[0].rows, 12);
    cr_expect_eq(found.tables[0].mark, 0xfedcba9876543210u, "all 64 bits");
    snapshot_record_fini(&found);
    cr_expect_eq(catalogue_list(catalogue, "other", &all), 0);
    catalogue_free_list(all, 0);
    catalogue_free(catalogue);
}

Test(catalogue, one_of_the_same_id_is_replaced_and_one_can_be_removed)
{
    struct catalogue *catalogue = load();
    struct snapshot_record found = { .id = "" };

    put(catalogue, "shop-1", 1000);
    put(catalogue, "shop-1", 3000);
    cr_assert(catalogue_find(catalogue, "shop-1", &found));
    cr_expect_eq(found.taken_us, 3000);
    snapshot_record_fini(&found);
    cr_expect_eq(catalogue_remove(catalogue, "shop-1"), 0);
    cr_expect_eq(catalogue_remove(catalogue, "shop-1"), ERR_NOT_FOUND);
    cr_expect_not(catalogue_find(catalogue, "shop-1", &found));
    catalogue_free(catalogue);
    catalogue = load();
    cr_expect_not(catalogue_find(catalogue, "shop-1", &found), "nor after a new start");
    catalogue_free(catalogue);
}

Test(catalogue, a_damaged_line_is_named_and_kept_and_hides_nothing)
{
    struct catalogue *catalogue = load();
    struct snapshot_record found = { .id = "" };

    put(catalogue, "shop-1", 1000);
    catalogue_free(catalogue);
    append("{\"id\":\"shop-2\",\"databa");
    catalogue = load();
    cr_expect_eq(catalogue_damaged(catalogue), 1);
    cr_expect_not_null(strstr(words.bytes, "snapshots.jsonl:2: the line is damaged"), "%s",
                       words.bytes);
    cr_assert(catalogue_find(catalogue, "shop-1", &found));
    snapshot_record_fini(&found);
    put(catalogue, "shop-3", 3000);
    catalogue_free(catalogue);
    catalogue = load();
    cr_expect_eq(catalogue_damaged(catalogue), 1, "still named");
    cr_expect(catalogue_find(catalogue, "shop-3", &found));
    snapshot_record_fini(&found);
    catalogue_free(catalogue);
}

Test(catalogue, members_that_are_missing_or_of_another_type_are_damage)
{
    static const char *const lines[] = {
        "{}",
        "[]",
        "{\"id\":\"a\",\"database\":\"b\",\"name\":\"c\",\"path\":\"d\",\"kind\":\"half\"}",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct snapshot_record record;
        const char *why = NULL;

        cr_expect_eq(snapshot_record_decode(slice_from(lines[i]), &record, &why), ERR_INVALID, "%s",
                     lines[i]);
        cr_expect_not_null(why);
    }
}

static struct snapshot_record find(struct catalogue *catalogue, const char *id)
{
    struct snapshot_record found = { .id = "" };

    cr_assert(catalogue_find(catalogue, id, &found), "%s", id);
    snapshot_record_fini(&found);
    return found;
}

Test(catalogue, what_is_held_says_so_also_after_it_was_put_again)
{
    struct catalogue *catalogue = load();

    put(catalogue, "shop-1", 1000);
    cr_expect_eq(catalogue_hold(catalogue, "shop-1"), 0);
    cr_expect_eq(catalogue_hold(catalogue, "shop-9"), ERR_NOT_FOUND);
    put(catalogue, "shop-1", 1000);
    cr_expect_eq(find(catalogue, "shop-1").holds, 1);
    catalogue_release(catalogue, "shop-1");
    catalogue_release(catalogue, "shop-1");
    cr_expect_eq(find(catalogue, "shop-1").holds, 0);
    catalogue_free(catalogue);
}

/* Whoever comes first has it: a reader or the remover, never both. */
Test(catalogue, what_is_read_is_not_removed_and_what_is_removed_is_not_read)
{
    struct catalogue *catalogue = load();

    put(catalogue, "shop-1", 1000);
    cr_expect_eq(catalogue_condemn(catalogue, "shop-9", true), ERR_NOT_FOUND);
    cr_assert_eq(catalogue_hold(catalogue, "shop-1"), 0);
    cr_expect_eq(catalogue_condemn(catalogue, "shop-1", true), ERR_CONFLICT, "it is read");
    catalogue_release(catalogue, "shop-1");
    cr_expect_eq(catalogue_condemn(catalogue, "shop-1", false), 0);
    cr_expect_eq(catalogue_condemn(catalogue, "shop-1", true), ERR_CONFLICT, "by somebody else");
    cr_expect_eq(catalogue_hold(catalogue, "shop-1"), ERR_CONFLICT);
    put(catalogue, "shop-1", 1000);
    cr_expect(find(catalogue, "shop-1").is_going, "also after it was put again");
    catalogue_spare(catalogue, "shop-1");
    cr_expect_eq(catalogue_hold(catalogue, "shop-1"), 0, "it stays after all");
    catalogue_free(catalogue);
}

static struct snapshot_claim claim(const char *database, uint64_t at_us, const char *by)
{
    struct snapshot_claim made = { .at_us = at_us };

    snprintf(made.database, sizeof made.database, "%s", database);
    snprintf(made.by, sizeof made.by, "%s", by);
    return made;
}

/* Finished at 1005, 2005 and 3005. */
Test(catalogue, a_deployment_relies_on_the_newest_that_was_whole_when_it_began)
{
    struct catalogue *catalogue = load();
    struct snapshot_record damaged = make("shop-2", 2000);
    struct snapshot_claim claims[3];

    put(catalogue, "shop-3", 3000);
    put(catalogue, "shop-1", 1000);
    put(catalogue, "shop-2", 2000);
    claims[0] = claim("shop", 2500, "rollout 7 of shop");
    claims[1] = claim("shop", 3004, "the canary of web");
    claims[2] = claim("other", 9000, "rollout 8 of other");
    catalogue_claim(catalogue, claims, 3);
    cr_expect_str_eq(find(catalogue, "shop-2").held_by, "rollout 7 of shop, the canary of web");
    cr_expect_str_eq(find(catalogue, "shop-1").held_by, "");
    cr_expect_str_eq(find(catalogue, "shop-3").held_by, "", "it was not finished then");
    cr_expect_eq(catalogue_condemn(catalogue, "shop-2", false), ERR_CONFLICT);
    cr_expect_eq(catalogue_condemn(catalogue, "shop-2", true), 0, "by force");
    cr_expect_str_eq(find(catalogue, "shop-1").held_by, "rollout 7 of shop, the canary of web",
                     "what is being removed holds nobody");
    catalogue_spare(catalogue, "shop-2");
    damaged.is_verified = false;
    cr_assert_eq(catalogue_put(catalogue, &damaged), 0);
    snapshot_record_fini(&damaged);
    cr_expect_str_eq(find(catalogue, "shop-2").held_by, "", "nor does a damaged one");
    catalogue_claim(catalogue, NULL, 0);
    cr_expect_str_eq(find(catalogue, "shop-1").held_by, "");
    cr_expect_eq(catalogue_condemn(catalogue, "shop-1", false), 0);
    catalogue_free(catalogue);
}

Test(catalogue, a_claim_ends_at_its_time)
{
    struct catalogue *catalogue = load();
    struct snapshot_claim only = claim("shop", 2500, "the switch of shop to green");

    put(catalogue, "shop-1", 1000);
    only.until_us = 3000; /* long ago */
    catalogue_claim(catalogue, &only, 1);
    cr_expect_str_eq(find(catalogue, "shop-1").held_by, "");
    only.until_us = UINT64_MAX;
    catalogue_claim(catalogue, &only, 1);
    cr_expect_str_eq(find(catalogue, "shop-1").held_by, "the switch of shop to green");
    catalogue_free(catalogue);
}

Test(catalogue, a_folder_that_cannot_be_written_changes_nothing)
{
    struct catalogue *catalogue = load();
    struct snapshot_record record = make("shop-1", 1000);
    struct snapshot_record found = { .id = "" };

    cr_assert_eq(rmdir(folder), 0);
    cr_expect_eq(catalogue_put(catalogue, &record), ERR_IO);
    cr_expect_not(catalogue_find(catalogue, "shop-1", &found));
    snapshot_record_fini(&record);
    catalogue_free(catalogue);
}
