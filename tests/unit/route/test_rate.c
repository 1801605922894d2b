/* Limits per client against a simple model, at their bounds, and when the table is full. */
#include "route/rate.h"

#include <criterion/criterion.h>
#include <netinet/in.h>

#include "base/hash.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum { CLIENTS = 40, STEPS = 100000 };

static struct address client_of(const char *text)
{
    struct address address;

    cr_assert_eq(address_parse(slice_from(text), &address), 0, "%s", text);
    return address;
}

static struct address number_client(unsigned number)
{
    struct address address = client_of("10.0.0.0:1");

    address.sa.in.sin_addr.s_addr = htonl(0x0a000000u + number);
    return address;
}

Test(rate, lets_a_burst_pass_and_then_the_rate)
{
    struct rate *rate = rate_new(100);
    struct address client = client_of("192.0.2.1:1000");
    uint64_t now_us = 1000000;

    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(rate_take(rate, &client, 10, 5, now_us), 0);
    cr_assert_eq(rate_take(rate, &client, 10, 5, now_us), 100000);
    cr_assert_eq(rate_take(rate, &client, 10, 5, now_us + 99999), 1);
    cr_assert_eq(rate_take(rate, &client, 10, 5, now_us + 100000), 0);
    cr_assert_neq(rate_take(rate, &client, 10, 5, now_us + 100000), 0);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(rate_take(rate, &client, 10, 5, now_us + 10000000), 0);
    cr_assert_neq(rate_take(rate, &client, 10, 5, now_us + 10000000), 0);
    rate_free(rate);
    rate_free(NULL);
}

Test(rate, takes_no_burst_for_one)
{
    struct rate *rate = rate_new(1);
    struct address client = client_of("192.0.2.1:1000");

    cr_assert_eq(rate_take(rate, &client, 1, 0, 5), 0);
    cr_assert_eq(rate_take(rate, &client, 1, 0, 5), 1000000);
    rate_free(rate);
}

/* The next may pass exactly when it was told to come again, whatever the numbers. */
Test(rate, tells_when_to_come_again)
{
    static const uint32_t rates[] = { 1, 3, 7, 100, 999, 65536, 1000000, UINT32_MAX };
    static const uint32_t bursts[] = { 1, 2, 50, UINT32_MAX };

    for (size_t i = 0; i < COUNT(rates) * COUNT(bursts); i++) {
        uint32_t per_second = rates[i / COUNT(bursts)];
        uint32_t burst = bursts[i % COUNT(bursts)];
        struct rate *rate = rate_new(1);
        struct address client = client_of("192.0.2.1:1");
        uint64_t now_us = 77;

        for (unsigned n = 0; n < 300; n++) {
            uint64_t retry_us = rate_take(rate, &client, per_second, burst, now_us);

            if (retry_us == 0)
                continue;
            cr_assert_geq(n, burst, "%u/s, %u", per_second, burst);
            if (retry_us > 1)
                cr_assert_neq(rate_take(rate, &client, per_second, burst, now_us + retry_us - 1),
                              0);
            now_us += retry_us;
            cr_assert_eq(rate_take(rate, &client, per_second, burst, now_us), 0, "%u/s, %u",
                         per_second, burst);
        }
        rate_free(rate);
    }
}

/* A token bucket in whole microseconds: tokens grow by per_second in a second, up to burst. */
struct bucket {
    double tokens;
    uint64_t at_us;
};

Test(rate, agrees_with_a_token_bucket)
{
    static struct bucket buckets[CLIENTS];
    struct rate *rate = rate_new(1000);
    uint64_t random = 7;
    uint64_t now_us = 1000000;
    unsigned refused = 0;

    for (unsigned i = 0; i < CLIENTS; i++)
        buckets[i] = (struct bucket){ .tokens = 8, .at_us = now_us };
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t drawn = hash_random(&random) >> 16;
        struct bucket *bucket = &buckets[drawn % CLIENTS];
        struct address client = number_client((unsigned)(drawn % CLIENTS));
        bool is_taken = false;

        now_us += drawn / CLIENTS % 5000;
        bucket->tokens += (double)(now_us - bucket->at_us) * 8 / 1000000;
        bucket->tokens = bucket->tokens < 8 ? bucket->tokens : 8;
        bucket->at_us = now_us;
        is_taken = rate_take(rate, &client, 8, 8, now_us) == 0;
        if (bucket->tokens > 1.0001)
            cr_assert(is_taken, "step %u", step);
        if (bucket->tokens < 0.9999)
            cr_assert_not(is_taken, "step %u", step);
        bucket->tokens -= is_taken;
        refused += !is_taken;
    }
    cr_assert(refused > STEPS / 100 && refused < STEPS / 2, "%u", refused);
    rate_free(rate);
}

struct pair {
    const char *a;
    const char *b;
    bool is_same; /* client */
};

