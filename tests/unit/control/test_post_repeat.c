/* Equal alerts are told as one. src/control/post_repeat.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/post_repeat_priv.h"

enum { WINDOW = 1000 };

static bool offer(struct post_repeat *repeat, const char *key, uint64_t now, const char *id)
{
    return post_repeat_offer(repeat, &(struct post_offer){ key, id, slice_from(id) }, now, WINDOW);
}

static void expect_due(struct post_repeat *repeat, uint64_t now, const char *id, const char *json,
                       uint64_t count)
{
    struct post_repeated out;

    cr_assert(post_repeat_due(repeat, now, &out), "nothing is due at %llu",
              (unsigned long long)now);
    cr_expect_str_eq(out.id, id);
    cr_expect_str_eq(out.json, json);
    cr_expect_eq(out.count, count);
    free(out.json);
}

Test(post_repeat, the_first_goes_on_and_the_others_as_one)
{
    struct post_repeat *repeat = post_repeat_new();
    struct post_repeated out;

    cr_expect(offer(repeat, "a", 0, "1"));
    cr_expect_not(offer(repeat, "a", 1, "2"));
    cr_expect(offer(repeat, "b", 1, "3"), "another key");
    cr_expect_not(offer(repeat, "a", 2, "4"));
    cr_expect_eq(post_repeat_next_us(repeat), WINDOW);
    cr_expect_not(post_repeat_due(repeat, WINDOW - 1, &out));
    expect_due(repeat, WINDOW, "2", "4", 2);
    cr_expect_not(post_repeat_due(repeat, WINDOW, &out));
    cr_expect_not(offer(repeat, "a", WINDOW + 1, "5"), "the time has begun anew");
    expect_due(repeat, 2 * WINDOW, "5", "5", 1);
    cr_expect_not(post_repeat_due(repeat, 3 * WINDOW, &out));
    cr_expect(offer(repeat, "a", 3 * WINDOW, "6"));
    cr_expect_eq(post_repeat_next_us(repeat), UINT64_MAX);
    post_repeat_free(repeat);
}

Test(post_repeat, what_has_no_key_or_no_window_goes_on)
{
    struct post_repeat *repeat = post_repeat_new();

    cr_expect(offer(repeat, "", 0, "1") && offer(repeat, "", 0, "2"));
    cr_expect(post_repeat_offer(repeat, &(struct post_offer){ "a", "1", SLICE("1") }, 0, 0));
    cr_expect(post_repeat_offer(repeat, &(struct post_offer){ "a", "2", SLICE("2") }, 0, 0));
    post_repeat_free(repeat);
}

Test(post_repeat, a_full_table_holds_nothing_back_and_forgets_at_the_end)
{
    struct post_repeat *repeat = post_repeat_new();
    struct post_repeated out;
    char key[32];
    unsigned flushed = 0;

    for (unsigned i = 0; i < POST_REPEAT_KEYS; i++) {
        snprintf(key, sizeof key, "%u", i);
        cr_expect(offer(repeat, key, 0, "x"));
        cr_expect_not(offer(repeat, key, 0, "x"));
    }
    cr_expect(offer(repeat, "more", 0, "x") && offer(repeat, "more", 0, "x"));
    while (post_repeat_flush(repeat, &out)) {
        free(out.json);
        flushed++;
    }
    cr_expect_eq(flushed, POST_REPEAT_KEYS);
    post_repeat_free(repeat);
}
