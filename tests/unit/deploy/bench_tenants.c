/* See bench_tenants.h. */
#include "bench_tenants.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "deploy/deploy_priv.h"
#include "deploy/state_disk_priv.h"
#include "fault_io.h"

struct bench_desk bench_tenants_desk;

static const char bench_tenants_config[] =
    HEAD SERVICE("shop", "500", FROM OLD) SERVICE("web", "600", FROM)
        SERVICE("api", "700", FROM "slot red { targets = { \"127.0.0.1:9\" } } ")
            SERVICE("dull", "800", "") "group release { services = { \"web\", \"api\" } }\n";

void bench_tenants_begin(void)
{
    bench_desk_init(&bench_tenants_desk, bench_tenants_config);
    bench_desk_must_start(&bench_tenants_desk);
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_tenants_desk.deploy->file->io = &fault_io;
}

void bench_tenants_end(void)
{
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_desk_fini(&bench_tenants_desk);
}

struct change bench_tenants_change(enum change_kind kind, const char *name, const char *tenant,
                                   const char *slot)
{
    struct change change = bench_desk_change(kind, name, slot);

    snprintf(change.tenant, sizeof change.tenant, "%s", tenant);
    return change;
}

struct change_result bench_tenants_pin(const char *name, const char *tenant, const char *slot)
{
    struct change change = bench_tenants_change(CHANGE_TENANT_PIN, name, tenant, slot);

    return bench_desk_do(&bench_tenants_desk, &change);
}

struct change_result bench_tenants_unpin(const char *name, const char *tenant)
{
    struct change change = bench_tenants_change(CHANGE_TENANT_UNPIN, name, tenant, "");

    return bench_desk_do(&bench_tenants_desk, &change);
}

/* "acme=blue pilot=green" */
struct pins *bench_tenants_make(const char *words)
{
    struct pins *pins = pins_new(2);
    struct slice rest = slice_from(words);
    struct slice word;
    struct slice tenant;
    char slot[64];

    while (slice_next(&rest, ' ', &word)) {
        cr_assert(slice_next(&word, '=', &tenant) && slice_copy(word, slot, sizeof slot));
        cr_assert_eq(pins_set(pins, tenant, slot), 0);
    }
    return pins;
}

struct change_result bench_tenants_load(const char *name, const char *words)
{
    struct change change = bench_tenants_change(CHANGE_TENANT_LOAD, name, "", "");

    change.pins = bench_tenants_make(words);
    return bench_desk_do(&bench_tenants_desk, &change);
}

struct change_result bench_tenants_reload(const char *config)
{
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");

    bench_desk_write_config(&bench_tenants_desk, config);
    return bench_desk_do(&bench_tenants_desk, &change);
}

unsigned bench_tenants_index(const char *service)
{
    const struct config_service *found =
        config_find_service(deploy_config(bench_tenants_desk.deploy), slice_from(service));

    cr_assert_not_null(found);
    return (unsigned)(found - deploy_config(bench_tenants_desk.deploy)->services);
}

const char *bench_tenants_slot(const char *service, const char *tenant)
{
    const struct pins *pins = deploy_pins(bench_tenants_desk.deploy, bench_tenants_index(service));
    int number = pins_find(pins, slice_from(tenant));

    return number == PINS_NONE ? "" : pins_name(pins, number);
}

size_t bench_tenants_count(const char *service)
{
    return pins_count(deploy_pins(bench_tenants_desk.deploy, bench_tenants_index(service)));
}

void bench_tenants_restart(void)
{
    bench_desk_stop(&bench_tenants_desk);
    bench_desk_must_start(&bench_tenants_desk);
    bench_tenants_desk.deploy->file->io = &fault_io;
}

/* Files of pins in the state folder. */
unsigned bench_tenants_files(char *last, size_t size)
{
    char path[100];
    DIR *folder = NULL;
    const struct dirent *entry = NULL;
    unsigned count = 0;

    snprintf(path, sizeof path, "%.60s/state", bench_tenants_desk.folder);
    folder = opendir(path);
    cr_assert_not_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, "pins-", 5) != 0)
            continue;
        count++;
        snprintf(last, size, "%s/%.90s", path, entry->d_name);
    }
    closedir(folder);
    return count;
}
