/* Files as lines behind a command: src/ctl/payload.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "ctl/payload.h"

Test(payload, keeps_lines_and_their_numbers)
{
    static const struct {
        const char *file;
        const char *lines;
    } cases[] = {
        { "", "\n" },
        { "a b\n", "a b\n\n" },
        { "a b", "a b\n\n" },
        { "a b\nc d\n", "a b\nc d\n\n" },
        { "\na b\n\n\nc d\n\n", "#\na b\n#\n#\nc d\n#\n\n" },
        { "\r\na b\r\n\r\n", "#\na b\r\n#\n\n" },
        { "\ra b\n", "\ra b\n\n" },
        { "\r\ra\n", "\r\ra\n\n" },
        { "\r", "#\n\n" },
        { "# x\n \n", "# x\n \n\n" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = strlen(cases[i].file);

        for (size_t cut = 0; cut <= len; cut++) { /* in two pieces, wherever they part */
            struct payload payload = { .is_inside = false };
            struct text out;

            text_init(&out, 1 << 16);
            payload_add(&payload, slice_of(cases[i].file, cut), &out);
            payload_add(&payload, slice_of(cases[i].file + cut, len - cut), &out);
            payload_end(&payload, &out);
            cr_expect_str_eq(out.bytes, cases[i].lines, "case %zu cut at %zu", i, cut);
            text_fini(&out);
        }
    }
}
