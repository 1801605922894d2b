/* Strict numbers: edges of every range, and everything that is nearly a number. */
#include "base/num.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum { UNTOUCHED = 4711 };

struct row {
    struct slice text;
    uint64_t max;
    int err;
    uint64_t value;
};

#define ROW(text, max, err, value)                                                                 \
    {                                                                                              \
        { (text), sizeof(text) - 1 }, max, err, value                                              \
    }

static void run(const char *what, int (*parse)(struct slice, uint64_t, uint64_t *),
                const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = UNTOUCHED;
        int err = parse(rows[i].text, rows[i].max, &value);

        cr_expect_eq(err, rows[i].err, "%s \"%.*s\": %s", what, SLICE_ARG(rows[i].text),
                     err_name(err));
        cr_expect_eq(value, err == ERR_OK ? rows[i].value : UNTOUCHED, "%s \"%.*s\": %" PRIu64,
                     what, SLICE_ARG(rows[i].text), value);
    }
}

static const struct row decimals[] = {
    ROW("0", 0, ERR_OK, 0),
    ROW("1", 0, ERR_RANGE, 0),
    ROW("007", UINT64_MAX, ERR_OK, 7),
    ROW("65535", 65535, ERR_OK, 65535),
    ROW("65536", 65535, ERR_RANGE, 0),
    ROW("9223372036854775807", INT64_MAX, ERR_OK, INT64_MAX),
    ROW("9223372036854775808", INT64_MAX, ERR_RANGE, 0),
    ROW("18446744073709551615", UINT64_MAX, ERR_OK, UINT64_MAX),
    ROW("18446744073709551616", UINT64_MAX, ERR_RANGE, 0),
    ROW("18446744073709551625", UINT64_MAX, ERR_RANGE, 0),
    ROW("99999999999999999999", UINT64_MAX, ERR_RANGE, 0),
    ROW("184467440737095516150", UINT64_MAX, ERR_RANGE, 0),
    ROW("00000000000000000000000000000001", UINT64_MAX, ERR_OK, 1),
    ROW("", UINT64_MAX, ERR_INVALID, 0),
    ROW("+1", UINT64_MAX, ERR_INVALID, 0),
    ROW("-1", UINT64_MAX, ERR_INVALID, 0),
    ROW(" 1", UINT64_MAX, ERR_INVALID, 0),
    ROW("1 ", UINT64_MAX, ERR_INVALID, 0),
    ROW("1\n", UINT64_MAX, ERR_INVALID, 0),
    ROW("1_0", UINT64_MAX, ERR_INVALID, 0),
    ROW("0x1", UINT64_MAX, ERR_INVALID, 0),
    ROW("1.0", UINT64_MAX, ERR_INVALID, 0),
    ROW("1e3", UINT64_MAX, ERR_INVALID, 0),
    ROW("1\0", UINT64_MAX, ERR_INVALID, 0),
    ROW("\xd9\xa1", UINT64_MAX, ERR_INVALID, 0), /* ARABIC-INDIC DIGIT ONE */
    ROW("99999999999999999999x", UINT64_MAX, ERR_INVALID, 0),
    ROW("/", UINT64_MAX, ERR_INVALID, 0),
    ROW(":", UINT64_MAX, ERR_INVALID, 0),
};

Test(num, parses_decimals)
{
    run("decimal", num_parse_u64, decimals, COUNT(decimals));
}

static const struct row hexes[] = {
    ROW("0", 0, ERR_OK, 0),
    ROW("a", 10, ERR_OK, 10),
    ROW("A", 10, ERR_OK, 10),
    ROW("b", 10, ERR_RANGE, 0),
    ROW("deadBEEF", UINT64_MAX, ERR_OK, 0xdeadbeef),
    ROW("ffffffffffffffff", UINT64_MAX, ERR_OK, UINT64_MAX),
    ROW("7fffffffffffffff", INT64_MAX, ERR_OK, INT64_MAX),
    ROW("8000000000000000", INT64_MAX, ERR_RANGE, 0),
    ROW("0000000000000001", UINT64_MAX, ERR_OK, 1),
    ROW("00000000000000001", UINT64_MAX, ERR_RANGE, 0), /* 17 digits */
    ROW("10000000000000000", UINT64_MAX, ERR_RANGE, 0),
    ROW("", UINT64_MAX, ERR_INVALID, 0),
    ROW("0x1", UINT64_MAX, ERR_INVALID, 0),
    ROW("g", UINT64_MAX, ERR_INVALID, 0),
    ROW("@", UINT64_MAX, ERR_INVALID, 0),
    ROW("`", UINT64_MAX, ERR_INVALID, 0),
    ROW("G", UINT64_MAX, ERR_INVALID, 0),
    ROW("-1", UINT64_MAX, ERR_INVALID, 0),
    ROW("1 ", UINT64_MAX, ERR_INVALID, 0),
    ROW("1\r", UINT64_MAX, ERR_INVALID, 0),
};

Test(num, parses_hex)
{
    run("hex", num_parse_hex, hexes, COUNT(hexes));
}

static int parse_duration(struct slice text, uint64_t max, uint64_t *out)
{
    (void)max;
    return num_parse_duration(text, out);
}

