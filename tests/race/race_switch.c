/* room: deploy
 *
 * A desk that switches as fast as it can while readers route and pin targets, as workers do: for ThreadSanitizer,
 * and for the promise that a reader who begins after the answer sees the new slot. Reloads with another target
 * in between retire objects under the readers' feet.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/rcu.h"
#include "config/config.h"
#include "config/loader.h"
#include "config/report.h"
#include "deploy/deploy.h"
#include "net/loop.h"

enum { READERS = 3, SWITCHES = 400 };

static atomic_ullong answered; /* the epoch of the last answer */
static atomic_bool is_ending;
static atomic_ullong routed;

static void *run_reader(void *arg)
{
    unsigned worker = (unsigned)(uintptr_t)arg;

    rcu_thread_begin();
    while (!atomic_load(&is_ending)) {
        uint64_t floor = atomic_load(&answered);
        const struct snapshot_service *service = NULL;
        const struct snapshot_slot *live = NULL;
        struct slot *slot = NULL;
        struct target *target = NULL;

        rcu_read_begin();
        CHECK(snapshot_epoch(snapshot_current()) >= floor);
        service = snapshot_service_at(snapshot_current(), 0);
        live = &service->slots[service->active];
        slot = live->slot;
        target = live->picks[live->pick_count - 1].target;
        slot_pin(slot, worker);
        target_pin(target, worker);
        rcu_read_end();
        CHECK(target->slot == slot);
        target_unpin(target, worker);
        slot_unpin(slot, worker);
        atomic_fetch_add(&routed, 1);
    }
    rcu_thread_end();
    return NULL;
}

struct driver {
    struct loop *loop;
    struct deploy *deploy;
    const char *config_path;
    const char *folder;
    unsigned count;
};

static void write_config(const struct driver *driver, unsigned port)
{
    FILE *file = fopen(driver->config_path, "w");

    CHECK(file != NULL);
    fprintf(file,
            "state_dir = \"%s/state\"\nrun_dir = \"%s\"\n"
            "listener http { bind = \"127.0.0.1:0\" }\n"
            "service shop { health { enabled = false }\n"
            "slot blue { targets = { \"127.0.0.1:5001\", \"127.0.0.1:%u\" } }\n"
            "slot green { targets = { \"127.0.0.1:5002\", \"127.0.0.1:%u\" } } }\n",
            driver->folder, driver->folder, port, port + 1);
    fclose(file);
}

static void submit_next(struct driver *driver);

static void on_done(void *arg, const struct change_result *result)
{
    struct driver *driver = arg;

    CHECK(result->outcome == OUTCOME_DONE && result->changed);
    atomic_store(&answered, result->epoch);
    if (++driver->count == SWITCHES)
        loop_stop(driver->loop);
    else
        submit_next(driver);
}

static void submit_next(struct driver *driver)
{
    struct change change = { .kind = CHANGE_SWITCH, .name = "shop" };

    if (driver->count % 10 == 9) {
        change = (struct change){ .kind = CHANGE_RELOAD };
        write_config(driver, 6000 + 2 * (driver->count % 1000));
    }
    deploy_submit(driver->deploy, &change, on_done, driver);
}

int main(void)
{
    char folder[] = "/tmp/race-switch-XXXXXX";
    char path[64];
    char command[64];
    struct driver driver = { .loop = loop_new(), .config_path = path, .folder = folder };
    struct deploy_options options = {
        .loop = driver.loop,
        .config_path = path,
        .worker_count = READERS,
    };
    struct config *config = NULL;
    struct report report;
    pthread_t readers[READERS];

    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/switchyard.conf", folder);
    log_set_level(LOG_LEVEL_ERROR);
    report_init(&report);
    write_config(&driver, 6000);
    CHECK(loader_load_file(path, &report, &config) == 0);
    CHECK(deploy_new(&options, config, &report, &driver.deploy) == 0);
    for (uintptr_t i = 0; i < READERS; i++)
        CHECK(pthread_create(&readers[i], NULL, run_reader, (void *)i) == 0);
    submit_next(&driver);
    loop_run(driver.loop);
    atomic_store(&is_ending, true);
    for (int i = 0; i < READERS; i++)
        CHECK(pthread_join(readers[i], NULL) == 0);
    deploy_free(driver.deploy);
    loop_free(driver.loop);
    report_fini(&report);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
    printf("%d changes, %llu routed\n", SWITCHES, (unsigned long long)atomic_load(&routed));
    return atomic_load(&routed) > 0 ? 0 : 1;
}
