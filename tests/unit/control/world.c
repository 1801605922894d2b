/* The stand-ins and the world of the tests: see world.h. */
#include "unit/control/world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "config/config.h"
#include "deploy/deploy_view.h"
#include "deploy/history_filter.h"
#include "net/loop.h"
#include "net/timer.h"
#include "route/pins.h"

bool world_health_known = true;

struct pending_change {
    struct pending_change *next;
    struct deploy *deploy;
    struct timer *timer;
    change_done_fn *done;
    void *arg;
};

static void deliver(struct pending_change *pending)
{
    struct pending_change **link = &pending->deploy->pending;

    while (*link != pending)
        link = &(*link)->next;
    *link = pending->next;
    pending->done(pending->arg, &pending->deploy->result);
    timer_free(pending->timer);
    free(pending);
}

static void on_due(void *arg)
{
    deliver(arg);
}

void deploy_submit(struct deploy *deploy, const struct change *change, change_done_fn *done,
                   void *arg)
{
    struct pending_change *pending = mem_zalloc(sizeof *pending);

    if (deploy->submitted_count < 64)
        deploy->submitted[deploy->submitted_count++] = *change;
    if (change->pins != NULL) {
        pins_free(deploy->loaded);
        deploy->loaded = change->pins;
    }
    *pending = (struct pending_change){
        .next = deploy->pending, .deploy = deploy, .done = done, .arg = arg
    };
    pending->timer = timer_new(deploy->loop, on_due, pending);
    deploy->pending = pending;
    if (!deploy->holds)
        timer_arm(pending->timer, deploy->delay_ms);
}

bool deploy_plan_is_rescue(const struct deploy *deploy, const char *token)
{
    (void)deploy;
    return strcmp(token, "back") == 0;
}

void deploy_apply(struct deploy *deploy, const struct deploy_approval *approval,
                  change_done_fn *done, void *arg)
{
    struct change change = { .kind = CHANGE_SWITCH };

    snprintf(deploy->token, sizeof deploy->token, "%s", approval->token);
    snprintf(deploy->token_actor, sizeof deploy->token_actor, "%s", approval->actor);
    snprintf(change.reason, sizeof change.reason, "%s",
             approval->reason != NULL ? approval->reason : "");
    deploy_submit(deploy, &change, done, arg);
}

void deploy_view_canary(const struct deploy *deploy, unsigned service_index,
                        struct deploy_canary_view *out)
{
    *out = (struct deploy_canary_view){ .is_running = false };
    if (service_index < WORLD_SERVICES)
        *out = deploy->canary[service_index];
}

void deploy_view_trial(const struct deploy *deploy, unsigned service_index,
                       struct deploy_trial_view *out)
{
    *out = deploy->trial[service_index];
}

void deploy_view_book(const struct deploy *deploy, unsigned service_index,
                      struct deploy_book_view *out)
{
    *out = deploy->book[service_index];
}

void pilot_look(struct pilot *pilot, unsigned service_index, struct pilot_trial *out)
{
    *out = pilot->trials[service_index];
}

bool pilot_alert_at(const struct pilot *pilot, unsigned index, struct pilot_alert *out)
{
    if (index >= pilot->alert_count)
        return false;
    *out = pilot->alerts[index];
    return true;
}

const char *pilot_severity_name(enum pilot_severity severity)
{
    static const char *const names[] = { "info", "warn", "critical" };

    return names[severity];
}

uint64_t pilot_alert_count(const struct pilot *pilot, unsigned service_index,
                           enum pilot_severity severity)
{
    (void)service_index;
    return severity == PILOT_WARN ? pilot->alert_count : 0;
}

bool pilot_rollbacks_at(const struct pilot *pilot, unsigned index, struct pilot_rollbacks *out)
{
    if (index >= pilot->rollback_count)
        return false;
    *out = pilot->rollbacks[index];
    return true;
}

void deploy_view_traffic(const struct deploy *deploy, unsigned service_index,
                         struct deploy_traffic_view *out)
{
    *out = (struct deploy_traffic_view){ .is_held = false };
    if (service_index < WORLD_SERVICES)
        *out = deploy->traffic[service_index];
}

const char *deploy_slot_label(const struct deploy *deploy, unsigned service_index, const char *slot)
{
    (void)deploy;
    (void)service_index;
    return strcmp(slot, "blue") == 0 ? "LIVE" : "STANDBY";
}

const struct pins *deploy_pins(const struct deploy *deploy, unsigned service_index)
{
    return service_index < WORLD_SERVICES ? deploy->pins[service_index] : NULL;
}

