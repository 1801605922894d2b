/* Which snapshots stay, and whether one is young enough; with times of the test. src/backup/retention.c, freshness.c */
#include "backup/retention.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "backup/freshness.h"

#define SECOND ((uint64_t)1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

/* 2026-01-05 was a Monday: day 20458. */
#define MONDAY (20458 * DAY)

static char kept[65];

/* "v" verified, "x" not, "u" verified and in use; one per step back from the newest one, which is the last letter. Returns the
 * letters with '.' for what is dropped. */
static const char *choose(struct retention_rule rule, const char *letters, uint64_t step_us)
{
    struct retention_item items[64];
    size_t count = strlen(letters);
    size_t dropped = 0;
    size_t dots = 0;

    for (size_t i = 0; i < count; i++)
        items[i] = (struct retention_item){ .taken_us = MONDAY + 30 * DAY - (count - i) * step_us,
                                            .is_verified = letters[i] != 'x',
                                            .is_in_use = letters[i] == 'u' };
    dropped = retention_choose(&rule, items, count);
    for (size_t i = 0; i < count; i++) {
        kept[i] = items[i].is_dropped ? '.' : letters[i];
        dots += items[i].is_dropped;
    }
    kept[count] = '\0';
    cr_expect_eq(dropped, dots);
    return kept;
}

Test(retention, the_last_ones_stay)
{
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 3 }, "vvvvv", HOUR), "..vvv");
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 9 }, "vvvvv", HOUR), "vvvvv");
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 1 }, "", HOUR), "");
}

Test(retention, the_newest_verified_one_always_stays)
{
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 0 }, "vvvv", HOUR), "...v");
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 1 }, "vvxx", HOUR), ".vxx");
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 1 }, "vxxxxxxxx", HOUR), "vxxxxxxxx");
}

Test(retention, one_that_is_not_verified_counts_for_nothing)
{
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 2 }, "xvxvxv", HOUR), "...vxv");
}

Test(retention, one_in_use_stays_however_old)
{
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 1 }, "uvvv", HOUR), "u..v");
}

Test(retention, the_newest_of_each_day_stays)
{
    cr_expect_str_eq(
        choose((struct retention_rule){ .keep = 1, .daily = 3 }, "vvvvvvvv", 12 * HOUR), "...v.v.v",
        "two a day, three days");
    cr_expect_str_eq(
        choose((struct retention_rule){ .keep = 1, .daily = 2 }, "vvvvxvvx", 12 * HOUR), ".....vvx",
        "what is not verified is no day's snapshot");
}

Test(retention, weeks_begin_on_monday)
{
    /* From Tuesday the 3rd back, one a day: Tue Mon | Sun Sat Fri Thu Wed Tue Mon | Sun */
    cr_expect_str_eq(choose((struct retention_rule){ .keep = 1, .weekly = 3 }, "vvvvvvvvvv", DAY),
                     "v......v.v");
}

/* --- freshness --- */

static uint64_t disk_bytes;

/* As it was looked at a second ago. */
static struct freshness judge(const struct snapshot_record *records, size_t count)
{
    struct freshness_ask ask = {
        .database = "shop", .max_age_us = 2 * HOUR, .now_us = 100 * HOUR, .mono_us = 20 * SECOND
    };
    struct snapshot_record seen[2];
    struct freshness out;

    for (size_t i = 0; i < count; i++) {
        seen[i] = records[i];
        seen[i].disk_bytes = disk_bytes;
        if (seen[i].seen_us == 0)
            seen[i].seen_us = 19 * SECOND;
    }
    freshness_judge(&ask, seen, count, &out);
    return out;
}

Test(freshness, one_that_is_young_whole_and_verified_is_fresh)
{
    struct snapshot_record record = { .id = "shop-1", .is_verified = true, .bytes = 10 };
    struct freshness answer;

    disk_bytes = 10;
    record.taken_us = 98 * HOUR;
    answer = judge(&record, 1);
    cr_expect(answer.is_fresh && answer.is_known);
    cr_expect_eq(answer.age_us, 2 * HOUR);
    cr_expect_str_eq(answer.id, "shop-1");
    cr_expect_eq(answer.remedy[0], '\0');
}

Test(freshness, whatever_is_wrong_is_said_with_its_age_and_a_remedy)
{
    struct snapshot_record old = { .id = "shop-1", .is_verified = true, .bytes = 10 };
    struct snapshot_record bad = { .id = "shop-2", .bytes = 10, .problem = "it is cut off" };
    struct snapshot_record both[2];
    struct freshness answer = judge(NULL, 0);

    cr_expect(!answer.is_fresh && !answer.is_known);
    cr_expect_not_null(strstr(answer.words, "there is no snapshot"));
    cr_expect_str_eq(answer.remedy, "switchctl db snapshot shop");
    disk_bytes = 10;
    old.taken_us = 97 * HOUR;
    answer = judge(&old, 1);
    cr_expect(!answer.is_fresh && answer.is_known);
    cr_expect_not_null(strstr(answer.words, "is 3h old, more than 2h"), "%s", answer.words);
    old.taken_us = 99 * HOUR;
    disk_bytes = 9;
    answer = judge(&old, 1);
    cr_expect_not_null(strstr(answer.words, "has 9 bytes on the disk instead of 10"), "%s",
                       answer.words);
    cr_expect_not_null(strstr(answer.words, "1h old"));
    disk_bytes = 0;
    answer = judge(&old, 1);
    cr_expect_not_null(strstr(answer.words, "missing or empty"), "%s", answer.words);
    answer = judge(&bad, 1);
    cr_expect_not_null(strstr(answer.words, "no snapshot is verified; shop-2: it is cut off"), "%s",
                       answer.words);
    disk_bytes = 10;
    both[0] = old;
    both[1] = bad;
    cr_expect(judge(both, 2).is_fresh, "a damaged newer one does not hide a good one");
}

Test(freshness, what_was_not_seen_lately_is_not_fresh_and_not_bad_either)
{
    struct snapshot_record record = {
        .id = "shop-1", .is_verified = true, .bytes = 10, .taken_us = 99 * HOUR
    };
    struct freshness_ask ask = { .database = "shop", .now_us = 100 * HOUR, .mono_us = 5 * SECOND };
    struct freshness answer;

    disk_bytes = record.disk_bytes = 10;
    freshness_judge(&ask, &record, 1, &answer);
    cr_expect(answer.is_unseen && !answer.is_fresh && answer.is_known, "never looked at");
    cr_expect_not_null(strstr(answer.words, "not looked at lately"), "%s", answer.words);
    cr_expect_not_null(strstr(answer.remedy, "folder"), "%s", answer.remedy);
    record.seen_us = 10 * SECOND;
    cr_expect(judge(&record, 1).is_fresh, "ten seconds ago");
    record.seen_us = 10 * SECOND - 1;
    answer = judge(&record, 1);
    cr_expect(answer.is_unseen && !answer.is_fresh);
}

Test(freshness, one_that_is_being_removed_does_not_count)
{
    struct snapshot_record both[2] = {
        { .id = "shop-1", .is_verified = true, .bytes = 10, .taken_us = 97 * HOUR },
        { .id = "shop-2", .is_verified = true, .bytes = 10, .taken_us = 99 * HOUR },
    };

    disk_bytes = 10;
    cr_expect(judge(both, 2).is_fresh);
    both[1].is_going = true;
    cr_expect_not_null(strstr(judge(both, 2).words, "shop-1 is 3h old"));
}
