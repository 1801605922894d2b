/*
 * The audit trail: who, what, from where and why for each kind of command and for what the daemon does by itself; an
 * acknowledged command is in it after any kill; a disk that takes nothing; every manipulation is named, with the
 * daemon and without; files for older tools.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/scene.h"

static const struct stage_options quiet = {
    .lines = "health { enabled = false }\ntenant { from = { \"header:X-Tenant\" } }\n"
};
static const char *const disk_errors[] = { "state", "audit", NULL };

static const char anchored_globals[] =
    "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
    "log { access = \"%s/access.log\" }\napi { bind = \"127.0.0.1:0\" }\n"
    "audit { anchor = \"%s/anchor\" }\n";

static char *path_of(const struct stage *stage, const char *name)
{
    return mem_format("%s/%s", daemon_folder(stage->daemon), name);
}

/* The newest record that fits; the test ends when there is none. The caller deletes *all. */
static const cJSON *newest(const struct stage *stage, const char *filter, cJSON **all)
{
    char *words = mem_format("audit show 1 %s", filter);
    const cJSON *rows = NULL;
    int code = 0;

    *all = ctl_json(stage->daemon, words, &code);
    cr_assert_eq(code, 0, "%s", words);
    rows = cJSON_GetObjectItem(cJSON_GetObjectItem(*all, "result"), "audit");
    cr_assert_eq(cJSON_GetArraySize(rows), 1, "no record for %s", words);
    free(words);
    return cJSON_GetArrayItem(rows, 0);
}