bool deploy_cancel(struct deploy *deploy, const void *arg)
{
    struct pending_change **link = &deploy->pending;
    struct pending_change *found = NULL;

    while (*link != NULL && (*link)->arg != arg)
        link = &(*link)->next;
    if (*link == NULL || deploy->is_under_way)
        return false;
    found = *link;
    *link = found->next;
    timer_free(found->timer);
    free(found);
    deploy->cancelled++;
    return true;
}

void deploy_release_held(struct deploy *deploy)
{
    while (deploy->pending != NULL)
        deliver(deploy->pending);
}

const struct config *deploy_config(const struct deploy *deploy)
{
    static const struct config nothing;

    return deploy->config != NULL ? deploy->config : &nothing;
}

void deploy_view_service(const struct deploy *deploy, unsigned service_index,
                         struct deploy_service_view *out)
{
    (void)deploy;
    *out = (struct deploy_service_view){ .group = service_index == 0 ? "" : "release",
                                         .previous = service_index == 0 ? "green" : "",
                                         .switched_wall_us =
                                             service_index == 0 ? clock_wall_us() - 90500000 : 0,
                                         .switch_count = service_index == 0 ? 3 : 0 };
}

void deploy_view_behind(const struct deploy *deploy, unsigned service_index,
                        struct deploy_behind_view *out)
{
    *out = service_index == 0 ? deploy->behind : (struct deploy_behind_view){ .is_behind = false };
}

void deploy_view_lock(const struct deploy *deploy, struct deploy_lock_view *out)
{
    *out = deploy->lock;
}

void deploy_view_durability(const struct deploy *deploy, struct deploy_durability *out)
{
    *out = deploy->durability;
}

uint64_t deploy_draining(const struct deploy *deploy, const struct slot *slot)
{
    (void)slot;
    return deploy->draining;
}

void deploy_view_drill(const struct deploy *deploy, unsigned service_index,
                       struct deploy_drill_view *out)
{
    *out = deploy->drill[service_index];
}

unsigned deploy_history_page(const struct deploy *deploy, const struct history_filter *filter,
                             unsigned limit, const struct history_entry **out, uint64_t *next)
{
    unsigned count = 0;

    *next = 0;
    for (unsigned i = 0; i < deploy->history_count && *next == 0; i++) {
        const struct history_entry *entry = &deploy->history[i];

        if (!history_filter_fits(filter, entry))
            continue;
        if (count < limit)
            out[count++] = entry;
        else
            *next = out[count - 1]->sequence;
    }
    return count;
}

bool deploy_history(const struct deploy *deploy, unsigned index, struct history_entry *out)
{
    if (index >= deploy->history_count)
        return false;
    *out = deploy->history[index];
    return true;
}

bool health_all_known(const struct health *health)
{
    (void)health;
    return world_health_known;
}

unsigned health_gauges(const struct target *target, struct health_gauge out[PROBE_GAUGES_MAX])
{
    if (target->probe == NULL || strcmp(target->name, "10.0.0.1:80") != 0)
        return 0;
    out[0] = (struct health_gauge){ .name = "queue.depth", .value = 7 };
    out[1] = (struct health_gauge){ .name = "load", .value = 0.25 };
    return 2;
}

bool health_view(const struct target *target, struct health_view *out)
{
    *out = (struct health_view){ .is_enabled = false };
    if (target->probe == NULL)
        return false;
    *out = *(const struct health_view *)target->probe;
    return true;
}

static void on_quit(void *arg, bool now)
{
    struct world *world = arg;

    world->quits++;
    world->quit_now = now;
}

static void give_stats(void *arg, struct control_stats *out)
{
    struct world *world = arg;

    *out = world->stats;
}

struct ledger_question {
    struct world *world;
    struct ledger *ledger;
    struct timer *timer;
    void (*done)(void *done_arg);
    void *done_arg;
};

static void on_ledger_due(void *arg)
{
    struct ledger_question *question = arg;
    struct world *world = question->world;
    struct ledger *ledger = question->ledger;

    world->question = NULL;
    ledger->entries = mem_zalloc((world->ledger_count + 1) * sizeof *ledger->entries);
    memcpy(ledger->entries, world->ledger, world->ledger_count * sizeof *ledger->entries);
    ledger->count = world->ledger_count;
    ledger->left_out = world->ledger_left_out;
    question->done(question->done_arg);
    timer_free(question->timer);
    free(question);
}

