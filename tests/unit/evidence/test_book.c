/* The book of rollbacks beyond its vector: force, reset, release, bounds, a clock that was set back. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "evidence/book.h"

static struct settings settings;
static struct book book;
static struct book_answer answer;

enum { MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
static const uint64_t start_ms = 1760000000000; /* 2025-10-09 */

static enum book_reason may(const char *version, uint64_t now_ms, bool force)
{
    book_may_start(&book, &settings, (struct book_start){ version, now_ms, force }, &answer);
    return answer.reason;
}

static void begin(void)
{
    settings_default(&settings);
    memset(&book, 0, sizeof book);
}

Test(book, force_starts_a_blocked_version_but_neither_ends_a_cooldown_nor_a_limit)
{
    begin();
    cr_assert_eq(may("v1", start_ms, false), BOOK_ALLOWED);
    book_add(&book, &settings, "v1", start_ms);
    cr_assert_eq(may("v1", start_ms + HOUR, false), BOOK_BLOCKED_VERSION);
    cr_assert_not_null(strstr(answer.words, "v1"));
    cr_assert_eq(may("v1", start_ms + HOUR, true), BOOK_ALLOWED);
    cr_assert_eq(may("v1", start_ms + MINUTE, true), BOOK_COOLDOWN);
    cr_assert_eq(answer.until_ms, start_ms + 10 * MINUTE);
    cr_assert_not_null(strstr(answer.words, "2025-10-09T09:03:20"), "%s", answer.words);
    book_add(&book, &settings, "v2", start_ms + HOUR);
    cr_assert_eq(may("v3", start_ms + 2 * HOUR, true), BOOK_LIMIT);
    cr_assert_eq(answer.until_ms, start_ms + DAY);
    cr_assert_eq(may("v3", answer.until_ms - 1, false), BOOK_LIMIT);
    cr_assert_eq(may("v3", answer.until_ms, false), BOOK_ALLOWED);
}

Test(book, the_cooldown_doubles_with_each_rollback_that_is_remembered)
{
    begin();
    settings.max_rollbacks = 16;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t now_ms = start_ms + i * HOUR;
        char version[16];

        snprintf(version, sizeof version, "v%u", i);
        book_add(&book, &settings, version, now_ms);
        cr_assert_eq(may("new", now_ms, false), BOOK_COOLDOWN);
        cr_assert_eq(answer.until_ms, now_ms + (uint64_t)(10 * MINUTE) * (1u << i));
    }
}

Test(book, an_operator_resets_the_times_and_releases_versions)
{
    begin();
    book_add(&book, &settings, "v1", start_ms);
    book_add(&book, &settings, "v2", start_ms);
    cr_assert_eq(may("v3", start_ms, false), BOOK_LIMIT);
    book_reset(&book);
    cr_assert_eq(may("v3", start_ms, false), BOOK_ALLOWED);
    cr_assert_eq(may("v1", start_ms, false), BOOK_BLOCKED_VERSION);
    cr_assert(book_release(&book, "v1"));
    cr_assert_not(book_release(&book, "v1"));
    cr_assert_eq(may("v1", start_ms, false), BOOK_ALLOWED);
    cr_assert_eq(may("v2", start_ms, false), BOOK_BLOCKED_VERSION);
}

Test(book, it_is_bounded_and_forgets_the_oldest)
{
    char version[16];

    begin();
    for (unsigned i = 0; i < 3 * BOOK_VERSIONS; i++) {
        snprintf(version, sizeof version, "v%u", i);
        book_add(&book, &settings, version, start_ms + i);
    }
    cr_assert_eq(book.blocked_count, BOOK_VERSIONS);
    cr_assert_eq(book.rollback_count, BOOK_ROLLBACKS);
    cr_assert_eq(may("v0", start_ms + 10 * DAY, false), BOOK_ALLOWED);
    cr_assert_eq(may(version, start_ms + 10 * DAY, false), BOOK_BLOCKED_VERSION);
    book_add(&book, &settings, version, start_ms + 10 * DAY);
    cr_assert_eq(book.blocked_count, BOOK_VERSIONS, "the same version is there once");
    cr_assert_eq(book.rollback_count, 1, "what is too old is dropped");
}

Test(book, long_names_are_cut_and_still_found)
{
    char version[200];

    begin();
    memset(version, 'v', sizeof version);
    version[sizeof version - 1] = '\0';
    book_add(&book, &settings, version, start_ms);
    cr_assert_eq(strlen(book.blocked[0]), BOOK_NAME - 1);
    cr_assert_eq(may(version, start_ms + DAY, false), BOOK_BLOCKED_VERSION);
    cr_assert(book_release(&book, version));
}

Test(book, a_clock_that_was_set_back_forgets_nothing)
{
    begin();
    book_add(&book, &settings, "v1", start_ms);
    cr_assert_eq(may("v2", start_ms - DAY, false), BOOK_COOLDOWN);
    cr_assert_str_eq(book_reason_name(answer.reason), "cooldown");
}
