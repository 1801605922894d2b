/* Shares as people write them: src/control/share.c. */
#include <criterion/criterion.h>

#include "base/err.h"
#include "control/share_priv.h"

Test(share, is_parsed)
{
    static const struct {
        const char *text;
        int err;
        uint32_t share;
    } cases[] = {
        { "5%", 0, 500 },
        { "5", 0, 500 },
        { "0.01%", 0, 1 },
        { "0.1", 0, 10 },
        { "12.34%", 0, 1234 },
        { "0", 0, 0 },
        { "0.00%", 0, 0 },
        { "100%", 0, 10000 },
        { "100.00", 0, 10000 },
        { "007%", 0, 700 },
        { "100.01%", ERR_RANGE, 0 },
        { "101", ERR_RANGE, 0 },
        { "0.001%", ERR_RANGE, 0 },
        { "5.000", ERR_RANGE, 0 },
        { "99999999999999999999999", ERR_RANGE, 0 },
        { "18446744073709551616", ERR_RANGE, 0 },
        { "184467440737095517", ERR_RANGE, 0 },
        { "1.99999999999999999999999", ERR_RANGE, 0 },
        { "", ERR_INVALID, 0 },
        { "%", ERR_INVALID, 0 },
        { ".5", ERR_INVALID, 0 },
        { "5.", ERR_INVALID, 0 },
        { "5.%", ERR_INVALID, 0 },
        { "-5", ERR_INVALID, 0 },
        { "+5", ERR_INVALID, 0 },
        { "5 %", ERR_INVALID, 0 },
        { "5%%", ERR_INVALID, 0 },
        { "1.2.3", ERR_INVALID, 0 },
        { "1.-2", ERR_INVALID, 0 },
        { "5.xxxxxxxxxxxxxxxxxxxxxxxxxxx", ERR_INVALID, 0 },
        { "x.5", ERR_INVALID, 0 },
        { "1e2", ERR_INVALID, 0 },
        { "5pp", ERR_INVALID, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t share = 77;

        cr_expect_eq(share_parse(cases[i].text, &share), cases[i].err, "%s", cases[i].text);
        cr_expect_eq(share, cases[i].err == 0 ? cases[i].share : 77, "%s", cases[i].text);
    }
}

Test(share, is_shown_with_two_decimals)
{
    char text[SHARE_TEXT_SIZE];

    share_format(0, text);
    cr_expect_str_eq(text, "0.00%");
    share_format(1, text);
    cr_expect_str_eq(text, "0.01%");
    share_format(1230, text);
    cr_expect_str_eq(text, "12.30%");
    share_format(10000, text);
    cr_expect_str_eq(text, "100.00%");
}
