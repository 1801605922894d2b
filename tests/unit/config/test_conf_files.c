/* Every file in conf/ loads without an error or a warning; the large one names every option. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "config/config.h"
#include "config/loader.h"
#include "config/option_table_priv.h"
#include "config/report.h"

static bool is_conf(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

static void expect_loads(const char *path)
{
    struct report report;
    struct config *config = NULL;
    struct text out;
    int err = ERR_OK;

    report_init(&report);
    text_init(&out, 100000);
    err = loader_load_file(path, &report, &config);
    report_print(&report, &out);
    cr_expect_eq(err, ERR_OK, "%s", path);
    cr_expect_eq(report.count, 0, "%s", out.len > 0 ? out.bytes : "");
    text_fini(&out);
    report_fini(&report);
    config_free(config);
}

Test(conf_files, all_load)
{
    DIR *folder = opendir(SOURCE_DIR "/conf");
    size_t count = 0;

    cr_assert(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[4096];

        if (!is_conf(entry->d_name))
            continue;
        snprintf(path, sizeof path, "%s/conf/%s", SOURCE_DIR, entry->d_name);
        expect_loads(path);
        count++;
    }
    closedir(folder);
    cr_expect_geq(count, 3);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "r");
    char *bytes = calloc(1, 100000);

    cr_assert(file != NULL, "%s", path);
    *len = fread(bytes, 1, 99999, file);
    fclose(file);
    return bytes;
}

Test(conf_files, the_full_one_has_every_option)
{
    size_t len = 0;
    char *bytes = read_file(SOURCE_DIR "/conf/switchyard.conf", &len);

    for (size_t i = 0; i < option_table_count; i++) {
        const char *name = option_table_rows[i].name;
        const char *at = bytes;
        bool found = false;

        while (!found && (at = strstr(at, name)) != NULL) {
            const char *end = at + strlen(name);

            found = (at[-1] == ' ' || at[-1] == '\n') && end[strspn(end, " ")] == '=';
            at = end;
        }
        cr_expect(found, "%s is missing", name);
    }
    free(bytes);
}

Test(conf_files, the_quickstart_takes_its_folders_from_the_environment)
{
    struct report report;
    struct config *config = NULL;

    setenv("SWITCHYARD_RUN", "/tmp/run", 1);
    setenv("SWITCHYARD_STATE", "/tmp/state", 1);
    report_init(&report);
    cr_assert_eq(loader_load_file(SOURCE_DIR "/conf/quickstart.conf", &report, &config), ERR_OK);
    cr_expect_str_eq(config->run_dir, "/tmp/run");
    cr_expect_str_eq(config->state_dir, "/tmp/state");
    cr_expect_str_eq(config->services[0].active_name, "blue");
    report_fini(&report);
    config_free(config);
}

static void load_bytes(const char *bytes, size_t len)
{
    struct report report;
    struct config *config = NULL;

    report_init(&report);
    if (loader_load_text(slice_of(bytes, len), "mutant", &report, &config) == ERR_OK)
        config_free(config);
    else
        cr_assert_gt(report.error_count, 0, "refused without a word: %.*s", (int)len, bytes);
    report_fini(&report);
}

/* Cut, drop, double and change bytes and lines of the full example: never a crash or a leak. */
Test(conf_files, mutants_are_judged_not_suffered)
{
    static const char signs[] = "{}=,()\"'#\\$/* \n\t0a\x01\xff+";
    size_t len = 0;
    char *bytes = read_file(SOURCE_DIR "/conf/switchyard.conf", &len);
    char *mutant = malloc(len + 8);

    for (size_t i = 0; i < len; i += 7)
        load_bytes(bytes, i);
    for (size_t i = 0; i + 5 < len; i += 5) {
        memcpy(mutant, bytes, len);
        mutant[i] = signs[i / 5 % (sizeof signs - 1)];
        load_bytes(mutant, len);
        memcpy(mutant + i, bytes + i + 3, len - i - 3);
        load_bytes(mutant, len - 3);
        memcpy(mutant, bytes, len);
        memmove(mutant + i + 4, mutant + i, len - i);
        load_bytes(mutant, len + 4);
    }
    free(mutant);
    free(bytes);
}
