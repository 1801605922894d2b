/* See bench_desk.h. */
#include "bench_desk.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/loader.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/timer.h"

const char bench_desk_config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  hosts = { \"shop.example\" }\n"
    "  health { enabled = false }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\", \"127.0.0.1:5003\" } }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
    "  slot staging { targets = { \"127.0.0.1:5009\" } role = \"staging\" }\n"
    "}\n"
    "service web {\n"
    "  hosts = { \"web.example\" }\n"
    "  slot blue { targets = { \"127.0.0.1:6001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:6002\" } }\n"
    "}\n"
    "service api {\n"
    "  hosts = { \"api.example\" }\n"
    "  slot blue { targets = { \"127.0.0.1:7001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:7002\" } }\n"
    "}\n"
    "group release { services = { \"web\", \"api\" } }\n";

void bench_desk_write_config(struct bench_desk *desk, const char *config)
{
    FILE *file = fopen(desk->config_path, "w");

    cr_assert_not_null(file);
    fprintf(file, "state_dir = \"%s/state\"\nrun_dir = \"%s\"\n%s", desk->folder, desk->folder,
            config);
    fclose(file);
}

void bench_desk_init(struct bench_desk *desk, const char *config)
{
    memset(desk, 0, sizeof *desk);
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(desk->folder, sizeof desk->folder, "/tmp/unit-deploy-desk-XXXXXX");
    cr_assert_not_null(mkdtemp(desk->folder));
    snprintf(desk->config_path, sizeof desk->config_path, "%s/switchyard.conf", desk->folder);
    snprintf(desk->state_path, sizeof desk->state_path, "%s/state/state.json", desk->folder);
    bench_desk_write_config(desk, config);
    desk->loop = loop_new();
    desk->resolver = resolver_new(desk->loop);
    desk->options = (struct deploy_options){
        .loop = desk->loop,
        .resolver = desk->resolver,
        .config_path = desk->config_path,
        .worker_count = 2,
    };
    report_init(&desk->report);
}

static int remove_item(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void bench_desk_drop_resolver(struct bench_desk *desk)
{
    resolver_free(desk->resolver);
    desk->resolver = NULL;
    desk->options.resolver = NULL;
}

void bench_desk_fini(struct bench_desk *desk)
{
    bench_desk_drop_resolver(desk);
    bench_desk_stop(desk);
    loop_free(desk->loop);
    report_fini(&desk->report);
    nftw(desk->folder, remove_item, 16, FTW_DEPTH | FTW_PHYS);
}

int bench_desk_start(struct bench_desk *desk)
{
    struct config *config = NULL;
    int err = 0;

    report_fini(&desk->report);
    report_init(&desk->report);
    err = loader_load_file(desk->config_path, &desk->report, &config);
    cr_assert_eq(err, 0, "%s", desk->report.count > 0 ? desk->report.entries[0].words : "");
    return deploy_new(&desk->options, config, &desk->report, &desk->deploy);
}

void bench_desk_must_start(struct bench_desk *desk)
{
    int err = bench_desk_start(desk);

    cr_assert_eq(err, 0, "%d: %s", err,
                 desk->report.count > 0 ? desk->report.entries[0].words : "");
}

void bench_desk_stop(struct bench_desk *desk)
{
    deploy_free(desk->deploy);
    desk->deploy = NULL;
}

struct change bench_desk_change(enum change_kind kind, const char *name, const char *slot)
{
    struct change change = { .kind = kind };

    snprintf(change.name, sizeof change.name, "%s", name);
    snprintf(change.slot, sizeof change.slot, "%s", slot);
    snprintf(change.actor, sizeof change.actor, "uid=0 pid=1");
    return change;
}

static void on_done(void *arg, const struct change_result *result)
{
    struct bench_answer *answer = arg;

    cr_assert(!answer->is_done, "answered twice");
    answer->is_done = true;
    answer->result = *result;
    if (--*answer->open == 0)
        loop_stop(answer->loop);
}

void bench_desk_submit(struct bench_desk *desk, const struct change *change,
                       struct bench_answer *answer, unsigned *open)
{
    *answer = (struct bench_answer){ .open = open, .loop = desk->loop };
    (*open)++;
    deploy_submit(desk->deploy, change, on_done, answer);
    cr_assert(!answer->is_done, "answered from inside deploy_submit");
}

void bench_desk_wait(struct bench_desk *desk, unsigned *open)
{
    if (*open > 0)
        loop_run(desk->loop);
    cr_assert_eq(*open, 0);
}

static void on_time(void *arg)
{
    loop_stop(arg);
}

void bench_desk_run_ms(struct bench_desk *desk, uint64_t ms)
{
    struct timer *timer = timer_new(desk->loop, on_time, desk->loop);

    timer_arm(timer, ms);
    loop_run(desk->loop);
    timer_free(timer);
}

struct change_result bench_desk_do(struct bench_desk *desk, const struct change *change)
{
    struct bench_answer answer;
    unsigned open = 0;

    bench_desk_submit(desk, change, &answer, &open);
    bench_desk_wait(desk, &open);
    return answer.result;
}

struct change_result bench_desk_do_own(struct bench_desk *desk, const struct change *change)
{
    unsigned open = 1;
    struct bench_answer answer = { .open = &open, .loop = desk->loop };

    deploy_submit_own(desk->deploy, change, on_done, &answer);
    bench_desk_wait(desk, &open);
    return answer.result;
}

struct change_result bench_desk_switch(struct bench_desk *desk, const char *name, const char *slot)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, name, slot);

    return bench_desk_do(desk, &change);
}

const struct snapshot_service *bench_desk_service(const char *name)
{
    const struct snapshot *snapshot = snapshot_current();

    for (unsigned i = 0; i < snapshot_service_count(snapshot); i++)
        if (strcmp(snapshot_service_at(snapshot, i)->service->name, name) == 0)
            return snapshot_service_at(snapshot, i);
    return NULL;
}

const char *bench_desk_active(struct bench_desk *desk, const char *service)
{
    const struct snapshot_service *found = bench_desk_service(service);

    (void)desk;
    cr_assert_not_null(found);
    return found->slots[found->active].slot->name;
}

uint64_t bench_desk_epoch(struct bench_desk *desk)
{
    (void)desk;
    return snapshot_epoch(snapshot_current());
}

void bench_desk_verdict(struct bench_desk *desk, const char *service, const char *slot,
                        enum verdict verdict)
{
    const struct snapshot_service *found = bench_desk_service(service);

    (void)desk;
    for (unsigned i = 0; i < found->slot_count; i++)
        for (unsigned j = 0; j < found->slots[i].pick_count; j++)
            if (strcmp(found->slots[i].slot->name, slot) == 0)
                target_set_verdict(found->slots[i].picks[j].target, verdict);
}
