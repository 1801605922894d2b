/*
 * conf/README.md and man/switchyard.conf.5 are what config/reference.h writes. To renew them after a
 * change of options.def, run this test with SWITCHYARD_WRITE_REFERENCE=1.
 */
#include "config/reference.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/option_table_priv.h"

static void expect_file(const char *path, struct text *want)
{
    struct text have;
    char buffer[4096];
    size_t got = 0;
    FILE *file = NULL;

    cr_assert_not(text_is_cut(want));
    if (getenv("SWITCHYARD_WRITE_REFERENCE") != NULL) {
        file = fopen(path, "w");
        cr_assert(file != NULL);
        cr_assert_eq(fwrite(want->bytes, 1, want->len, file), want->len);
        fclose(file);
    }
    text_init(&have, 1u << 20);
    file = fopen(path, "r");
    cr_assert(file != NULL, "%s", path);
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
        text_add_slice(&have, slice_of(buffer, got));
    fclose(file);
    cr_expect(slice_is_equal(text_slice(&have), text_slice(want)),
              "%s is not what options.def says; run with SWITCHYARD_WRITE_REFERENCE=1", path);
    text_fini(&have);
}

Test(reference, the_page_is_what_the_table_says)
{
    struct text page;

    text_init(&page, 1u << 20);
    reference_markdown(&page);
    expect_file(SOURCE_DIR "/conf/README.md", &page);
    text_fini(&page);
}

Test(reference, the_manual_is_what_the_table_says)
{
    struct text page;

    text_init(&page, 1u << 20);
    reference_man(&page);
    expect_file(SOURCE_DIR "/man/switchyard.conf.5", &page);
    text_fini(&page);
}

Test(reference, names_every_option)
{
    struct text page;

    text_init(&page, 1u << 20);
    reference_markdown(&page);
    for (size_t i = 0; i < option_table_count; i++) {
        char name[64];

        snprintf(name, sizeof name, "\n| `%s` | ", option_table_rows[i].name);
        cr_expect(strstr(page.bytes, name) != NULL, "%s", name);
    }
    text_fini(&page);
}
