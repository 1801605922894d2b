/*
 * Who is the candidate's: golden values (installed systems have told their users by them), and the promises about
 * shares over many users.
 */
#include "route/split.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum { USERS = 100000 };

/* The least share that takes the user. */
struct golden {
    uint64_t salt;
    struct slice key;
    uint32_t share;
};

static const struct golden goldens[] = {
    { 0x0000000000000000u, { "", 0 }, 8814 },
    { 0x0000000000000000u, { "a", 1 }, 2772 },
    { 0x0000000000000001u, { "a", 1 }, 6276 },
    { 0x0123456789abcdefu, { "user-1", 6 }, 4187 },
    { 0x0123456789abcdefu, { "user-2", 6 }, 9844 },
    { 0xffffffffffffffffu, { "acme-corporation.example", 24 }, 6576 },
    { 0x000000000000002au, { "\xc0\x00\x02\x07", 4 }, 2402 },
    { 0x0000000000000007u, { "00112233445566ff", 16 }, 1824 },
};

static uint32_t find_least(uint64_t salt, struct slice key)
{
    uint32_t low = 1;
    uint32_t high = SPLIT_WHOLE;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (split_takes(salt, key, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

Test(split, never_changes)
{
    for (size_t i = 0; i < COUNT(goldens); i++)
        cr_expect_eq(find_least(goldens[i].salt, goldens[i].key), goldens[i].share,
                     "case %zu: %" PRIu32, i, find_least(goldens[i].salt, goldens[i].key));
}

static struct slice name_user(unsigned number, char name[32])
{
    return slice_of(name, (size_t)snprintf(name, 32, "user-%u", number));
}

Test(split, takes_nobody_and_everybody)
{
    for (unsigned i = 0; i < USERS; i++) {
        char name[32];
        struct slice key = name_user(i, name);

        cr_assert_not(split_takes(i, key, 0));
        cr_assert(split_takes(i, key, SPLIT_WHOLE));
    }
    cr_expect_not(split_takes(1, slice_of(NULL, 0), 0));
    cr_expect(split_takes(1, slice_of(NULL, 0), SPLIT_WHOLE));
}

/* Within three standard deviations of a binomial draw. The draw is fixed: of many salts one in 400 lies outside. */
Test(split, takes_its_share)
{
    static const uint32_t shares[] = { 1, 10, 100, 500, 2500, 5000, 9900, 9999 };

    for (size_t i = 0; i < COUNT(shares); i++) {
        double p = (double)shares[i] / SPLIT_WHOLE;
        double sigma = sqrt(USERS * p * (1 - p));

        for (uint64_t salt = 11; salt <= 14; salt++) {
            unsigned taken = 0;

            for (unsigned user = 0; user < USERS; user++) {
                char name[32];

                taken += split_takes(salt, name_user(user, name), shares[i]);
            }
            cr_expect_lt(fabs(taken - USERS * p), 3 * sigma, "share %u salt %u: %u", shares[i],
                         (unsigned)salt, taken);
        }
    }
}

Test(split, grows_by_addition_only)
{
    for (unsigned user = 0; user < 2000; user++) {
        char name[32];
        struct slice key = name_user(user, name);
        bool was_taken = false;

        for (uint32_t share = 0; share <= SPLIT_WHOLE; share += 7) {
            bool is_taken = split_takes(99, key, share);

            cr_assert(is_taken || !was_taken, "user %u left at %u", user, share);
            was_taken = is_taken;
        }
    }
}

/* Another rollout draws anew: of two quarters about a sixteenth is common. */
Test(split, draws_anew_for_another_salt)
{
    unsigned both = 0;

    for (unsigned user = 0; user < USERS; user++) {
        char name[32];
        struct slice key = name_user(user, name);

        both += split_takes(1, key, 2500) && split_takes(2, key, 2500);
    }
    cr_expect_lt(fabs(both - USERS / 16.0), 3 * sqrt(USERS * 15.0 / 256));
}
