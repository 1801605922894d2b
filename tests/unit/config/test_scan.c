/* Files, includes, environment: what config/scan.c does before any block is read. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"
#include "config/config.h"
#include "config/loader.h"
#include "config/report.h"
#include "expect_load.h"

#define COUNT(cases) (sizeof(cases) / sizeof(cases)[0])

static char folder[64];

static void enter_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/sy-scan-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    cr_assert_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

static void write_bytes(const char *path, const char *bytes, size_t count)
{
    FILE *file = fopen(path, "w");

    cr_assert(file != NULL);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

/* Loads a file; says NULL: without a word. */
static void expect_file(const char *path, const char *says)
{
    struct report report;
    struct config *config = NULL;
    struct text out;
    int err = ERR_OK;

    report_init(&report);
    text_init(&out, 100000);
    err = loader_load_file(path, &report, &config);
    for (size_t i = 0; i < report.count; i++)
        report.entries[i].column = 0;
    report_print(&report, &out);
    cr_expect_eq(err, says == NULL ? ERR_OK : ERR_INVALID, "%s", out.len > 0 ? out.bytes : "");
    cr_expect_eq(config == NULL, says != NULL);
    if (says != NULL)
        cr_expect(out.len > 0 && strstr(out.bytes, says) != NULL, "should say: %s\nbut says: %s",
                  says, out.len > 0 ? out.bytes : "");
    text_fini(&out);
    report_fini(&report);
    config_free(config);
}

Test(scan, includes_from_the_folder_of_the_file, .init = enter_folder, .fini = leave_folder)
{
    cr_assert_eq(mkdir("d", 0700), 0);
    write_text("main.conf", LISTENER "include(\"d/a.conf\") workers = 3\n");
    write_text("d/a.conf", "include('b.conf')\n");
    write_text("d/b.conf", SERVICE);
    expect_file("main.conf", NULL);
}

Test(scan, includes_inside_a_block, .init = enter_folder, .fini = leave_folder)
{
    write_text("main.conf", LISTENER "service s { include(\"slots.conf\") }");
    write_text("slots.conf", "slot a { targets = { \"a:1\" } }\nslot b { targets = { \"a:2\" } }");
    expect_file("main.conf", NULL);
}

Test(scan, an_included_file_has_its_own_lines, .init = enter_folder, .fini = leave_folder)
{
    write_text("main.conf", REST "\ninclude(\"a.conf\") wrk = 1\nworkers = x\n");
    write_text("a.conf", "\n\n\nlog { level = loud }\n");
    expect_file("main.conf", "a.conf:4: level: 'loud'");
    expect_file("main.conf", "main.conf:3: unknown 'wrk'");
    expect_file("main.conf", "main.conf:4: workers: 'x'");
}

Test(scan, refuses_include_loops, .init = enter_folder, .fini = leave_folder)
{
    write_text("main.conf", REST "include(\"a.conf\")");
    write_text("a.conf", "\n\ninclude(\"./main.conf\")");
    expect_file("main.conf", "a.conf:3: './main.conf' includes itself");
    write_text("main.conf", REST "include(\"main.conf\")");
    expect_file("main.conf", "main.conf:2: 'main.conf' includes itself");
    write_text("main.conf", REST "include(\"a.conf\")\ninclude(\"a.conf\")"); /* no loop */
    write_text("a.conf", "# nothing\n");
    expect_file("main.conf", NULL);
}

Test(scan, bounds_the_depth_of_includes, .init = enter_folder, .fini = leave_folder)
{
    char name[32];
    char text[64];

    write_text("main.conf", REST "include(\"0.conf\")");
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "%d.conf", i);
        snprintf(text, sizeof text, "include(\"%d.conf\")", i + 1);
        write_text(name, text);
    }
    expect_file("main.conf", "9.conf:1: includes are nested more than 10 deep");
}

Test(scan, says_what_is_wrong_with_an_include, .init = enter_folder, .fini = leave_folder)
{
    write_text("main.conf", REST "\ninclude(\"none.conf\")");
    expect_file("main.conf", "main.conf:3: cannot read 'none.conf': No such file");
    write_text("main.conf", REST "\ninclude(\".\")");
    expect_file("main.conf", "main.conf:3: '.' is a folder");
    write_text("main.conf", REST "include()");
    expect_file("main.conf", "main.conf:2: unknown 'include'");
    write_text("main.conf", REST "workers = include(\"a.conf\")");
    expect_file("main.conf", "main.conf:2: unexpected token '('");
    write_text("main.conf", REST "log {\ninclude(\"a.conf\")");
    write_text("a.conf", "level = info }");
    expect_file("main.conf", "main.conf:3: 'a.conf' opens and closes different numbers of blocks");
}