static const char *member(const cJSON *row, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(row, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

/* name=value pairs, a bar between: each must be in the row, a value with '*' at its end as a beginning. */
static void expect_row(const struct stage *stage, const char *filter, const char *pairs)
{
    cJSON *all = NULL;
    const cJSON *row = newest(stage, filter, &all);
    char *copy = mem_text(pairs);
    char *rest = copy;
    char *pair = NULL;

    while ((pair = scene_cut(&rest, '|')) != NULL) {
        char *value = strchr(pair, '=');
        const char *is = NULL;
        size_t len = 0;

        *value++ = '\0';
        is = member(row, pair);
        len = strlen(value);
        if (len > 0 && value[len - 1] == '*')
            cr_expect_eq(strncmp(is, value, len - 1), 0, "%s: %s is %s", filter, pair, is);
        else
            cr_expect_str_eq(is, value, "%s: %s is %s", filter, pair, is);
    }
    free(copy);
    cJSON_Delete(all);
}

static void expect_whole(const struct stage *stage)
{
    struct ctl_result result = ctl_run(stage->daemon, "audit verify");

    cr_expect_eq(result.code, 0, "%s%s", result.out, result.err);
    ctl_free(&result);
}

static bool has_record(void *arg)
{
    const struct stage *stage = arg;
    struct ctl_result result = ctl_run(stage->daemon, "audit export --trigger confirm");
    bool has = strstr(result.out, "\"outcome\":\"done\"") != NULL;

    ctl_free(&result);
    return has;
}

static bool has_reload(void *arg)
{
    const struct stage *stage = arg;
    struct ctl_result result = ctl_run(stage->daemon, "audit export --actor signal=HUP");
    bool has = strstr(result.out, "\"verb\":\"reload\"") != NULL;

    ctl_free(&result);
    return has;
}

Test(audit, who_what_why_of_each_kind)
{
    struct stage stage;

    stage_open(&stage, &quiet);
    expect_row(&stage, "--kind start", "actor=switchyard|outcome=done");
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green --reason release-7 --as ann"), 0);
    expect_row(&stage, "--kind switch",
               "actor=uid=*|role=admin|as=ann|from=unix:*|service=shop|outcome=done|fault=none|"
               "reason=release-7|words=switch shop --to green --reason release-7 --as ann");
    cr_assert_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    expect_row(&stage, "--kind rollback", "outcome=done|service=shop");
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to grey"), 3);
    expect_row(&stage, "--kind switch", "outcome=refused|fault=unknown_name|note=service shop*");
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --if-epoch 77"), 5);
    expect_row(&stage, "--kind switch", "outcome=conflict|gate=epoch");
    cr_assert_eq(ctl_code(stage.daemon, "switch"), 2);
    expect_row(&stage, "--kind switch", "outcome=usage|fault=usage");
    cr_assert_eq(ctl_code(stage.daemon, "tenant pin ann green shop"), 0);
    expect_row(&stage, "--kind tenant",
               "verb=tenant pin|service=shop|words=tenant pin ann green shop");
    cr_assert_eq(ctl_code(stage.daemon, "canary start shop 5%"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "canary abort shop"), 0);
    expect_row(&stage, "--kind canary", "verb=canary abort|outcome=done");
    cr_assert_eq(ctl_code(stage.daemon, "lock acquire shop --reason work"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "lock release shop"), 0);
    expect_row(&stage, "--kind lock", "verb=lock release|service=shop");
    cr_assert_eq(ctl_code(stage.daemon, "reload"), 0);
    expect_row(&stage, "--kind reload", "outcome=done|actor=uid=*");
    daemon_signal(stage.daemon, SIGHUP);
    cr_assert(scene_await(has_reload, &stage, 10000), "a reload by a signal has no record");
    expect_row(&stage, "--actor signal=HUP", "verb=reload|from=signal=HUP|outcome=done");
    expect_whole(&stage);
    STOP_STAGE(&stage);
}

Test(audit, reads_leave_nothing)
{
    static const char *const reads[] = { "status",     "show slots",       "history",
                                         "audit show", "plan switch shop", "audit verify",
                                         "help",       "explain" };
    struct stage stage;
    double before = 0;

    stage_open(&stage, &quiet);
    before = daemon_metric(stage.daemon, "switchyard_audit_last_seq", "");
    for (size_t i = 0; i < COUNT_OF(reads); i++)
        cr_expect_eq(ctl_code(stage.daemon, reads[i]), 0, "%s", reads[i]);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_audit_last_seq", ""), before);
    cr_expect_geq(before, 1);
    STOP_STAGE(&stage);
}

/* The target of green is down: a plain switch is refused, a forced one names the gates that it went past. */
Test(audit, gates_that_were_forced_are_named)
{
    static const char *const lines = "health { interval = \"100ms\" timeout = \"1s\" }\n";
    struct stage stage;
    char *config = NULL;

    stage_open(&stage, &(struct stage_options){ .lines = lines, .is_sick = true });
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n slot blue { "
                        "targets = { \"127.0.0.1:1\" } }\n slot green { targets = { "
                        "\"127.0.0.1:2\" } }\n%s}\n",
                        lines);
    daemon_kill(stage.daemon);
    daemon_set_config(stage.daemon, config);
    daemon_restart(stage.daemon);
    free(config);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 3);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green --force --reason emergency"), 0);
    expect_row(&stage, "--kind switch", "outcome=done|reason=emergency|bypassed=target");
    expect_whole(&stage);
    STOP_STAGE(&stage);
}

Test(audit, what_the_daemon_does_by_itself)
{
    struct stage stage;

    stage_open(&stage, &quiet);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green --confirm-within 1s"), 0);
    cr_assert(scene_await(has_record, &stage, 20000), "the way back has no record");
    expect_row(&stage, "--trigger confirm",
               "actor=switchyard|verb=rollback|service=shop|outcome=done|trigger=confirm");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

/* --- kills ----------------------------------------------------------------------------------------------------- */

struct killer {
    pid_t pid;
    uint64_t after_us;
};

static void *run_killer(void *arg)
{
    const struct killer *killer = arg;

    scene_pause_us(killer->after_us);
    kill(killer->pid, SIGKILL);
    return NULL;
}

/* Changes with numbers as reasons until the daemon is gone; the number of the last one that was answered. */
static unsigned command_until_dead(struct stage *stage, unsigned number)
{
    struct ctl_line line;
    char words[96];

    if (!ctl_open(&line, stage->daemon))
        return number;
    for (;;) {
        const char *answer = NULL;

        snprintf(words, sizeof words, "tenant pin t%u green shop --reason n%u.", number + 1,
                 number + 1);
        answer = ctl_say(&line, words, 10000);
        if (answer == NULL || strstr(answer, "done") == NULL)
            break;
        number++;
    }
    ctl_close(&line);
    return number;
}

static void expect_numbers(const struct stage *stage, unsigned from, unsigned to)
{
    struct ctl_result result = ctl_run(stage->daemon, "audit export --kind tenant");
    char part[32];

    for (unsigned i = from; i <= to; i++) {
        snprintf(part, sizeof part, "\"reason\":\"n%u.\"", i);
        cr_expect_not_null(strstr(result.out, part), "acknowledged, and no record: %u", i);
    }
    ctl_free(&result);
}

Test(audit, an_acknowledged_command_is_there_after_a_kill)
{
    unsigned rounds = (unsigned)scene_scale(8, 200);
    uint64_t random = 7112026;
    unsigned number = 0;
    struct stage stage;
    struct stage_options options = quiet;

    options.globals = anchored_globals;
    stage_open(&stage, &options);
    for (unsigned i = 0; i < rounds; i++) {
        struct killer killer = { daemon_pid(stage.daemon), 20000 + hash_random(&random) % 80000 };
        unsigned before = number;
        pthread_t thread;

        cr_assert_eq(pthread_create(&thread, NULL, run_killer, &killer), 0);
        number = command_until_dead(&stage, number);
        pthread_join(thread, NULL);
        daemon_kill(stage.daemon);
        daemon_restart(stage.daemon);
        expect_numbers(&stage, before + 1, number);
        expect_whole(&stage);
        number++; /* the one without an answer may be there */
    }
    cr_expect_gt(number, rounds * 2, "too few commands to say anything");
    STOP_STAGE(&stage);
}

/* What a kill in the middle of a write leaves: the torn line goes, and that is told. */
Test(audit, a_torn_line_is_cut_off_and_told)
{
    struct stage stage;
    char *path = NULL;
    int fd = -1;

    stage_open(&stage, &quiet);
    path = path_of(&stage, "state/audit.jsonl");
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    daemon_kill(stage.daemon);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, "{\"v\":1,\"seq\":3,\"ti", 18), 18);
    close(fd);
    daemon_restart(stage.daemon);
    expect_row(&stage, "--kind audit-repair", "actor=switchyard|note=18 bytes of a torn line*");
    expect_whole(&stage);
    free(path);
    STOP_STAGE(&stage);
}

