/* Shares, points, ratios and numbers: what is taken, and that a dump gives it back. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "config/option_decimal_priv.h"

static const struct {
    enum option_kind kind;
    const char *text;
    int err;
    uint64_t millionths;
    const char *again;
} cases[] = {
    { KIND_SHARE, "5%", ERR_OK, 50000, "\"5%\"" },
    { KIND_SHARE, "0%", ERR_OK, 0, "\"0%\"" },
    { KIND_SHARE, "off", ERR_OK, 0, "\"0%\"" },
    { KIND_SHARE, "0.25%", ERR_OK, 2500, "\"0.25%\"" },
    { KIND_SHARE, "0.0001%", ERR_OK, 1, "\"0.0001%\"" },
    { KIND_SHARE, "1.50%", ERR_OK, 15000, "\"1.5%\"" },
    { KIND_SHARE, "1.50000000%", ERR_OK, 15000, "\"1.5%\"" },
    { KIND_SHARE, "0.00001%", ERR_RANGE, 0, "" },
    { KIND_SHARE, "5", ERR_INVALID, 0, "" },
    { KIND_SHARE, "%", ERR_INVALID, 0, "" },
    { KIND_SHARE, "-5%", ERR_INVALID, 0, "" },
    { KIND_SHARE, ".5%", ERR_INVALID, 0, "" },
    { KIND_SHARE, "5.%", ERR_INVALID, 0, "" },
    { KIND_SHARE, "1.2.3%", ERR_INVALID, 0, "" },
    { KIND_SHARE, "", ERR_INVALID, 0, "" },
    { KIND_SHARE, "99999999999999999999%", ERR_RANGE, 0, "" },
    { KIND_POINTS, "1pp", ERR_OK, 10000, "\"1pp\"" },
    { KIND_POINTS, "0.05pp", ERR_OK, 500, "\"0.05pp\"" },
    { KIND_POINTS, "1%", ERR_INVALID, 0, "" },
    { KIND_RATIO, "x1.5", ERR_OK, 1500000, "\"x1.5\"" },
    { KIND_RATIO, "x2", ERR_OK, 2000000, "\"x2\"" },
    { KIND_RATIO, "1.5", ERR_INVALID, 0, "" },
    { KIND_RATIO, "x", ERR_INVALID, 0, "" },
    { KIND_NUMBER, "0.001", ERR_OK, 1000, "0.001" },
    { KIND_NUMBER, "4.6", ERR_OK, 4600000, "4.6" },
    { KIND_NUMBER, "0.000001", ERR_OK, 1, "0.000001" },
    { KIND_NUMBER, "0.0000001", ERR_RANGE, 0, "" },
    { KIND_NUMBER, "1e3", ERR_INVALID, 0, "" },
};

Test(option_decimal, is_read_and_given_back)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t value = 7;
        struct text out;

        text_init(&out, 100);
        cr_expect_eq(option_decimal_parse(cases[i].kind, slice_from(cases[i].text), &value),
                     cases[i].err, "%s", cases[i].text);
        cr_expect_eq(value, cases[i].err == ERR_OK ? cases[i].millionths : 7, "%s: %llu",
                     cases[i].text, (unsigned long long)value);
        if (cases[i].err == ERR_OK) {
            option_decimal_format(cases[i].kind, value, &out);
            cr_expect_str_eq(out.bytes, cases[i].again);
        }
        text_fini(&out);
    }
}
