/* What a probe sends and expects, and when two ways of asking are the same. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "health/probe_spec_priv.h"

static struct target *make_target(const char *name)
{
    struct address address;

    cr_assert_eq(address_parse(slice_from(name), &address), 0);
    return target_new(NULL, name, &address, 1);
}

static void check_request(const struct probe_spec *spec, const char *name, const char *want)
{
    struct target *target = make_target(name);
    struct probe_spec *copy = probe_spec_copy(spec);
    struct text text;

    text_init(&text, 4096);
    probe_spec_write_request(copy, target, &text);
    cr_assert_str_eq(text.bytes, want);
    text_fini(&text);
    probe_spec_free(copy);
    target_free(target);
}

Test(probe_spec, writes_a_plain_request)
{
    check_request(&(struct probe_spec){ 0 }, "127.0.0.1:5000",
                  "GET / HTTP/1.1\r\nHost: 127.0.0.1:5000\r\nUser-Agent: switchyard-health\r\n"
                  "Connection: close\r\n\r\n");
    check_request(&(struct probe_spec){ 0 }, "unix:/run/a.sock",
                  "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: switchyard-health\r\n"
                  "Connection: close\r\n\r\n");
}

Test(probe_spec, writes_what_the_operator_wants)
{
    const char *headers[] = { "X-Probe: 1", "user-agent: mine" };
    struct probe_spec spec = {
        .method = "POST",
        .path = "/health?deep",
        .host = "shop.example",
        .header_count = 2,
        .headers = headers,
    };

    check_request(&spec, "127.0.0.1:5000",
                  "POST /health?deep HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n"
                  "X-Probe: 1\r\nuser-agent: mine\r\nConnection: close\r\n\r\n");
    headers[0] = "HOST: other.example";
    spec.method = "OPTIONS";
    check_request(&spec, "127.0.0.1:5000",
                  "OPTIONS /health?deep HTTP/1.1\r\nHOST: other.example\r\nuser-agent: mine\r\n"
                  "Connection: close\r\n\r\n");
}

Test(probe_spec, fills_in_the_defaults)
{
    struct probe_spec *copy = probe_spec_copy(&(struct probe_spec){ .jitter = 500 });

    cr_assert_eq(copy->interval_us, 2000000);
    cr_assert_eq(copy->timeout_us, 1000000);
    cr_assert_eq(copy->rise, 2);
    cr_assert_eq(copy->fall, 3);
    cr_assert_eq(copy->jitter, 100);
    cr_assert(probe_spec_expects(copy, 200));
    cr_assert(probe_spec_expects(copy, 299));
    cr_assert_not(probe_spec_expects(copy, 199));
    cr_assert_not(probe_spec_expects(copy, 300));
    probe_spec_free(copy);
}

Test(probe_spec, says_which_statuses)
{
    struct probe_range ranges[] = { { 200, 299 }, { 304, 304 }, { 400, 403 }, { 200, 399 } };
    struct probe_spec spec = { .status_count = 4, .statuses = ranges };
    struct text text;

    text_init(&text, 100);
    probe_spec_format_statuses(&spec, &text);
    cr_assert_str_eq(text.bytes, "2xx, 304, 400-403, 200-399");
    text_fini(&text);
}

Test(probe_spec, changes_the_port_only)
{
    struct target *four = make_target("127.0.0.1:5000");
    struct target *six = make_target("[::1]:5000");
    struct target *local = make_target("unix:/run/a");
    struct probe_spec spec = { .port = 9000 };
    struct address address = probe_spec_address(&spec, four);

    cr_assert_eq(address_port(&address), 9000);
    cr_assert_eq(address_port(&four->address), 5000);
    address = probe_spec_address(&spec, six);
    cr_assert_eq(address_port(&address), 9000);
    address = probe_spec_address(&spec, local);
    cr_assert(address_is_equal(&address, &local->address));
    spec.port = 0;
    address = probe_spec_address(&spec, four);
    cr_assert_eq(address_port(&address), 5000);
    target_free(four);
    target_free(six);
    target_free(local);
}

Test(probe_spec, sees_every_difference)
{
    const char *headers_a[] = { "A: 1" };
    const char *headers_b[] = { "A: 2" };
    struct probe_range ranges_a[] = { { 200, 200 } };
    struct probe_range ranges_b[] = { { 200, 201 } };
    struct probe_spec base = { .enabled = true,
                               .header_count = 1,
                               .headers = headers_a,
                               .status_count = 1,
                               .statuses = ranges_a };
    struct probe_spec others[14];
    struct probe_spec *a = probe_spec_copy(&base);
    struct probe_spec *same = probe_spec_copy(&base);
    unsigned count = sizeof others / sizeof *others;

    for (unsigned i = 0; i < count; i++)
        others[i] = base;
    others[0].enabled = false;
    others[1].kind = PROBE_TCP;
    others[2].interval_us = 1;
    others[3].timeout_us = 1;
    others[4].rise = 9;
    others[5].fall = 9;
    others[6].jitter = 9;
    others[7].port = 9;
    others[8].method = "HEAD";
    others[9].path = "/x";
    others[10].host = "h";
    others[11].header_count = 0;
    others[12].headers = headers_b;
    others[13].statuses = ranges_b;
    cr_assert(probe_spec_is_equal(a, same));
    for (unsigned i = 0; i < count; i++) {
        struct probe_spec *b = probe_spec_copy(&others[i]);

        cr_expect_not(probe_spec_is_equal(a, b), "difference %u", i);
        probe_spec_free(b);
    }
    probe_spec_free(a);
    probe_spec_free(same);
}

Test(probe_spec, sees_every_difference_in_what_is_asked_of_answers)
{
    const char *texts_a[] = { "a?" };
    const char *texts_b[] = { "b?" };
    struct probe_range ranges_a[] = { { 503, 503 } };
    struct probe_range ranges_b[] = { { 503, 504 } };
    struct probe_spec base = { .body = { .assertion_count = 1,
                                         .assertions = texts_a,
                                         .rival_count = 1,
                                         .rivals = texts_a,
                                         .database_status_count = 1,
                                         .database_statuses = ranges_a,
                                         .gauge_count = 1,
                                         .gauges = texts_a } };
    struct probe_spec others[16];
    struct probe_spec *a = probe_spec_copy(&base);
    struct probe_spec *same = probe_spec_copy(&base);
    unsigned count = sizeof others / sizeof *others;

    for (unsigned i = 0; i < count; i++)
        others[i] = base;
    others[0].body.assertions = texts_b;
    others[1].body.assertion_count = 0;
    others[2].body.rivals = texts_b;
    others[3].body.gauges = texts_b;
    others[4].body.database_statuses = ranges_b;
    others[5].body.slot = "blue";
    others[6].body.version = "v1";
    others[7].body.timestamp = "t";
    others[8].body.skew_us = 1;
    others[9].body.database = "d";
    others[10].body.database_header = "D";
    others[11].eject.errors = 1;
    others[12].eject.rate = 1;
    others[13].eject.most = 1;
    others[14].eject.time_us = 1;
    others[15].body.database_status_count = 0;
    cr_assert(probe_spec_is_equal(a, same));
    cr_assert_eq(a->eject.time_us, 30000000);
    cr_assert_eq(a->eject.most, 50);
    for (unsigned i = 0; i < count; i++) {
        struct probe_spec *b = probe_spec_copy(&others[i]);

        cr_expect_not(probe_spec_is_equal(a, b), "difference %u", i);
        probe_spec_free(b);
    }
    probe_spec_free(a);
    probe_spec_free(same);
}