/* --- disks ----------------------------------------------------------------------------------------------------- */

static void set_file_limit(pid_t pid, rlim_t bytes)
{
    struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

    cr_assert_eq(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0, "prlimit: %s", strerror(errno));
}

static bool is_failing(void *arg)
{
    return daemon_metric(arg, "switchyard_audit_failing", "") == 1;
}

static bool is_made_up(void *arg)
{
    return daemon_metric(arg, "switchyard_audit_queue", "") == 0 && !is_failing(arg);
}

/* Nothing can be written: a change is refused before it begins, a rollback is carried out and says volatile; later its
 * record is made up for. */
Test(audit, while_nothing_can_be_written)
{
    struct stage stage;
    struct ctl_result result;

    stage_open(&stage, &quiet);
    daemon_expect_errors(stage.daemon, disk_errors);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    set_file_limit(daemon_pid(stage.daemon), 0);
    cr_assert(scene_await(is_failing, stage.daemon, 10000));
    result = ctl_run(stage.daemon, "canary set shop 5% --reason forward");
    cr_expect_eq(result.code, 1);
    cr_expect_not_null(strstr(result.err, "gate: audit"), "%s", result.err);
    cr_expect_not_null(strstr(result.err, "not_durable"), "%s", result.err);
    ctl_free(&result);
    result = ctl_run(stage.daemon, "rollback shop --reason back");
    cr_expect_eq(result.code, 10, "%s%s", result.out, result.err);
    ctl_free(&result);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE, "a rollback waits for no record");
    set_file_limit(daemon_pid(stage.daemon), RLIM_INFINITY);
    cr_assert(scene_await(is_made_up, stage.daemon, 10000));
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0, "it does not recover");
    expect_row(&stage, "--kind rollback", "outcome=volatile|reason=back");
    expect_row(&stage, "--kind canary", "outcome=failed|fault=not_durable|gate=audit");
    expect_whole(&stage);
    STOP_STAGE(&stage);
}