static const struct pair pairs[] = {
    { "192.0.2.1:1", "192.0.2.1:2", true },
    { "192.0.2.1:1", "192.0.2.2:1", false },
    { "192.0.2.1:1", "[::ffff:192.0.2.1]:1", true },
    { "[2001:db8::1]:1", "[2001:db8::ffff:ffff:ffff:ffff]:1", true },
    { "[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false },
    { "[::1]:1", "[::2]:1", true },
    { "[::1]:1", "192.0.2.1:1", false },
    { "[::1]:1", "0.0.0.0:1", false },
};

Test(rate, knows_a_client_by_its_address_or_net)
{
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct rate *rate = rate_new(1);
        struct address a = client_of(pairs[i].a);
        struct address b = client_of(pairs[i].b);

        cr_expect_eq(rate_take(rate, &a, 1, 1, 100), 0);
        cr_expect_eq(rate_take(rate, &b, 1, 1, 100) == 0, !pairs[i].is_same, "%s and %s",
                     pairs[i].a, pairs[i].b);
        cr_expect(rate_connect(rate, &a, 1));
        cr_expect_eq(rate_connect(rate, &b, 1), !pairs[i].is_same, "%s and %s", pairs[i].a,
                     pairs[i].b);
        rate_free(rate);
    }
}

Test(rate, does_not_count_local_clients)
{
    struct rate *rate = rate_new(1);
    struct address local = client_of("unix:/run/x.sock");
    struct address none = { .len = 0 };

    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(rate_take(rate, &local, 1, 1, 100), 0);
        cr_assert(rate_connect(rate, &local, 1));
        cr_assert_eq(rate_take(rate, &none, 1, 1, 100), 0);
        cr_assert(rate_connect(rate, &none, 1));
    }
    rate_disconnect(rate, &local);
    rate_disconnect(rate, &none);
    rate_free(rate);
}

Test(rate, limits_nothing_where_no_limit_is_set)
{
    struct rate *rate = rate_new(1);
    struct address client = client_of("192.0.2.1:1");

    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(rate_take(rate, &client, 0, 0, 100), 0);
        cr_assert(rate_connect(rate, &client, 0));
    }
    cr_assert(rate_connect(rate, &client, 1));
    rate_free(rate);
}

/* What was taken under a slow rate does not lock a client out once the rate is a faster one. */
Test(rate, forgets_a_time_that_wider_limits_never_allow)
{
    struct rate *rate = rate_new(1);
    struct address client = client_of("192.0.2.1:1");

    for (unsigned i = 0; i < 60; i++)
        cr_assert_eq(rate_take(rate, &client, 1, 60, 1000), 0);
    cr_assert_neq(rate_take(rate, &client, 1, 60, 1000), 0);
    cr_assert_eq(rate_take(rate, &client, 100, 10, 1000), 0);
    rate_free(rate);
}

Test(rate, counts_connections)
{
    struct rate *rate = rate_new(64);
    struct address a = client_of("192.0.2.1:1");
    struct address b = client_of("192.0.2.2:1");

    cr_assert(rate_connect(rate, &a, 2));
    cr_assert(rate_connect(rate, &a, 2));
    cr_assert_not(rate_connect(rate, &a, 2));
    cr_assert(rate_connect(rate, &b, 2));
    rate_disconnect(rate, &a);
    cr_assert(rate_connect(rate, &a, 2));
    cr_assert_not(rate_connect(rate, &a, 2));
    for (unsigned i = 0; i < 5; i++)
        rate_disconnect(rate, &a); /* more than there are: nothing goes below zero */
    cr_assert(rate_connect(rate, &a, 1));
    cr_assert_not(rate_connect(rate, &a, 1));
    rate_free(rate);
}

/* Many more clients than places, all of them active: nobody is refused who has done nothing. */
Test(rate, is_kind_when_it_is_full)
{
    struct rate *rate = rate_new(1);

    for (unsigned i = 0; i < 100000; i++) {
        struct address client = number_client(i);

        cr_assert_eq(rate_take(rate, &client, 1, 1, 1000 + i), 0, "client %u", i);
        cr_assert(rate_connect(rate, &client, 1), "client %u", i);
    }
    for (unsigned i = 99990; i < 100000; i++) {
        struct address client = number_client(i);

        rate_disconnect(rate, &client);
    }
    rate_free(rate);
}

/* Clients that were gone for a while are the ones whose places are taken first. */
Test(rate, gives_up_the_oldest)
{
    struct rate *rate = rate_new(1);
    struct address busy = number_client(1);
    unsigned passed = 0;

    for (unsigned i = 0; i < 20000; i++) {
        struct address other = number_client(1000 + i);

        passed += rate_take(rate, &busy, 1, 1, 1000 + i) == 0;
        cr_assert_eq(rate_take(rate, &other, 1000000, 1, 1000 + i), 0);
    }
    cr_assert_eq(passed, 1);
    rate_free(rate);
}
