/*
 * Random pins, unpins, loads, reloads, restarts and disk faults against a plain list: after each step the table
 * is what the list says. A desk that is killed at any call of its writing has the pins that it acknowledged. And
 * very many pins: loaded, moved, found again after a restart, in a state that stays small.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/state_disk_priv.h"
#include "deploy/tenants_priv.h"
#include "fault_io.h"
#include "folder.h"

enum { STEPS = 1200, TENANTS = 24, CALLS = 40 };

/* Of the service or group: 0 none, 1 blue, 2 green. */
struct scope_model {
    int decided[TENANTS]; /* -1: nothing; 0: hidden or not pinned */
    int configured[TENANTS];
};

static struct bench_desk desk;
static struct scope_model models[2]; /* shop, release */
static bool is_broken;
static uint64_t seed = 20261122;

static const char *const names[2] = { "shop", "release" };
static const char *const services[2] = { "shop", "api" };
static const char *const slots[3] = { "", "blue", "green" };

static unsigned draw(unsigned below)
{
    return (unsigned)(hash_random(&seed) % below);
}

static void write_lists(void)
{
    for (int i = 0; i < 2; i++) {
        char path[128];
        FILE *file = NULL;

        snprintf(path, sizeof path, "%s/%s.list", desk.folder, names[i]);
        file = fopen(path, "w");
        cr_assert_not_null(file);
        for (int t = 0; t < TENANTS; t++)
            if (models[i].configured[t] > 0)
                fprintf(file, "t%d %s\n", t, slots[models[i].configured[t]]);
        fclose(file);
    }
}

static void write_config(void)
{
    char config[3000];

    snprintf(config, sizeof config,
             "listener http { bind = \"127.0.0.1:0\" }\n"
             "service shop { hosts = { \"shop.example\" } health { enabled = false }\n"
             "  tenant { from = { \"header:X-T\" } pins = \"%s/shop.list\" }\n"
             "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
             "  slot green { targets = { \"127.0.0.1:5002\" } } }\n"
             "service web { hosts = { \"web.example\" } health { enabled = false }\n"
             "  tenant { from = { \"header:X-T\" } pins = \"%s/release.list\" }\n"
             "  slot blue { targets = { \"127.0.0.1:6001\" } }\n"
             "  slot green { targets = { \"127.0.0.1:6002\" } } }\n"
             "service api { hosts = { \"api.example\" } health { enabled = false }\n"
             "  tenant { from = { \"header:X-T\" } pins = \"%s/release.list\" }\n"
             "  slot blue { targets = { \"127.0.0.1:7001\" } }\n"
             "  slot green { targets = { \"127.0.0.1:7002\" } } }\n"
             "group release { services = { \"web\", \"api\" } }\n",
             desk.folder, desk.folder, desk.folder);
    bench_desk_write_config(&desk, config);
}

static void begin(void)
{
    bench_desk_init(&desk, "");
    for (int i = 0; i < 2; i++)
        for (int t = 0; t < TENANTS; t++)
            models[i].decided[t] = -1;
    write_lists();
    write_config();
    fault_io_set(FAULT_IO_NONE, 0, 0);
}

static void end(void)
{
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_desk_fini(&desk);
}

TestSuite(tenants_model, .init = begin, .fini = end);

static void start(void)
{
    bench_desk_must_start(&desk);
    desk.deploy->file->io = &fault_io;
}

static int expected(const struct scope_model *model, int tenant)
{
    return model->decided[tenant] >= 0 ? model->decided[tenant] : model->configured[tenant];
}

static const struct pins *pins_of(int scope)
{
    const struct config *config = deploy_config(desk.deploy);
    const struct config_service *service = config_find_service(config, slice_from(services[scope]));

    return deploy_pins(desk.deploy, (unsigned)(service - config->services));
}

static void check(unsigned step)
{
    for (int i = 0; i < 2; i++) {
        size_t count = 0;

        for (int t = 0; t < TENANTS; t++) {
            char id[16];
            int number = PINS_NONE;
            int wanted = expected(&models[i], t);

            snprintf(id, sizeof id, "t%d", t);
            number = pins_find(pins_of(i), slice_from(id));
            cr_assert_str_eq(number == PINS_NONE ? "" : pins_name(pins_of(i), number),
                             slots[wanted], "step %u: %s %s", step, names[i], id);
            count += wanted > 0;
        }
        cr_assert_eq(pins_count(pins_of(i)), count, "step %u", step);
    }
}