/* The state folder on a small tmpfs of its own mount namespace: $3 is the configuration file. */
static const char *const on_tmpfs[] = {
    "unshare",
    "-Urm",
    "sh",
    "-c",
    "mount -t tmpfs -o size=512k,mode=0700 tmpfs \"$(dirname \"$3\")/state\" && exec \"$@\"",
    "sh",
    NULL
};

static char *fill_disk(const struct stage *stage)
{
    char *path = mem_format("/proc/%d/root%s/state/fill", (int)daemon_pid(stage->daemon),
                            daemon_folder(stage->daemon));
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    char part[4096] = { 1 };
    size_t size = sizeof part;

    cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
    while (size > 0)
        if (write(fd, part, size) < 0)
            size /= 2;
    close(fd);
    return path;
}

/* Blocks behind the end of the file take the records of what must not wait. */
Test(audit, a_full_disk_takes_the_record_of_a_rollback)
{
    struct stage_options options = quiet;
    struct stage stage;
    char *path = NULL;

    if (system("unshare -Urm true >/dev/null 2>&1") != 0) {
        scene_skip("audit::full_disk", "no user namespaces");
        return;
    }
    options.wrapper = on_tmpfs;
    stage_open(&stage, &options);
    daemon_expect_errors(stage.daemon, disk_errors);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    path = fill_disk(&stage);
    cr_expect_neq(ctl_code(stage.daemon, "switch shop --to blue"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop --reason full"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    expect_row(&stage, "--kind rollback", "outcome=done|reason=full");
    expect_row(&stage, "--kind switch", "fault=not_durable");
    cr_assert_eq(unlink(path), 0);
    cr_assert(scene_await(is_made_up, stage.daemon, 10000));
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0, "it does not recover");
    expect_whole(&stage);
    free(path);
    STOP_STAGE(&stage);
}

/* --- manipulations --------------------------------------------------------------------------------------------- */

static void expect_broken(const char *words, const char *part)
{
    struct ctl_result result = ctl_run(NULL, words);

    cr_expect_eq(result.code, 1, "%s: %s", words, result.out);
    cr_expect_not_null(strstr(result.err, part), "%s: %s", words, result.err);
    ctl_free(&result);
}

Test(audit, a_manipulated_file_is_named_with_and_without_the_daemon)
{
    struct stage_options options = quiet;
    struct stage stage;
    char *path = NULL;
    char *folder = NULL;
    char *anchor = NULL;
    char *words = NULL;
    char *bytes = NULL;
    char *spot = NULL;
    size_t size = 0;
    struct ctl_result result;

    options.globals = anchored_globals;
    stage_open(&stage, &options);
    path = path_of(&stage, "state/audit.jsonl");
    folder = path_of(&stage, "state");
    anchor = path_of(&stage, "anchor");
    for (int i = 0; i < 6; i++)
        cr_assert_eq(ctl_code(stage.daemon, "rollback shop --force --reason x"), 3);
    daemon_signal(stage.daemon, SIGTERM);
    cr_assert(daemon_await_exit(stage.daemon, 20000, NULL));
    words = mem_format("audit verify --anchor %s %s", anchor, folder);
    result = ctl_run(NULL, words);
    cr_expect_eq(result.code, 0, "%s", result.err);
    cr_expect_not_null(strstr(result.out, "are whole"));
    ctl_free(&result);
    bytes = scene_read(path, &size);
    cr_assert_not_null(bytes);
    spot = strstr(bytes, "\"seq\":4");
    cr_assert_not_null(spot);
    spot = strstr(spot, "\"outcome\":\"refused\"");
    cr_assert_not_null(spot);
    memcpy(spot, "\"outcome\":\"allowed\"", 19);
    scene_write(path, bytes, size);
    expect_broken(words, "changed at record 4");
    memcpy(spot, "\"outcome\":\"refused\"", 19);
    scene_write(path, bytes, size - 1);
    expect_broken(words, "cut at record");
    spot = memrchr(bytes, '\n', size - 1);
    scene_write(path, bytes, (size_t)(spot - bytes) + 1);
    expect_broken(words, "cut at record 9");
    daemon_restart(stage.daemon);
    expect_row(&stage, "--kind audit-repair", "actor=switchyard");
    result = ctl_run(stage.daemon, "audit verify");
    cr_expect_eq(result.code, 1);
    cr_expect_not_null(strstr(result.err, "audit_broken"), "%s", result.err);
    ctl_free(&result);
    free(bytes);
    free(words);
    free(path);
    free(folder);
    free(anchor);
    STOP_STAGE(&stage);
}

/* --- files for older tools ------------------------------------------------------------------------------------- */

struct view {
    char *path;
    const char *part;
};

static bool is_shown(void *arg)
{
    const struct view *view = arg;
    char *bytes = scene_read(view->path, NULL);
    bool is = bytes != NULL && strstr(bytes, view->part) != NULL;

    free(bytes);
    return is;
}

static void await_view(const struct stage *stage, const char *name, const char *part)
{
    struct view view = { path_of(stage, name), part };

    cr_expect(scene_await(is_shown, &view, 10000), "%s does not have %s", name, part);
    free(view.path);
}

static void expect_moves(const struct stage *stage, int count)
{
    char *path = path_of(stage, "state/compat/state.json");
    char *bytes = scene_read(path, NULL);
    cJSON *json = cJSON_Parse(bytes);
    int lines = 0;

    cr_assert_not_null(json, "%s", bytes);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "history")), count, "%s", bytes);
    cJSON_Delete(json);
    free(bytes);
    free(path);
    path = path_of(stage, "state/compat/deployments.log");
    bytes = scene_read(path, NULL);
    for (const char *at = bytes; at != NULL && (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    cr_expect_eq(lines, count, "%s", bytes);
    free(bytes);
    free(path);
}

/* What ends a canary moves no live slot, and is a move all the same. */
Test(audit, older_tools_see_the_end_of_a_canary)
{
    struct stage stage;

    stage_open(&stage, &quiet);
    cr_assert_eq(ctl_code(stage.daemon, "canary start shop --to green 5%"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "rollback shop --reason bad"), 0);
    await_view(&stage, "state/compat/deployments.log", "rollback shop: green -> blue");
    expect_moves(&stage, 1);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    await_view(&stage, "state/compat/deployments.log", "switch shop: blue -> green");
    expect_moves(&stage, 2);
    STOP_STAGE(&stage);
}

Test(audit, older_tools_see_every_switch)
{
    struct stage stage;
    cJSON *json = NULL;
    char *path = NULL;
    char *bytes = NULL;

    stage_open(&stage, &quiet);
    await_view(&stage, "state/compat/.current-environment", "blue\n");
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green --reason release"), 0);
    await_view(&stage, "state/compat/.current-environment", "green\n");
    await_view(&stage, "state/compat/deployments.log", "switch shop: blue -> green");
    path = path_of(&stage, "state/compat/state.json");
    bytes = scene_read(path, NULL);
    json = cJSON_Parse(bytes);
    cr_assert_not_null(json, "%s", bytes);
    cr_expect_str_eq(member(json, "prod"), "green");
    cr_expect_str_eq(member(json, "standby"), "blue");
    cr_expect_eq(strlen(member(json, "lastSwitch")), strlen("2026-01-02T03:04:05.678Z"));
    cr_expect_eq(cJSON_GetObjectItem(json, "switchCount")->valueint, 1);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "history")), 1);
    cr_expect_not_null(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "services"), "shop"));
    cJSON_Delete(json);
    free(bytes);
    daemon_kill(stage.daemon);
    unlink(path);
    daemon_restart(stage.daemon);
    await_view(&stage, "state/compat/state.json", "\"prod\":\"green\"");
    free(path);
    STOP_STAGE(&stage);
}