static const struct row durations[] = {
    ROW("0", 0, ERR_OK, 0),
    ROW("0s", 0, ERR_OK, 0),
    ROW("100us", 0, ERR_OK, 100),
    ROW("250ms", 0, ERR_OK, 250000),
    ROW("5s", 0, ERR_OK, 5000000),
    ROW("5S", 0, ERR_OK, 5000000),
    ROW("2m", 0, ERR_OK, 120000000),
    ROW("48h", 0, ERR_OK, 172800000000u),
    ROW("7d", 0, ERR_OK, 604800000000u),
    ROW("9223372036854775807us", 0, ERR_OK, INT64_MAX),
    ROW("9223372036854775808us", 0, ERR_RANGE, 0),
    ROW("9223372036854775807ms", 0, ERR_RANGE, 0),
    ROW("106751991d", 0, ERR_OK, 9223372022400000000u),
    ROW("106751992d", 0, ERR_RANGE, 0),
    ROW("18446744073709551616us", 0, ERR_RANGE, 0),
    ROW("", 0, ERR_INVALID, 0),
    ROW("00", 0, ERR_INVALID, 0), /* a unit is required */
    ROW("5", 0, ERR_INVALID, 0),
    ROW("s", 0, ERR_INVALID, 0),
    ROW("5 s", 0, ERR_INVALID, 0),
    ROW("5s ", 0, ERR_INVALID, 0),
    ROW("5.5s", 0, ERR_INVALID, 0),
    ROW("-5s", 0, ERR_INVALID, 0),
    ROW("5sec", 0, ERR_INVALID, 0),
    ROW("1h30m", 0, ERR_INVALID, 0),
    ROW("5s\0", 0, ERR_INVALID, 0),
};

Test(num, parses_durations)
{
    run("duration", parse_duration, durations, COUNT(durations));
}

static int parse_size(struct slice text, uint64_t max, uint64_t *out)
{
    (void)max;
    return num_parse_size(text, out);
}

static const struct row sizes[] = {
    ROW("0", 0, ERR_OK, 0),
    ROW("100", 0, ERR_OK, 100),
    ROW("32k", 0, ERR_OK, 32768),
    ROW("32K", 0, ERR_OK, 32768),
    ROW("8m", 0, ERR_OK, 8388608),
    ROW("1g", 0, ERR_OK, 1073741824),
    ROW("9223372036854775807", 0, ERR_OK, INT64_MAX),
    ROW("9223372036854775808", 0, ERR_RANGE, 0),
    ROW("8589934591g", 0, ERR_OK, 9223372035781033984u),
    ROW("8589934592g", 0, ERR_RANGE, 0),
    ROW("17179869184g", 0, ERR_RANGE, 0), /* 2^64: the product wraps to 0 */
    ROW("", 0, ERR_INVALID, 0),
    ROW("k", 0, ERR_INVALID, 0),
    ROW("1t", 0, ERR_INVALID, 0),
    ROW("1kb", 0, ERR_INVALID, 0),
    ROW("1 k", 0, ERR_INVALID, 0),
    ROW("0x10", 0, ERR_INVALID, 0),
};

Test(num, parses_sizes)
{
    run("size", parse_size, sizes, COUNT(sizes));
}

static void expect_decimal(uint64_t value)
{
    char out[24];
    char wanted[24];
    size_t len = 0;

    memset(out, '#', sizeof out);
    snprintf(wanted, sizeof wanted, "%" PRIu64, value);
    len = num_format_u64(value, out);
    cr_assert_eq(len, strlen(wanted));
    cr_assert_eq(memcmp(out, wanted, len), 0);
    cr_assert_eq(out[len], '#', "one byte too many for %" PRIu64, value);
}

Test(num, formats_decimals)
{
    uint64_t power = 1;

    expect_decimal(0);
    expect_decimal(UINT64_MAX);
    for (int i = 0; i < 20; i++, power *= 10) {
        expect_decimal(power - 1);
        expect_decimal(power);
    }
}

struct duration_row {
    uint64_t us;
    const char *text;
};

static const struct duration_row duration_rows[] = {
    { 0, "0s" },
    { 1, "1us" },
    { 1000, "1ms" },
    { 1500000, "1500ms" },
    { 120000000, "2m" },
    { 90000000, "90s" },
    { 3600000000, "1h" },
    { 86400000000, "1d" },
    { 172800000000, "2d" },
    { 176400000000, "49h" },
    { 1000001, "1000001us" },
};

Test(num, formats_durations)
{
    char out[32];

    for (size_t i = 0; i < COUNT(duration_rows); i++) {
        num_format_duration(duration_rows[i].us, out);
        cr_expect_str_eq(out, duration_rows[i].text);
    }
}

Test(num, a_formatted_duration_parses_to_itself)
{
    uint64_t random = 42;

    for (int i = 0; i < 20000; i++) {
        uint64_t us = hash_random(&random) >> (1 + i % 63);
        uint64_t back = 0;
        char out[32];

        num_format_duration(us, out);
        cr_assert_eq(num_parse_duration(slice_from(out), &back), ERR_OK, "%s", out);
        cr_assert_eq(back, us, "%s", out);
    }
}