static struct change make(enum change_kind kind, int scope, int tenant, int slot)
{
    struct change change = bench_desk_change(kind, names[scope], slots[slot]);

    if (tenant >= 0)
        snprintf(change.tenant, sizeof change.tenant, "t%d", tenant);
    return change;
}

/* What a change that was made leaves behind; is_same: nothing was to be done. */
static bool note(const struct change_result *result, bool is_same)
{
    if (is_same)
        cr_assert(result->outcome == OUTCOME_DONE && !result->changed, "%s", result->words);
    else if (is_broken)
        cr_assert_eq(result->fault, FAULT_NOT_DURABLE, "%s", result->words);
    else
        cr_assert(result->outcome == OUTCOME_DONE && result->changed, "%s", result->words);
    return !is_same && !is_broken;
}

static void do_pin(int scope, int tenant, int slot)
{
    struct change change = make(CHANGE_TENANT_PIN, scope, tenant, slot);
    struct change_result result = bench_desk_do(&desk, &change);

    if (note(&result, expected(&models[scope], tenant) == slot))
        models[scope].decided[tenant] = slot;
}

/* Of a tenant that is not configured, taking the pin away leaves no decision. */
static void forget(struct scope_model *model, int tenant)
{
    model->decided[tenant] = model->configured[tenant] > 0 ? 0 : -1;
}

static void do_unpin(int scope, int tenant)
{
    struct scope_model *model = &models[scope];
    struct change change = make(CHANGE_TENANT_UNPIN, scope, tenant, 0);
    struct change_result result = bench_desk_do(&desk, &change);

    if (note(&result, expected(model, tenant) == 0))
        forget(model, tenant);
}

static void do_unpin_all(int scope)
{
    struct scope_model *model = &models[scope];
    struct change change = make(CHANGE_TENANT_UNPIN, scope, -1, 0);
    struct change_result result;
    bool is_same = true;

    snprintf(change.tenant, sizeof change.tenant, "*");
    for (int t = 0; t < TENANTS; t++)
        is_same = is_same && expected(model, t) == 0;
    result = bench_desk_do(&desk, &change);
    if (note(&result, is_same))
        for (int t = 0; t < TENANTS; t++)
            forget(model, t);
}

static void do_load(int scope)
{
    struct scope_model fresh = models[scope];
    struct change change = make(CHANGE_TENANT_LOAD, scope, -1, 0);
    struct change_result result;

    change.pins = pins_new(2);
    for (int t = 0; t < TENANTS; t++) {
        char id[16];

        fresh.decided[t] = draw(3) == 0 ? (int)draw(2) + 1 : -1;
        snprintf(id, sizeof id, "t%d", t);
        if (fresh.decided[t] > 0)
            cr_assert_eq(pins_set(change.pins, slice_from(id), slots[fresh.decided[t]]), 0);
    }
    result = bench_desk_do(&desk, &change);
    if (note(&result, false))
        models[scope] = fresh;
}

/* A tenant that was taken away at run time and is not configured any more may be forgotten or not: so it stays. */
static void do_reload(int scope)
{
    struct scope_model *model = &models[scope];
    struct scope_model was = *model;
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");
    struct change_result result;

    for (int t = 0; t < TENANTS && draw(3) > 0; t++)
        if (draw(4) == 0 && model->decided[t] != 0)
            model->configured[t] = (int)draw(3);
    write_lists();
    result = bench_desk_do(&desk, &change);
    if (note(&result, false))
        return;
    *model = was;
    write_lists();
}

static void do_restart(void)
{
    is_broken = false;
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_desk_stop(&desk);
    start();
}

static void toggle_disk(void)
{
    is_broken = !is_broken;
    fault_io_set(is_broken ? FAULT_IO_BROKEN : FAULT_IO_NONE, 1, EIO);
}

static void take_step(void)
{
    unsigned kind = draw(100);
    int scope = (int)draw(2);

    if (kind < 40)
        do_pin(scope, (int)draw(TENANTS), (int)draw(2) + 1);
    else if (kind < 70)
        do_unpin(scope, (int)draw(TENANTS));
    else if (kind < 74)
        do_unpin_all(scope);
    else if (kind < 81)
        do_load(scope);
    else if (kind < 88)
        do_reload(scope);
    else if (kind < 94)
        toggle_disk();
    else
        do_restart();
}

Test(tenants_model, agrees_after_every_step)
{
    start();
    for (unsigned i = 0; i < STEPS; i++) {
        take_step();
        check(i);
    }
}

