/* What db plan says of migrations, and what of it stops a switch. */
#include <criterion/criterion.h>
#include <string.h>

#include "deploy/migration_report_priv.h"

static char shop[] = "shop";
static char blue[] = "blue";
static char green[] = "green";
static char older[] = "v1.0";
static char newer[] = "v1.1";
static struct config_slot slots[] = {
    { .name = blue, .version = older },
    { .name = green, .version = newer },
};
static struct config_service service = {
    .name = shop,
    .slots = slots,
    .slot_count = 2,
    .schema = { .lint_max_level = CONFIG_LINT_MEDIUM },
};

static struct word_finding judge(const char *text)
{
    struct migration_report *report = NULL;
    struct word_finding finding = { 0 };
    char words[200] = "";

    cr_assert_eq(migration_report_parse(slice_from(text), &report, words, sizeof words), 0, "%s",
                 words);
    migration_report_judge(report, &service, "main", &finding);
    migration_report_free(report);
    cr_assert(finding.is_asked);
    return finding;
}

static void expect(const char *text, enum word_answer answer, const char *words, const char *remedy)
{
    struct word_finding finding = judge(text);

    cr_expect_eq(finding.answer, answer, "%s", finding.words);
    cr_expect(strstr(finding.words, words) != NULL, "%s", finding.words);
    cr_expect(strstr(finding.remedy, remedy) != NULL, "%s", finding.remedy);
}

#define PENDING(name, class, level, more)                                                          \
    "{\"path\":\"/m/" name                                                                         \
    "\",\"state\":\"pending\",\"words\":\"\",\"class\":\"" class "\",\"level\":\"" level "\"" more \
                                                                 "}"
#define WORST                                                                                      \
    ",\"contract_after\":\"\",\"worst\":{\"rule\":\"rename-column\",\"line\":4,\"message\":\"gone" \
    "\",\"instead\":\"add one\\nwrite both\"}"

Test(migration_report, what_passes)
{
    expect("{\"files\":[]}", WORD_PASS, "has all of its migrations", "");
    expect("{\"files\":[{\"path\":\"V1__a.sql\",\"state\":\"applied\"},"
           "{\"path\":\"U1__a.sql\",\"state\":\"ignored\"}]}",
           WORD_PASS, "has all of its migrations", "");
    expect("{\"files\":[" PENDING("V2__b.sql", "blocks-writes", "medium", "") "]}", WORD_PASS,
           "1 migrations of database main are pending, none above medium", "");
}

Test(migration_report, what_stops)
{
    expect("{\"files\":[" PENDING("V2__b.sql", "breaks-rollback", "low", WORST) "]}", WORD_FAIL,
           "V2__b.sql:4: breaks-rollback, low, rename-column: gone", "instead: add one");
    expect("{\"files\":[" PENDING("V2__b.sql", "caution", "high", "") "]}", WORD_FAIL,
           "high where at most medium is allowed", "db plan");
    expect("{\"files\":[" PENDING("7_x/migration.sql", "invalid", "high", WORST) "]}", WORD_FAIL,
           "7_x/migration.sql:4: invalid", "instead");
    expect("{\"files\":[{\"path\":\"V1__a.sql\",\"state\":\"changed\",\"words\":\"it was ab\"}]}",
           WORD_FAIL, "V1__a.sql: changed: it was ab", "put the history in order");
    expect("{\"files\":[" PENDING("V2__b.sql", "breaks-rollback", "low",
                                  WORST) "," PENDING("V3__c.sql", "caution", "critical", "") "]}",
           WORD_FAIL, "; and 1 more", "");
}

Test(migration_report, a_contraction_waits_for_every_slot)
{
    expect(
        "{\"files\":[" PENDING("V3__c.sql", "caution", "low", ",\"contract_after\":\"v1.1\"") "]}",
        WORD_FAIL, "is for when every slot runs v1.1, blue runs v1.0", "newer release");
    expect(
        "{\"files\":[" PENDING("V3__c.sql", "caution", "low", ",\"contract_after\":\"v1.0\"") "]}",
        WORD_PASS, "1 migrations", "");
}

Test(migration_report, what_is_not_understood)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"files\":{}}",
        "{\"files\":[{\"path\":\"a\"}]}",
        "{\"files\":[{\"path\":\"a\",\"state\":\"pending\",\"class\":\"caution\"}]}",
        "{\"files\":[{\"path\":\"a\",\"state\":\"pending\",\"class\":\"caution\",\"level\":\"x\"}]}"
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct migration_report *report = NULL;
        char words[200] = "";

        cr_expect_neq(migration_report_parse(slice_from(bad[i]), &report, words, sizeof words), 0,
                      "%s", bad[i]);
        cr_expect(strstr(words, "is not understood") != NULL, "%s", words);
    }
}