static void list_ledger(void *arg, struct ledger *ledger, void (*done)(void *done_arg),
                        void *done_arg)
{
    struct ledger_question *question = mem_zalloc(sizeof *question);

    *question = (struct ledger_question){
        .world = arg, .ledger = ledger, .done = done, .done_arg = done_arg
    };
    question->world->ledger_slot = ledger->slot;
    question->world->question = question;
    question->timer = timer_new(question->world->loop, on_ledger_due, question);
    if (!question->world->holds_ledger)
        timer_arm(question->timer, 0);
}

void world_give_ledger(struct world *world)
{
    if (world->question != NULL)
        on_ledger_due(world->question);
}

static void make_target(struct world *world, unsigned a, unsigned b, unsigned c)
{
    struct address address;
    char name[32];

    snprintf(name, sizeof name, "10.%u.%u.%u:80", a, b, c + 1);
    cr_assert_eq(address_parse(slice_from(name), &address), 0);
    world->targets[a][b][c] = target_new(world->slots[a][b], name, &address, 2);
    target_set_verdict(world->targets[a][b][c], VERDICT_UP);
    world->views[a][b][c] = (struct health_view){ .verdict = VERDICT_UP,
                                                  .is_enabled = true,
                                                  .since_us = 1,
                                                  .changes = 1,
                                                  .results = 3,
                                                  .failures = 1,
                                                  .history = 6,
                                                  .history_count = 3,
                                                  .run = 1,
                                                  .last_us = 1,
                                                  .last_duration_us = 1500,
                                                  .last_status = 200 };
    world->targets[a][b][c]->probe = &world->views[a][b][c];
    world->picks[a][b][c] =
        (struct pick){ .target = world->targets[a][b][c], .weight = c + 1, .order = ORDER_READY };
}

static void make_service(struct world *world, unsigned at, const char *name)
{
    static const char *const slot_names[WORLD_SLOTS] = { "blue", "green" };

    world->services[at] = service_new(name);
    for (unsigned i = 0; i < WORLD_SLOTS; i++) {
        world->slots[at][i] = slot_new(world->services[at], slot_names[i], 2);
        snprintf(world->slots[at][i]->version, sizeof world->slots[at][i]->version, "v%u", i + 1);
        for (unsigned k = 0; k < WORLD_TARGETS; k++)
            make_target(world, at, i, k);
        world->slot_rows[at][i] = (struct snapshot_slot){
            .slot = world->slots[at][i],
            .role = i == 0 ? ROLE_LIVE : ROLE_STANDBY,
            .pick_count = WORLD_TARGETS,
            .picks = world->picks[at][i],
        };
    }
    world->service_rows[at] = (struct snapshot_service){
        .service = world->services[at],
        .slot_count = WORLD_SLOTS,
        .slots = world->slot_rows[at],
        .active = 0,
    };
}

void world_publish(struct world *world, uint64_t epoch)
{
    struct snapshot_input input = { .epoch = epoch,
                                    .service_count = WORLD_SERVICES,
                                    .services = world->service_rows };
    struct snapshot *snapshot = NULL;

    cr_assert_eq(snapshot_build(&input, &snapshot), 0);
    snapshot_free(snapshot_publish(snapshot));
}

void world_add_tenants(struct world *world, unsigned count)
{
    world->tenant_source = (struct tenant_source){ .kind = TENANT_HEADER, .name = "X-Tenant" };
    for (unsigned i = 0; i < count; i++) {
        world->deploy.pins[i] = pins_new(2);
        world->steering[i] = (struct steering){ .tenant_count = 1,
                                                .tenants = &world->tenant_source,
                                                .pins = world->deploy.pins[i],
                                                .split = { .candidate = SLOT_NONE } };
        world->service_rows[i].steering = &world->steering[i];
    }
    world_publish(world, 41);
}

