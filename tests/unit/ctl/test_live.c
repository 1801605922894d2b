/* What `switchctl watch` makes of two answers: src/ctl/load_view.c, live.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ctl/live.h"

#define ROW(slot, role, requests, errors, latency)                                                 \
    "{\"service\":\"shop\",\"slot\":\"" slot "\",\"role\":\"" role "\",\"version\":null,"          \
    "\"share\":\"95.00%\",\"targets_up\":1,\"targets\":2,\"requests\":" requests                   \
    ",\"errors\":" errors ",\"in_flight\":3,\"tunnels\":1,\"latency_us\":" latency "}"
#define ANSWER(at, rows)                                                                           \
    "{\"ok\":true,\"code\":0,\"epoch\":7,\"error\":null,\"result\":{\"monotonic_us\":" at          \
    ",\"load\":[" rows "]}}"

static struct load_view before;
static struct load_view after;

static void parse(const char *answer, struct load_view *out)
{
    char words[128] = "";
    int code = 0;

    cr_assert_eq(load_view_parse(slice_from(answer), out, &code, words, sizeof words), 0, "%s",
                 words);
}

static void take(const char *first, const char *second)
{
    parse(first, &before);
    parse(second, &after);
}

static void stop(void)
{
    load_view_free(&before);
    load_view_free(&after);
}

TestSuite(live, .fini = stop);

Test(live, a_second_is_the_difference)
{
    struct load_change change;

    take(ANSWER("1000000", ROW("blue", "live", "100", "5", "[[1000,90],[2000,5]]")),
         ANSWER("3000000", ROW("blue", "live", "300", "9", "[[500,10],[1000,250],[2000,35]]")));
    cr_assert(load_view_change(&before, &after, 0, &change));
    cr_expect_eq(change.requests, 200);
    cr_expect_eq(change.errors, 4);
    cr_expect_float_eq(change.per_second, 100, 1e-9);
    cr_expect_float_eq(change.errors_per_second, 2, 1e-9);
    cr_expect_eq(change.p50_us, 1000);
    cr_expect_eq(change.p99_us, 2000);
}

Test(live, nothing_in_between_has_no_latency)
{
    struct load_change change;

    take(ANSWER("1", ROW("blue", "live", "100", "5", "[[1000,90]]")),
         ANSWER("2", ROW("blue", "live", "100", "5", "[[1000,90]]")));
    cr_assert(load_view_change(&before, &after, 0, &change));
    cr_expect_eq(change.requests, 0);
    cr_expect_eq(change.p50_us, 0);
}

/* A new slot, a daemon that began anew, a clock that stands: nobody knows what happened. */
Test(live, what_cannot_be_compared_is_not)
{
    struct load_change change;

    take(ANSWER("1", ROW("blue", "live", "100", "5", "[]")),
         ANSWER("2",
                ROW("green", "live", "100", "5", "[]") "," ROW("blue", "live", "7", "0", "[]")));
    cr_expect_not(load_view_change(&before, &after, 0, &change));
    cr_expect_not(load_view_change(&before, &after, 1, &change));
    cr_expect_not(load_view_change(&after, &after, 0, &change));
}

Test(live, a_refusal_is_told)
{
    static const char *const bad[] = { "", "{", "[]", "{\"result\":{\"load\":3}}", "null" };
    char words[128];
    int code = 0;

    cr_expect_lt(load_view_parse(SLICE("{\"ok\":false,\"code\":3,\"error\":{\"message\":\"no such "
                                       "thing\"},\"result\":{}}"),
                                 &after, &code, words, sizeof words),
                 0);
    cr_expect_eq(code, 3);
    cr_expect_str_eq(words, "no such thing");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_lt(load_view_parse(slice_from(bad[i]), &after, &code, words, sizeof words), 0);
        cr_expect_eq(code, 1);
    }
}

static struct live usual(void)
{
    take(ANSWER("1000000", ROW("blue", "live", "100", "0",
                               "[[1500,100]]") "," ROW("green", "standby", "0", "0", "[]")),
         ANSWER("2000000", ROW("blue", "live", "150", "1",
                               "[[1500,150]]") "," ROW("green", "standby", "0", "0", "[]")));
    return (struct live){ .before = &before,
                          .after = &after,
                          .stamp = "2026-01-02T03:04:05Z",
                          .rows = 24,
                          .columns = 200 };
}

Test(live, a_line_for_pipes)
{
    struct live live = usual();
    struct text out;

    text_init(&out, 65536);
    live_print(&live, &out);
    cr_expect_str_eq(
        out.bytes,
        "2026-01-02T03:04:05Z shop: blue role=live share=95.00% up=1/2 requests=50 errors=1 "
        "rate=50.0/s p50=1.50ms p99=1.50ms in_flight=3 | green role=standby share=95.00% up=1/2 "
        "requests=0 errors=0 rate=0.0/s p50=- p99=- in_flight=3\n");
    text_clear(&out);
    live_print_json(&live, &out);
    cr_expect_not_null(strstr(out.bytes,
                              "\"requests\":50,\"errors\":1,\"requests_per_second\":50.000,"
                              "\"p50_us\":1500,"));
    cr_expect_eq(strchr(out.bytes, '\n') - out.bytes, (long)out.len - 1);
    text_fini(&out);
}

/* Each line clears its rest, and nothing is cleared before it is written. */
Test(live, a_screen_is_drawn_over)
{
    struct live live = usual();
    struct text out;

    text_init(&out, 65536);
    live_draw(&live, &out);
    cr_expect_eq(strncmp(out.bytes, "\033[H2026", 7), 0);
    cr_expect_null(strstr(out.bytes, "\033[2J"));
    cr_expect_str_eq(out.bytes + out.len - 3, "\033[J");
    cr_expect_null(strstr(out.bytes, "\033[32m"), "colour was not asked for");
    cr_expect_not_null(strstr(out.bytes, "50.0"));
    live.has_color = true;
    live.trouble = "the daemon is away";
    text_clear(&out);
    live_draw(&live, &out);
    cr_expect_not_null(strstr(out.bytes, "\033[31m"));
    cr_expect_not_null(strstr(out.bytes, "the daemon is away"));
    text_fini(&out);
}

static unsigned count_lines(const char *text, size_t *longest)
{
    unsigned count = 0;

    *longest = 0;
    for (const char *end = NULL; (end = strstr(text, "\033[K\r\n")) != NULL; text = end + 5) {
        const char *begin = strncmp(text, "\033[H", 3) == 0 ? text + 3 : text;

        *longest = (size_t)(end - begin) > *longest ? (size_t)(end - begin) : *longest;
        count++;
    }
    return count;
}

Test(live, a_small_window_is_not_overrun)
{
    struct live live = usual();
    size_t longest = 0;
    struct text out;

    text_init(&out, 65536);
    live.columns = 20;
    live.rows = 4;
    live_draw(&live, &out);
    cr_expect_lt(count_lines(out.bytes, &longest), 4);
    cr_expect_leq(longest, 20);
    cr_expect_not_null(strstr(out.bytes, "and 2 slots more"));
    text_fini(&out);
}
