/* Whether one database follows another: each fault by its own name. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "store/look_priv.h"
#include "store/word_priv.h"
#include "unit/store/rows.h"

enum { SECOND = 1000 * 1000 };

static const struct look_wishes publishing = { .replication_slot = "s", .has_heartbeat = true };
static const struct look_wishes following = { .subscription = "sub", .has_heartbeat = true };

static const char *const streaming[] = { "t", "streaming", "reserved", "4096", "0", "0", NULL };
static const char *const running[] = { "t", "t", "0", "0", "0" };
static const char *const beat[] = { "5", "1700000000000000" };

struct scene {
    struct look *publisher;
    struct look *follower;
    struct word_link link;
    struct word_finding finding;
};

static void set_up(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->publisher = look_new(&publishing);
    scene->follower = look_new(&following);
    rows_facts(scene->publisher, "1", "blue");
    rows_facts(scene->follower, "2", "green");
    rows_answer(scene->publisher, "replication slot", 7, 1, streaming);
    rows_answer(scene->publisher, "heartbeat", 2, 1, beat);
    rows_answer(scene->follower, "subscription", 5, 1, running);
    rows_answer(scene->follower, "heartbeat", 2, 1, beat);
    scene->link = (struct word_link){
        .follower = "green",
        .publisher = "blue",
        .subscription = "sub",
        .follower_look = scene->follower,
        .publisher_look = scene->publisher,
        .lag_bytes_max = 10000,
        .lag_us_max = 5 * SECOND,
    };
}

static void tear_down(struct scene *scene)
{
    look_free(scene->publisher);
    look_free(scene->follower);
}

static void expect(struct scene *scene, enum word_answer answer, const char *words)
{
    memset(&scene->finding, 0, sizeof scene->finding);
    word_judge_link(&scene->link, &scene->finding);
    cr_expect_eq(scene->finding.answer, answer, "%s: %s", word_answer_name(scene->finding.answer),
                 scene->finding.words);
    cr_expect_not_null(strstr(scene->finding.words, words), "%s", scene->finding.words);
}

Test(word_replication, passes_what_follows_closely)
{
    struct scene scene;

    set_up(&scene);
    expect(&scene, WORD_PASS, "blue -> green: 4096 bytes and 0.0 s behind");
    tear_down(&scene);
}

Test(word_replication, names_each_fault_of_the_subscription)
{
    static const struct {
        const char *cells[5];
        enum word_answer answer;
        const char *words;
    } cases[] = {
        { { "f", "f", "0", "0", "0" }, WORD_FAIL, "subscription sub is disabled" },
        { { "t", "f", "0", "0", "0" }, WORD_FAIL, "no worker runs for subscription sub" },
        { { "t", "t", "0", "0", "2" }, WORD_FAIL, "2 tables of subscription sub are not copied" },
        { { "t", "t", NULL, "0", "0" }, WORD_UNKNOWN, "does not tell its apply errors" },
    };
    struct scene scene;

    set_up(&scene);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rows_answer(scene.follower, "subscription", 5, 1, cases[i].cells);
        expect(&scene, cases[i].answer, cases[i].words);
    }
    rows_answer(scene.follower, "subscription", 5, 0, NULL);
    expect(&scene, WORD_UNKNOWN, "there is no subscription sub");
    tear_down(&scene);
}

Test(word_replication, names_each_fault_of_the_slot)
{
    static const struct {
        const char *cells[7];
        enum word_answer answer;
        const char *words;
    } cases[] = {
        { { "f", NULL, "reserved", NULL, "1", "1", NULL }, WORD_FAIL, "slot is not in use" },
        { { "f", NULL, "lost", NULL, NULL, NULL, NULL }, WORD_FAIL, "slot is lost" },
        { { "t", "catchup", "extended", "9", "1", "1", NULL }, WORD_FAIL, "slot is catchup" },
        { { "t", NULL, "reserved", NULL, "1", "1", NULL }, WORD_UNKNOWN, "does not tell how far" },
        { { "t", "streaming", "reserved", "10001", "1", "1", NULL },
          WORD_FAIL,
          "10001 bytes behind" },
    };
    struct scene scene;

    set_up(&scene);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rows_answer(scene.publisher, "replication slot", 7, 1, cases[i].cells);
        expect(&scene, cases[i].answer, cases[i].words);
    }
    rows_answer(scene.publisher, "replication slot", 7, 0, NULL);
    expect(&scene, WORD_UNKNOWN, "there is no replication slot s");
    tear_down(&scene);
}

Test(word_replication, remembers_errors_for_a_while)
{
    static const char *const failing[] = { "t", "t", "3", "0", "0" };
    struct look *later = look_new(&following);
    struct scene scene;

    set_up(&scene);
    rows_facts(later, "2", "green");
    rows_answer(later, "subscription", 5, 1, failing);
    rows_answer(later, "heartbeat", 2, 1, beat);
    look_follow(later, scene.follower, SECOND);
    scene.link.follower_look = later;
    expect(&scene, WORD_FAIL, "subscription sub fails to apply: 3 errors so far");
    tear_down(&scene);
    look_free(later);
}

/* The nonce of another beat: what came through is as old as its time says, by the publisher's clock. */
Test(word_replication, measures_time_by_the_heartbeat)
{
    static const char *const older[] = { "4", "1699999997000000" };
    uint64_t us = 0;
    struct scene scene;

    set_up(&scene);
    rows_answer(scene.follower, "heartbeat", 2, 1, older);
    cr_assert(word_lag_us(&scene.link, &us));
    cr_expect_eq(us, 3 * SECOND);
    scene.link.publisher_age_us = SECOND; /* the follower was seen a second after it */
    cr_assert(word_lag_us(&scene.link, &us));
    cr_expect_eq(us, 4 * SECOND);
    expect(&scene, WORD_PASS, "4.0 s behind");
    scene.link.lag_us_max = SECOND;
    expect(&scene, WORD_FAIL, "4.0 s behind");
    scene.link.lag_us_max = 0;
    expect(&scene, WORD_PASS, "4.0 s behind");
    rows_answer(scene.follower, "heartbeat", 2, 0, NULL);
    expect(&scene, WORD_UNKNOWN, "nothing came through yet");
    tear_down(&scene);
}

