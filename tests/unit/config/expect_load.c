/* See expect_load.h. */
#include "expect_load.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "config/config.h"
#include "config/loader.h"
#include "config/report.h"

#define REPORT_MAX (1u << 20)

static struct config *load(const char *text, char **words)
{
    struct report report;
    struct config *config = NULL;
    struct text out;
    int err = ERR_OK;

    report_init(&report);
    text_init(&out, REPORT_MAX);
    err = loader_load_text(slice_from(text), "t.conf", &report, &config);
    cr_assert_eq(err, report.error_count > 0 ? ERR_INVALID : ERR_OK);
    cr_assert_eq(config != NULL, err == ERR_OK);
    text_add(&out, "");
    for (size_t i = 0; i < report.count; i++)
        report.entries[i].column = 0;
    report_print(&report, &out);
    *words = out.len > 0 ? text_take(&out) : strdup("");
    text_fini(&out);
    report_fini(&report);
    return config;
}

void expect_cases(const struct load_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *words = NULL;
        struct config *config = load(cases[i].text, &words);

        if (cases[i].says == NULL)
            cr_expect(config != NULL && words[0] == '\0', "case %zu\n%s\nsays: %s", i,
                      cases[i].text, words);
        else
            cr_expect(strstr(words, cases[i].says) != NULL,
                      "case %zu\n%s\nshould say: %s\nbut says: %s", i, cases[i].text, cases[i].says,
                      words);
        if (cases[i].says != NULL && strstr(cases[i].says, "warning: ") == NULL)
            cr_expect(config == NULL, "case %zu loaded in spite of: %s", i, cases[i].says);
        free(words);
        config_free(config);
    }
}

struct config *expect_config(const char *text)
{
    char *words = NULL;
    struct config *config = load(text, &words);

    cr_assert(config != NULL, "%s\nsays: %s", text, words);
    free(words);
    return config;
}

char *expect_report(const char *text)
{
    char *words = NULL;

    config_free(load(text, &words));
    return words;
}