void world_init(struct world *world)
{
    static const char *api_paths[] = { "/api" };
    static const struct config nothing = { .api = { .open_metrics = true } };

    rcu_thread_begin();
    memset(world, 0, sizeof *world);
    world_health_known = true;
    world->loop = loop_new();
    world->deploy.loop = world->loop;
    world->deploy.config = &nothing;
    world->deploy.result = (struct change_result){ .outcome = OUTCOME_DONE,
                                                   .epoch_before = 41,
                                                   .epoch = 42,
                                                   .duration_us = 800,
                                                   .changed = true,
                                                   .is_durable = true,
                                                   .from = "blue",
                                                   .to = "green" };
    world->room = (struct control_room){ .loop = world->loop,
                                         .deploy = &world->deploy,
                                         .started_wall_us = clock_wall_us() - 5000000,
                                         .quit = on_quit,
                                         .stats = give_stats,
                                         .list = list_ledger,
                                         .arg = world };
    make_service(world, 0, "shop");
    make_service(world, 1, "api");
    world->service_rows[1].path_count = 1;
    world->service_rows[1].paths = api_paths;
    world_publish(world, 41);
    snprintf(world->folder, sizeof world->folder, "/tmp/switchyard-test-XXXXXX");
    cr_assert_not_null(mkdtemp(world->folder));
    snprintf(world->path, sizeof world->path, "%s/admin.sock", world->folder);
}

void world_fini(struct world *world)
{
    deploy_release_held(&world->deploy);
    world_give_ledger(world);
    snapshot_free(snapshot_publish(NULL));
    for (unsigned a = 0; a < WORLD_SERVICES; a++) {
        for (unsigned b = 0; b < WORLD_SLOTS; b++) {
            for (unsigned c = 0; c < WORLD_TARGETS; c++)
                target_free(world->targets[a][b][c]);
            slot_free(world->slots[a][b]);
        }
        service_free(world->services[a]);
    }
    for (unsigned a = 0; a < WORLD_SERVICES; a++)
        pins_free(world->deploy.pins[a]);
    pins_free(world->deploy.loaded);
    loop_free(world->loop);
    rcu_thread_end();
    unlink(world->path);
    cr_expect_eq(rmdir(world->folder), 0, "%s: %s", world->folder, strerror(errno));
}

struct watcher {
    struct loop *loop;
    struct timer *timer;
    bool (*is_true)(void *arg);
    void *arg;
    uint64_t deadline_us;
    bool came_true;
};

static void on_watch(void *arg)
{
    struct watcher *watcher = arg;

    watcher->came_true = watcher->is_true != NULL && watcher->is_true(watcher->arg);
    if (watcher->came_true || clock_monotonic_us() >= watcher->deadline_us)
        loop_stop(watcher->loop);
    else
        timer_arm(watcher->timer, 1);
}

bool world_run(struct world *world, bool (*is_true)(void *arg), void *arg, unsigned ms)
{
    struct watcher watcher = { .loop = world->loop, .is_true = is_true, .arg = arg };

    watcher.deadline_us = clock_monotonic_us() + ms * 1000ull;
    watcher.timer = timer_new(world->loop, on_watch, &watcher);
    timer_arm(watcher.timer, 0);
    loop_run(world->loop);
    timer_free(watcher.timer);
    return watcher.came_true;
}

void world_turn(struct world *world, unsigned ms)
{
    (void)world_run(world, NULL, NULL, ms);
}

int world_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

struct asking {
    int fd;
    struct slice left; /* to send */
    const char *end;
    struct text *out;
    bool is_closed;
};

static bool is_answered(void *arg)
{
    struct asking *asking = arg;
    size_t end_len = asking->end != NULL ? strlen(asking->end) : 0;
    char bytes[16384];
    ssize_t count = 0;

    if (asking->left.len > 0) {
        count = send(asking->fd, asking->left.ptr, asking->left.len, MSG_NOSIGNAL);
        if (count > 0)
            asking->left = slice_of(asking->left.ptr + count, asking->left.len - (size_t)count);
    }
    while ((count = recv(asking->fd, bytes, sizeof bytes, 0)) > 0)
        text_add_slice(asking->out, slice_of(bytes, (size_t)count));
    asking->is_closed = count == 0 || (count < 0 && errno != EAGAIN);
    if (asking->is_closed)
        return true;
    return asking->left.len == 0 && end_len > 0 && asking->out->len >= end_len &&
           memcmp(asking->out->bytes + asking->out->len - end_len, asking->end, end_len) == 0;
}

bool world_ask(struct world *world, int fd, const char *bytes, const char *end, struct text *out)
{
    struct asking asking = { .fd = fd, .left = slice_from(bytes), .end = end, .out = out };

    text_clear(out);
    return world_run(world, is_answered, &asking, 5000);
}

bool world_is_closed(struct world *world, int fd, unsigned ms)
{
    struct text out;
    struct asking asking = { .fd = fd, .end = NULL, .out = &out };

    text_init(&out, 64 << 20);
    (void)world_run(world, is_answered, &asking, ms);
    text_fini(&out);
    return asking.is_closed;
}
