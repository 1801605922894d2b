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
    cr_expect_geq(count, 6);
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

/* What stands behind #| in the full one is right as well, once the sign is away. */
Test(conf_files, the_examples_of_the_full_one_load)
{
    struct report report;
    struct config *config = NULL;
    struct text out;
    size_t len = 0;
    unsigned count = 0;
    char *bytes = read_file(SOURCE_DIR "/conf/switchyard.conf", &len);

    for (char *at = bytes; (at = strstr(at, "\n#|")) != NULL; count++)
        memset(at + 1, ' ', 2);
    cr_expect_gt(count, 20);
    report_init(&report);
    text_init(&out, 100000);
    cr_expect_eq(
        loader_load_text(slice_of(bytes, len), "switchyard.conf uncovered", &report, &config),
        ERR_OK);
    report_print(&report, &out);
    cr_expect_eq(report.count, 0, "%s", out.len > 0 ? out.bytes : "");
    cr_assert_not_null(config);
    cr_expect_eq(config->listener_count, 4);
    cr_expect_eq(config->api.key_count, 1);
    text_fini(&out);
    report_fini(&report);
    config_free(config);
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

static const struct config_service *service_of(const struct config *config, const char *name)
{
    const struct config_service *service = config_find_service(config, slice_from(name));

    cr_assert(service != NULL, "%s", name);
    return service;
}

static struct config *load_file(const char *path)
{
    struct report report;
    struct config *config = NULL;

    report_init(&report);
    cr_assert_eq(loader_load_file(path, &report, &config), ERR_OK, "%s", path);
    cr_expect_eq(report.count, 0, "%s", path);
    report_fini(&report);
    return config;
}

Test(conf_files, the_tenants_take_their_pins_from_the_environment)
{
    struct config *config = NULL;

    setenv("SWITCHYARD_PILOTS", SOURCE_DIR "/conf/pilots.list", 1);
    config = load_file(SOURCE_DIR "/conf/tenants.conf");
    cr_expect_eq(service_of(config, "web")->tenant.pins.count, 3);
    cr_expect_eq(service_of(config, "api")->tenant.pins.count, 3);
    cr_expect_str_eq(service_of(config, "api")->tenant.pins.items[2].tenant, "mueller+sons");
    cr_expect_str_eq(service_of(config, "api")->tenant.pins.items[2].slot, "blue");
    cr_expect_str_eq(config->groups[0].chain.header, "X-Switchyard-Slot");
    config_free(config);
}

Test(conf_files, the_canary_takes_its_secrets_from_the_environment)
{
    struct config *config = NULL;

    setenv("SWITCHYARD_CANARY_SECRET", "0123456789abcdef", 1);
    setenv("SWITCHYARD_PREVIEW_SECRET", "01234567", 1);
    config = load_file(SOURCE_DIR "/conf/canary.conf");
    cr_expect_str_eq(service_of(config, "shop")->canary.secret, "0123456789abcdef");
    cr_expect_str_eq(service_of(config, "shop")->preview.secret, "01234567");
    cr_expect(service_of(config, "shop")->canary.shield);
    config_free(config);
}

Test(conf_files, the_tunnels_are_paced)
{
    struct config *config = load_file(SOURCE_DIR "/conf/websocket.conf");
    const struct config_drain *drain = &service_of(config, "chat")->drain;

    cr_expect_eq(drain->tunnels, 1800000000);
    cr_expect_eq(drain->tunnel_rate, 50);
    cr_expect_eq(service_of(config, "chat")->timeouts.tunnel, 7200000000);
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
