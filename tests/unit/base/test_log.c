/* Log lines: their form, levels, cutting, and text of strangers. */
#include "base/log.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct heard {
    int lines;
    size_t len;
    char last[4096];
};

static struct heard heard;

static void hear(void *arg, const char *line, size_t len)
{
    struct heard *to = arg;

    to->lines++;
    to->len = len;
    cr_assert_lt(len, sizeof to->last);
    memcpy(to->last, line, len);
    to->last[len] = '\0';
}

static void set_up(void)
{
    log_set_sink(hear, &heard);
}

TestSuite(log, .init = set_up);

/* "2026-01-02T03:04:05.678Z " has 25 bytes. */
Test(log, an_event_is_one_line)
{
    LOG_INFO("switch", "service=%s epoch=%d", "shop", 7);
    cr_expect_eq(heard.lines, 1);
    cr_expect_eq(heard.len, strlen(heard.last));
    cr_expect_eq(heard.last[10], 'T');
    cr_expect_eq(heard.last[23], 'Z');
    cr_expect_str_eq(heard.last + 25, "info switch service=shop epoch=7\n");
}

Test(log, levels_filter)
{
    LOG_DEBUG("quiet", "x=%d", 1);
    cr_expect_eq(heard.lines, 0);
    LOG_WARN("heard", "x=%d", 1);
    cr_expect_eq(heard.lines, 1);
    log_set_level(LOG_LEVEL_ERROR);
    LOG_WARN("quiet", "x=%d", 1);
    cr_expect_eq(heard.lines, 1);
    LOG_ERROR("heard", "x=%d", 1);
    cr_expect_str_eq(heard.last + 25, "error heard x=1\n");
    log_set_level(LOG_LEVEL_DEBUG);
    LOG_DEBUG("heard", "x=%d", 1);
    cr_expect_str_eq(heard.last + 25, "debug heard x=1\n");
    cr_expect_eq(heard.lines, 3);
}

Test(log, a_long_line_is_cut_and_still_a_line)
{
    char text[5000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    LOG_INFO("long", "%s", text);
    cr_expect_eq(heard.lines, 1);
    cr_expect_leq(heard.len, 2048);
    cr_expect_geq(heard.len, 2000);
    cr_expect_eq(heard.last[heard.len - 1], '\n');
    cr_expect_eq(heard.last[heard.len - 2], 'x');
    LOG_ERROR(text, "%d", 1);
    cr_expect_eq(heard.lines, 1, "an event name is never that long");
}

Test(log, parses_levels)
{
    enum log_level level = LOG_LEVEL_ERROR;

    cr_expect(log_parse_level(SLICE("debug"), &level));
    cr_expect_eq(level, LOG_LEVEL_DEBUG);
    cr_expect(log_parse_level(SLICE("error"), &level));
    cr_expect_eq(level, LOG_LEVEL_ERROR);
    cr_expect(log_parse_level(SLICE("warn"), &level));
    cr_expect(log_parse_level(SLICE("info"), &level));
    cr_expect_eq(level, LOG_LEVEL_INFO);
    cr_expect_not(log_parse_level(SLICE("Info"), &level));
    cr_expect_not(log_parse_level(SLICE("inf"), &level));
    cr_expect_not(log_parse_level(SLICE(""), &level));
    cr_expect_eq(level, LOG_LEVEL_INFO);
}

struct row {
    struct slice in;
    const char *out;
};

#define ROW(in, out)                                                                               \
    {                                                                                              \
        { (in), sizeof(in) - 1 }, out                                                              \
    }

static const struct row rows[] = {
    ROW("", ""),
    ROW("GET /a?b=c", "GET /a?b=c"),
    ROW("a\"b\\c", "a\\x22b\\x5cc"),
    ROW("x\r\ny\0", "x\\x0d\\x0ay\\x00"),
    ROW("\x1b[31m\x7f\x80\xff", "\\x1b[31m\\x7f\\x80\\xff"),
};

Test(log, text_of_strangers_is_escaped)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[100];

        cr_expect_eq(log_text(rows[i].in, out, sizeof out), out);
        cr_expect_str_eq(out, rows[i].out);
    }
}

Test(log, text_of_strangers_is_cut)
{
    for (size_t capacity = 1; capacity < 40; capacity++) {
        char out[41];

        memset(out, '#', sizeof out);
        log_text(SLICE("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a"), out, capacity);
        cr_expect_lt(strnlen(out, sizeof out), capacity);
        cr_expect_eq(strlen(out) % 4, 0, "no half escape: %s", out);
        cr_expect_eq(out[capacity], '#');
    }
}