Test(scan, says_what_is_wrong_with_the_file, .init = enter_folder, .fini = leave_folder)
{
    char *large = malloc(5u << 20);

    expect_file("none.conf", "none.conf: cannot read 'none.conf': No such file");
    expect_file(".", ".: '.' is a folder; name a file in it");
    expect_file("/dev/null", "/dev/null: '/dev/null' is not a regular file");
    write_bytes("zero.conf", "workers = 1\n\nlog\0 {", 19);
    expect_file("zero.conf", "zero.conf:3: a NUL byte; this is not a text file");
    memset(large, '\n', 5u << 20);
    write_bytes("large.conf", large, (4u << 20) + 1);
    expect_file("large.conf", "large.conf: 'large.conf' is too large");
    write_bytes("large.conf", large, 4u << 20);
    expect_file("large.conf", "large.conf: no listener");
    write_text("empty.conf", "");
    expect_file("empty.conf", "empty.conf: no listener");
    free(large);
}

Test(scan, includes_what_fits_a_pattern_in_order, .init = enter_folder, .fini = leave_folder)
{
    cr_assert_eq(mkdir("d", 0700), 0);
    write_text("main.conf", LISTENER "include(\"d/main.conf\")");
    write_text("d/main.conf", "include(\"[ab]?.conf\")\ninclude(\"none*\")");
    write_text("d/b1.conf", "slot x { targets = { \"a:1\" } }\n}");
    write_text("d/a1.conf", "# first\nservice s {");
    write_text("d/.a1.conf", "hidden");
    write_text("d/a12.conf", "too long");
    write_text("d/c1.conf", "no letter");
    expect_file("main.conf", "d/main.conf:1: 'd/a1.conf' opens and closes different numbers");
    write_text("d/a1.conf", "workers = 3");
    write_text("d/b1.conf", "workers = 4\n" SERVICE);
    expect_file("main.conf", "d/b1.conf:1: 'workers' is given twice");
    write_text("d/b1.conf", SERVICE);
    expect_file("main.conf", NULL);
}

Test(scan, says_what_is_wrong_with_a_pattern, .init = enter_folder, .fini = leave_folder)
{
    char name[64];

    cr_assert_eq(mkdir("d", 0700), 0);
    cr_assert_eq(mkdir("d/sub", 0700), 0);
    write_text("main.conf", REST "include(\"d/s*\")");
    expect_file("main.conf", "main.conf:2: 'd/sub' is a folder");
    write_text("main.conf", REST "include(\"*/a.conf\")");
    expect_file("main.conf", "main.conf:2: '*/a.conf' has a wildcard in a folder");
    write_text("main.conf", REST "include(\"none/*.conf\")");
    expect_file("main.conf", "main.conf:2: cannot read the folder of 'none/*.conf': No such file");
    write_text("main.conf", REST "include(\"*.conf\")");
    expect_file("main.conf", "main.conf:2: 'main.conf' includes itself");
    for (unsigned i = 0; i <= 1000; i++) {
        snprintf(name, sizeof name, "d/n%u", i);
        write_text(name, "");
    }
    write_text("main.conf", REST "include(\"d/n*\")");
    expect_file("main.conf", "main.conf:2: more than 1000 files fit 'd/n*'");
    unlink("d/n7");
    expect_file("main.conf", NULL);
}

Test(scan, patterns_count_as_nested_includes, .init = enter_folder, .fini = leave_folder)
{
    char name[32];
    char text[64];

    write_text("main.conf", REST "include(\"0.c*\")");
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "%d.conf", i);
        snprintf(text, sizeof text, "include(\"%d.c*\")", i + 1);
        write_text(name, text);
    }
    expect_file("main.conf", "9.conf:1: includes are nested more than 10 deep");
}

/* A folder may be called like a pattern: only what is written in the include is one. */
Test(scan, a_pattern_starts_from_the_folder_of_the_file, .init = enter_folder, .fini = leave_folder)
{
    cr_assert_eq(mkdir("d[1]*", 0700), 0);
    write_text("d[1]*/main.conf", LISTENER "include(\"*.slots\")");
    write_text("d[1]*/a.slots", SERVICE);
    expect_file("d[1]*/main.conf", NULL);
}

static const struct {
    const char *text;
    unsigned line;
    unsigned column;
} columns[] = {
    { REST "  workers = 4k", 2, 13 },
    { REST "\tworker = 4", 2, 2 },
    { REST "log { level = inf }", 2, 15 },
    { REST "run_dir = \"/a${SY_TEST_UNSET}\"", 2, 14 },
    { REST "run_dir = \"/a\\n\"", 2, 14 },
    { REST "run_dir = \"/a", 2, 11 },
    { REST "run_dir = ab${", 2, 13 },
    { REST " /* a\n\n", 2, 2 },
    { REST "/* a\n */ workers = x", 3, 15 },
    { REST "workers = 1 workers = 2", 2, 13 },
    { REST "a = 1\r\n  b = 2", 2, 1 },
    { REST "log {\n level = 1 }", 3, 10 },
    { REST "workers = = 4", 2, 11 },
    { REST "  log { ", 2, 3 },
    { REST " include(\"none.conf\")", 2, 2 },
    { REST " include(\n\"none.conf\" )", 3, 13 },
    { REST "group g { services = { s,  t } }", 2, 28 },
    { REST " listener m { }", 2, 2 },
    { REST "limits { head = 1k target =  2k }", 2, 30 },
    { "\xef\xbb\xbfworkers = x\n" REST, 1, 11 },
};