/* Pins, unpins, a load and a pin after it; each answer is told as one byte. */
static void run_desk(int out, unsigned at, enum fault_io_mode mode)
{
    bench_desk_must_start(&desk);
    fault_io_set(mode, at, 0);
    desk.deploy->file->io = &fault_io;
    for (char i = 0; i < 5; i++) {
        struct change change = make(CHANGE_TENANT_PIN, 0, i, 2);

        if (i == 2)
            change = make(CHANGE_TENANT_UNPIN, 0, 0, 0);
        if (i == 3) {
            change = make(CHANGE_TENANT_LOAD, 0, -1, 0);
            change.pins = pins_new(2);
            if (pins_set(change.pins, SLICE("t9"), "blue") != 0)
                _exit(1);
        }
        if (bench_desk_do(&desk, &change).outcome != OUTCOME_DONE || write(out, &i, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

/* Bits of the tenants that are pinned after so many steps. */
static unsigned bits_after(int steps)
{
    static const unsigned bits[7] = { 0, 1, 3, 2, 1 << 9, 1 << 9 | 1 << 4, 1 << 9 | 1 << 4 };

    return bits[steps];
}

static unsigned read_bits(void)
{
    unsigned bits = 0;

    for (int t = 0; t < TENANTS; t++) {
        char id[16];

        snprintf(id, sizeof id, "t%d", t);
        if (pins_find(pins_of(0), slice_from(id)) != PINS_NONE)
            bits |= 1u << t;
    }
    return bits;
}

static bool kill_at(unsigned at, enum fault_io_mode mode)
{
    int pipes[2];
    int status = 0;
    int acked = 0;
    char byte = 0;
    pid_t child = 0;

    cr_assert_eq(pipe(pipes), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        run_desk(pipes[1], at, mode);
    close(pipes[1]);
    while (read(pipes[0], &byte, 1) == 1)
        acked = byte + 1;
    close(pipes[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 137, "%d", status);
    for (int i = 0; i < 2; i++) { /* what was repaired at the first start stays so */
        bench_desk_must_start(&desk);
        cr_assert(read_bits() == bits_after(acked) || read_bits() == bits_after(acked + 1),
                  "call %u: %x after %d", at, read_bits(), acked);
        bench_desk_stop(&desk);
    }
    return WEXITSTATUS(status) == 137;
}

static void kill_everywhere(enum fault_io_mode mode, unsigned kills_min)
{
    char state[128];
    unsigned kills = 0;

    snprintf(state, sizeof state, "%s/state", desk.folder);
    bench_desk_drop_resolver(&desk); /* no thread may be there when we fork */
    for (unsigned at = 1; at <= 2 * CALLS; at++) {
        folder_empty(state);
        kills += kill_at(at, mode);
    }
    cr_assert_geq(kills, kills_min);
}

Test(tenants_model, what_was_acknowledged_survives_a_kill_anywhere)
{
    kill_everywhere(FAULT_IO_EXIT, 60);
}

Test(tenants_model, and_a_kill_in_the_middle_of_a_write)
{
    kill_everywhere(FAULT_IO_TORN, 10);
}

static struct pins *make_many(unsigned count)
{
    struct pins *pins = pins_new(2);
    char id[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof id, "tenant-%u", i);
        cr_assert_eq(pins_set(pins, slice_from(id), slots[i % 2 + 1]), 0);
    }
    return pins;
}

Test(tenants_model, very_many_pins, .timeout = 300)
{
    unsigned count = getenv("SWITCHYARD_TEST_FULL") != NULL ? 1000 * 1000 : 20 * 1000;
    struct change change = make(CHANGE_TENANT_LOAD, 0, -1, 0);
    struct stat status;

    start();
    change.pins = make_many(count);
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert_eq(pins_count(pins_of(0)), count);
    do_pin(0, 1, 1);
    cr_assert_eq(stat(desk.state_path, &status), 0);
    cr_assert_lt(status.st_size, 8192, "the pins are not in the state itself");
    do_restart();
    cr_assert_eq(pins_count(pins_of(0)), count + 1);
    for (unsigned i = 0; i < count; i += 997) {
        char id[32];

        snprintf(id, sizeof id, "tenant-%u", i);
        cr_assert_str_eq(pins_name(pins_of(0), pins_find(pins_of(0), slice_from(id))),
                         slots[i % 2 + 1]);
    }
}