Test(word_replication, knows_nothing_without_both_sides)
{
    uint64_t value = 0;
    struct scene scene;

    set_up(&scene);
    scene.link.publisher_age_us = WORD_AGE_MAX_US + 1;
    expect(&scene, WORD_UNKNOWN, "database blue was not seen");
    scene.link.follower_look = NULL;
    expect(&scene, WORD_UNKNOWN, "database green was not seen");
    cr_expect_not(word_lag_us(&scene.link, &value));
    scene.link.publisher_look = NULL;
    cr_expect_not(word_lag_bytes(&scene.link, &value));
    tear_down(&scene);
}

/* With limits that nothing can be compared with, or without any, nothing is known. */
Test(word_replication, without_a_heartbeat_what_is_null_is_unknown)
{
    static const struct look_wishes plain_publisher = { .replication_slot = "s" };
    static const struct look_wishes plain_follower = { .subscription = "sub" };
    static const char *const idle[] = { "t", "streaming", "reserved", "0", "0", "0", NULL };
    static const char *const timed[] = { "t", "streaming", "reserved", "0", "0", "0", "2000000" };
    struct scene scene;

    set_up(&scene);
    tear_down(&scene);
    scene.link.publisher_look = scene.publisher = look_new(&plain_publisher);
    scene.link.follower_look = scene.follower = look_new(&plain_follower);
    rows_facts(scene.publisher, "1", "blue");
    rows_facts(scene.follower, "2", "green");
    rows_answer(scene.publisher, "replication slot", 7, 1, idle);
    rows_answer(scene.follower, "subscription", 5, 1, running);
    expect(&scene, WORD_UNKNOWN, "0 bytes behind, the time is not known");
    cr_expect_not_null(strstr(scene.finding.remedy, "heartbeat = true"), "%s",
                       scene.finding.remedy);
    scene.link.lag_us_max = 0;
    expect(&scene, WORD_PASS, "0 bytes behind");
    scene.link.lag_bytes_max = 0;
    expect(&scene, WORD_UNKNOWN, "nothing says how far behind it may be");
    scene.link.lag_us_max = SECOND;
    expect(&scene, WORD_UNKNOWN, "the time is not known");
    scene.link.has_heartbeat = true; /* configured a moment ago */
    expect(&scene, WORD_UNKNOWN, "the heartbeat was not looked for yet");
    scene.link.has_heartbeat = false;
    rows_answer(scene.publisher, "replication slot", 7, 1, timed);
    expect(&scene, WORD_FAIL, "2.0 s behind");
    scene.link.lag_us_max = 3 * SECOND;
    expect(&scene, WORD_PASS, "2.0 s behind");
    tear_down(&scene);
}

Test(word_replication, a_heartbeat_from_the_future_is_of_somebody_else)
{
    static const char *const ahead[] = { "4", "1700000060000000" };
    static const char *const little[] = { "4", "1700000000500000" };
    struct scene scene;
    uint64_t us = 0;

    set_up(&scene);
    rows_answer(scene.follower, "heartbeat", 2, 1, ahead);
    cr_expect_not(word_lag_us(&scene.link, &us));
    expect(&scene, WORD_UNKNOWN, "from the future");
    rows_answer(scene.follower, "heartbeat", 2, 1, little); /* of the look that is under way */
    expect(&scene, WORD_PASS, "0.0 s behind");
    tear_down(&scene);
}

Test(word_replication, old_errors_are_not_known_to_be_over_at_the_first_look)
{
    static const char *const failed[] = { "t", "t", "36", "1", "0" };
    struct look *second = look_new(&following);
    struct scene scene;

    set_up(&scene);
    rows_answer(scene.follower, "subscription", 5, 1, failed);
    expect(&scene, WORD_UNKNOWN, "has failed to apply 37 times");
    rows_facts(second, "2", "green");
    rows_answer(second, "subscription", 5, 1, failed);
    rows_answer(second, "heartbeat", 2, 1, beat);
    look_follow(second, scene.follower, SECOND);
    scene.link.follower_look = second;
    expect(&scene, WORD_PASS, "0.0 s behind");
    look_free(second);
    tear_down(&scene);
}

Test(word_replication, the_publisher_is_where_traffic_is)
{
    struct scene scene;

    set_up(&scene);
    scene.link.source = "blue";
    expect(&scene, WORD_PASS, "behind");
    scene.link.source = "green";
    expect(&scene, WORD_PASS, "behind");
    scene.link.source = "red";
    expect(&scene, WORD_UNKNOWN, "traffic is with database red");
    tear_down(&scene);
}