Test(scan, errors_name_the_column)
{
    unsetenv("SY_TEST_UNSET");
    for (size_t i = 0; i < COUNT(columns); i++) {
        struct report report;
        struct config *config = NULL;

        report_init(&report);
        cr_expect_eq(loader_load_text(slice_from(columns[i].text), "t", &report, &config),
                     ERR_INVALID);
        cr_assert_geq(report.count, 1, "case %zu", i);
        cr_expect_eq(report.entries[0].line, columns[i].line, "case %zu: line %u", i,
                     report.entries[0].line);
        cr_expect_eq(report.entries[0].column, columns[i].column, "case %zu: column %u: %s", i,
                     report.entries[0].column, report.entries[0].words);
        report_fini(&report);
    }
}

Test(scan, a_nul_byte_has_a_column)
{
    struct report report;
    struct config *config = NULL;

    report_init(&report);
    cr_expect_eq(loader_load_text(slice_of("a\nbc\0d", 6), "t", &report, &config), ERR_INVALID);
    cr_expect_eq(report.entries[0].line, 2);
    cr_expect_eq(report.entries[0].column, 3);
    report_fini(&report);
}

static const struct load_case environment[] = {
    { REST "run_dir = \"${SY_TEST_UNSET}\"", "t.conf:2: ${SY_TEST_UNSET} is not set; set it" },
    { REST "\nrun_dir = ${SY_TEST_UNSET}", "t.conf:3: ${SY_TEST_UNSET} is not set" },
    { REST "run_dir = \"${SY_TEST_UNSET:-/run/x}\"", NULL },
    { REST "run_dir = ${SY_TEST_UNSET:-/run}/x", NULL },
    { REST "run_dir = \"${SY_TEST_UNSET:-}\"", "t.conf:2: run_dir: '' is empty" },
    { REST "run_dir = \"${SY_TEST_DIR}\"", NULL },
    { REST "run_dir = ${SY_TEST_DIR}", NULL },
    { REST "run_dir = '${SY_TEST_DIR}'",
      "t.conf:2: run_dir: '${SY_TEST_DIR}' is no absolute path" },
    { REST "run_dir = \"\\${SY_TEST_DIR}\"", "run_dir: '${SY_TEST_DIR}' is no absolute path" },
    { REST "run_dir = \"${}\"", "t.conf:2: '${}' is no variable" },
    { REST "run_dir = \"${A B}\"", "t.conf:2: '${A B}' is no variable" },
    { REST "run_dir = \"${A\"\n", "t.conf:2: '${' is not closed" },
    { REST "run_dir = \"${SY_TEST_LINES}\"", "t.conf:2: a control byte in a value" },
    { REST "run_dir = ${SY_TEST_BRACES}", NULL }, /* a value is never syntax */
    { REST "# ${SY_TEST_UNSET}\n/* ${SY_TEST_UNSET} */", NULL },
    { REST "${SY_TEST_WORD} = 2", NULL },
};

Test(scan, replaces_variables)
{
    setenv("SY_TEST_DIR", "/run/x", 1);
    setenv("SY_TEST_LINES", "/a\nworkers = 9", 1);
    setenv("SY_TEST_BRACES", "/a } \" ${SY_TEST_UNSET} \\", 1);
    setenv("SY_TEST_WORD", "workers", 1);
    unsetenv("SY_TEST_UNSET");
    expect_cases(environment, COUNT(environment));
}

Test(scan, a_variable_arrives_as_it_is)
{
    struct config *config = NULL;

    setenv("SY_TEST_BRACES", "/a } \" ${SY_TEST_UNSET} \\", 1);
    config =
        expect_config(REST "run_dir = \"${SY_TEST_BRACES}\" state_dir = \"/a \\\"b\\\" \\\\ \\$\"");
    cr_expect_str_eq(config->run_dir, "/a } \" ${SY_TEST_UNSET} \\");
    cr_expect_str_eq(config->state_dir, "/a \"b\" \\ $");
    config_free(config);
}

Test(scan, many_unset_variables_are_all_named)
{
    char *words = expect_report(REST "run_dir = ${SY_TEST_A}\nstate_dir = ${SY_TEST_B}");

    cr_expect(strstr(words, "t.conf:2: ${SY_TEST_A}") != NULL);
    cr_expect(strstr(words, "t.conf:3: ${SY_TEST_B}") != NULL);
    free(words);
}

Test(scan, bounds_a_value)
{
    char *text = malloc(40000);
    char *words = NULL;

    memset(text, 'a', 40000);
    memcpy(text, "run_dir = \"/", 12);
    memcpy(text + 39990, "\"", 2);
    words = expect_report(text);
    cr_expect(strstr(words, "t.conf:1: a value of more than 16384 bytes") != NULL, "%.200s", words);
    free(words);
    free(text);
}
