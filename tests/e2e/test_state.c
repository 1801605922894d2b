/*
 * Durable state. R5: kill -9 at random moments while switches run; R6: killed at every system call of the state
 * path; R7: fsync fails; R8: the disk is full, writing is limited, the file system is read-only; R9: fsync takes
 * two seconds; and a damaged file at start. Always: an acknowledged command survives, nothing is half done.
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
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"
#include "support/strace.h"

static const struct stage_options quiet = { .lines = "health { enabled = false }\n" };
static const char *const state_errors[] = { "state", NULL };

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

/* What is known about the switches of one life of the daemon. */
struct ledger {
    int acknowledged; /* slot of the last answer */
    int asked;        /* slot of a switch without an answer, or 0 */
    double epoch;     /* of the last answer */
    unsigned count;
};

static void switch_until_dead(struct stage *stage, struct ledger *ledger)
{
    struct ctl_line line;

    ledger->asked = 0;
    if (!ctl_open(&line, stage->daemon))
        return;
    for (;;) {
        struct load_switch entry;
        bool to_green = ledger->acknowledged == LOAD_SLOT_BLUE;

        if (!stage_switch(&line, to_green ? "green" : "blue", &entry)) {
            ledger->asked = entry.slot;
            break;
        }
        ledger->acknowledged = entry.slot;
        ledger->count++;
    }
    ctl_close(&line);
}

static void expect_one_of(struct stage *stage, const struct ledger *ledger, unsigned round)
{
    int slot = stage_probe(stage);

    cr_expect(slot == ledger->acknowledged || (ledger->asked != 0 && slot == ledger->asked),
              "round %u: on slot %d, acknowledged %d, asked %d", round, slot, ledger->acknowledged,
              ledger->asked);
}

Test(state, r5_killed_at_random)
{
    unsigned rounds = (unsigned)scene_scale(40, 500);
    uint64_t random = 20261121;
    struct ledger ledger = { .acknowledged = LOAD_SLOT_BLUE };
    struct stage stage;

    stage_open(&stage, &quiet);
    for (unsigned i = 0; i < rounds; i++) {
        struct killer killer = { daemon_pid(stage.daemon), hash_random(&random) % 50000 };
        pthread_t thread;

        cr_assert_eq(pthread_create(&thread, NULL, run_killer, &killer), 0);
        switch_until_dead(&stage, &ledger);
        pthread_join(thread, NULL);
        daemon_kill(stage.daemon);
        daemon_restart(stage.daemon);
        expect_one_of(&stage, &ledger, i);
        ledger.acknowledged = stage_probe(&stage);
    }
    fprintf(stderr, "R5: %u kills, %u acknowledged switches\n", rounds, ledger.count);
    cr_expect(ledger.count > rounds / 4, "too few switches to say anything");
    STOP_STAGE(&stage);
}

static bool is_dead(void *arg)
{
    return !daemon_is_alive(arg);
}

/* One switch with an injected kill; false when the call was never reached. */
static bool kill_at(struct stage *stage, const char *call, unsigned number, unsigned *bad)
{
    char *inject = mem_format("%s:signal=KILL:when=%u", call, number);
    struct strace strace;
    struct ctl_line line;
    struct load_switch entry;
    int before = stage_probe(stage);
    int after = 0;
    bool done = false;
    bool was_killed = false;

    cr_assert(ctl_open(&line, stage->daemon));
    strace_attach(&strace, daemon_pid(stage->daemon), call, inject);
    done = stage_switch(&line, before == LOAD_SLOT_BLUE ? "green" : "blue", &entry);
    /* without an answer it is dying; after one, what follows the answer may still be reached */
    was_killed = scene_await(is_dead, stage->daemon, done ? 100 : 5000);
    if (!was_killed)
        strace_detach(&strace);
    daemon_kill(stage->daemon);
    if (was_killed)
        strace_detach(&strace);
    ctl_close(&line);
    free(inject);
    daemon_restart(stage->daemon);
    after = stage_probe(stage);
    if (done ? after != entry.slot : after != before && after != entry.slot) {
        (*bad)++;
        cr_expect(false, "%s number %u: before %d, asked %d, %s, after %d", call, number, before,
                  entry.slot, done ? "acknowledged" : "no answer", after);
    }
    return was_killed;
}

Test(state, r6_killed_at_every_system_call)
{
    static const char *const calls[] = { "openat", "write",    "pwrite64",  "fsync",    "fdatasync",
                                         "rename", "renameat", "renameat2", "unlink",   "unlinkat",
                                         "link",   "linkat",   "close",     "ftruncate" };
    unsigned most = (unsigned)scene_scale(8, 60);
    unsigned points = 0;
    unsigned bad = 0;
    struct stage stage;

    if (!strace_is_usable("state::r6"))
        return;
    stage_open(&stage, &quiet);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        unsigned number = 1;

        while (number <= most && kill_at(&stage, calls[i], number, &bad))
            number++;
        points += number - 1;
    }
    fprintf(stderr, "R6: killed at %u points, %u bad\n", points, bad);
    cr_expect(points >= 4, "hardly any point was reached");
    STOP_STAGE(&stage);
}

/* A failed fsync, of the file or of its folder: the command fails and nothing has changed, in memory or on disk; the
 * next one takes a new file and works. */
static void check_failed_fsync(const char *inject)
{
    struct strace strace;
    struct stage stage;
    struct ctl_result result;
    double epoch = 0;

    stage_open(&stage, &quiet);
    daemon_expect_errors(stage.daemon, state_errors);
    epoch = stage_epoch(&stage);
    strace_attach(&strace, daemon_pid(stage.daemon), "fsync,fdatasync", inject);
    result = ctl_run(stage.daemon, "switch shop --to green");
    cr_expect_neq(result.code, 0, "%s: a switch was acknowledged", inject);
    cr_expect(strstr(result.err, "urable") != NULL || strstr(result.err, "rite") != NULL ||
                  strstr(result.err, "disk") != NULL,
              "%s: the words do not say why: %s", inject, result.err);
    ctl_free(&result);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE, "%s: the failed switch took effect", inject);
    cr_expect_eq(stage_epoch(&stage), epoch, "%s: the epoch moved", inject);
    strace_detach(&strace);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE, "%s: the failed switch was on disk", inject);
    strace_attach(&strace, daemon_pid(stage.daemon), "fsync,fdatasync", inject);
    cr_expect_neq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0, "the second one must work");
    strace_detach(&strace);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN, "%s: an acknowledged switch was lost",
                 inject);
    STOP_STAGE(&stage);
}

Test(state, r7_fsync_of_the_file_fails)
{
    if (strace_is_usable("state::r7_file"))
        check_failed_fsync("fsync,fdatasync:error=EIO:when=1");
}

Test(state, r7_fsync_of_the_folder_fails)
{
    if (strace_is_usable("state::r7_folder"))
        check_failed_fsync("fsync,fdatasync:error=EIO:when=2");
}

Test(state, r7_rename_fails)
{
    struct strace strace;
    struct stage stage;

    if (!strace_is_usable("state::r7_rename"))
        return;
    stage_open(&stage, &quiet);
    daemon_expect_errors(stage.daemon, state_errors);
    strace_attach(&strace, daemon_pid(stage.daemon), "rename,renameat,renameat2",
                  "rename,renameat,renameat2:error=EIO:when=1");
    cr_expect_neq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    strace_detach(&strace);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    STOP_STAGE(&stage);
}

/* Traffic must not notice any of it; a switch is refused with a reason, a rollback is done. */
static void expect_disk_trouble(struct stage *stage, const char *name)
{
    struct load *load = load_start(&(struct load_options){ .front = daemon_front(stage->daemon),
                                                           .keep_alive = 8,
                                                           .one_shot = 2,
                                                           .rate = 500,
                                                           .seed = 81 });
    uint64_t began = 0;
    struct ctl_result result;

    cr_expect(load_await_count(load, 50, 10000));
    result = ctl_run(stage->daemon, "switch shop --to blue");
    cr_expect_neq(result.code, 0, "%s: a switch was acknowledged", name);
    cr_expect(result.err[0] != '\0', "%s: refused without a reason", name);
    ctl_free(&result);
    cr_expect_eq(stage_probe(stage), LOAD_SLOT_GREEN, "%s: the refused switch took effect", name);
    began = clock_monotonic_us();
    result = ctl_run(stage->daemon, "rollback shop");
    cr_expect(result.code == 0 || result.code == 10, "%s: rollback: exit %d: %s%s", name,
              result.code, result.out, result.err);
    cr_expect(clock_monotonic_us() - began < 2000000, "%s: rollback took too long", name);
    ctl_free(&result);
    cr_expect_eq(stage_probe(stage), LOAD_SLOT_BLUE, "%s: the rollback had no effect", name);
    load_finish(load);
    cr_expect_eq(load_failed(load), 0, "%s: traffic suffered", name);
    load_free(load);
}

static void set_file_limit(pid_t pid, rlim_t bytes)
{
    struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

    cr_assert_eq(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0, "prlimit: %s", strerror(errno));
}

Test(state, r8_file_size_limit)
{
    struct stage stage;

    stage_open(&stage, &quiet);
    daemon_expect_errors(stage.daemon, state_errors);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    set_file_limit(daemon_pid(stage.daemon), 0);
    expect_disk_trouble(&stage, "file size limit");
    set_file_limit(daemon_pid(stage.daemon), RLIM_INFINITY);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0, "it does not recover");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    STOP_STAGE(&stage);
}

/* The state folder on a small tmpfs of its own mount namespace: $3 is the configuration file. */
static const char *const on_tmpfs[] = {
    "unshare",
    "-Urm",
    "sh",
    "-c",
    "mount -t tmpfs -o size=256k,mode=0700 tmpfs \"$(dirname \"$3\")/state\" && exec \"$@\"",
    "sh",
    NULL
};

static bool can_unshare(const char *name)
{
    if (system("unshare -Urm true >/dev/null 2>&1") == 0)
        return true;
    scene_skip(name, "no user namespaces");
    return false;
}

/* Fills the file system that the daemon sees to the last byte. */
static char *fill_disk(const struct stage *stage)
{
    char *path = mem_format("/proc/%d/root%s/state/fill", (int)daemon_pid(stage->daemon),
                            daemon_folder(stage->daemon));
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    char part[4096] = { 1 };
    size_t size = sizeof part;

    cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
    while (size > 0) {
        if (write(fd, part, size) < 0)
            size /= 2;
    }
    close(fd);
    return path;
}

Test(state, r8_full_disk)
{
    struct stage_options options = quiet;
    struct stage stage;
    char *path = NULL;

    if (!can_unshare("state::r8_full_disk"))
        return;
    options.wrapper = on_tmpfs;
    stage_open(&stage, &options);
    daemon_expect_errors(stage.daemon, state_errors);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    path = fill_disk(&stage);
    expect_disk_trouble(&stage, "full disk");
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0, "it does not recover");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    free(path);
    STOP_STAGE(&stage);
}

static void remount(const struct stage *stage, const char *mode)
{
    char *command =
        mem_format("nsenter -t %d -U --preserve-credentials -m mount -o remount,%s %s/state",
                   (int)daemon_pid(stage->daemon), mode, daemon_folder(stage->daemon));

    cr_assert_eq(system(command), 0, "%s", command);
    free(command);
}

Test(state, r8_read_only)
{
    struct stage_options options = quiet;
    struct stage stage;

    if (!can_unshare("state::r8_read_only"))
        return;
    options.wrapper = on_tmpfs;
    stage_open(&stage, &options);
    daemon_expect_errors(stage.daemon, state_errors);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    /* history.jsonl may be held open for writing; then the kernel refuses to remount */
    {
        char *command = mem_format("nsenter -t %d -U --preserve-credentials -m mount -o remount,ro "
                                   "%s/state 2>/dev/null",
                                   (int)daemon_pid(stage.daemon), daemon_folder(stage.daemon));
        int status = system(command);

        free(command);
        if (status != 0) {
            scene_skip("state::r8_read_only", "the folder is busy");
            STOP_STAGE(&stage);
            return;
        }
    }
    expect_disk_trouble(&stage, "read-only");
    remount(&stage, "rw");
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0, "it does not recover");
    STOP_STAGE(&stage);
}

/* fsync takes two seconds: answers wait for it, traffic does not. */
Test(state, r9_slow_fsync)
{
    /* the leak checker cannot work while it is traced */
    const char *asan = getenv("ASAN_OPTIONS");
    char *calm_asan = mem_format("ASAN_OPTIONS=%s%sdetect_leaks=0", asan != NULL ? asan : "",
                                 asan != NULL ? ":" : "");
    const char *const slow[] = { "env",
                                 calm_asan,
                                 "strace",
                                 "-f",
                                 "--seccomp-bpf",
                                 "-qq",
                                 "-o",
                                 "/dev/null",
                                 "-e",
                                 "trace=fsync,fdatasync",
                                 "-e",
                                 "inject=fsync,fdatasync:delay_enter=1000000",
                                 "setpriv",
                                 "--pdeathsig",
                                 "KILL",
                                 NULL };
    struct stage_options options = quiet;
    struct stage stage;
    struct load *load = NULL;
    uint64_t marks[3];
    uint64_t calm = 0;
    uint64_t busy = 0;

    if (!strace_is_usable("state::r9")) {
        free(calm_asan);
        return;
    }
    options.wrapper = slow;
    stage_open(&stage, &options);
    load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                              .keep_alive = 16,
                                              .one_shot = 4,
                                              .rate = 500,
                                              .seed = 91 });
    marks[0] = clock_monotonic_us();
    cr_expect(load_await_count(load, 1000, 20000));
    marks[1] = clock_monotonic_us();
    for (int i = 0; i < 3; i++) {
        uint64_t began = clock_monotonic_us();

        cr_expect_eq(
            ctl_code(stage.daemon, i % 2 == 0 ? "switch shop --to green" : "switch shop --to blue"),
            0);
        cr_expect(clock_monotonic_us() - began >= 900000, "acknowledged before it was durable");
    }
    marks[2] = clock_monotonic_us();
    load_finish(load);
    calm = load_percentile_us(load, 0.99, marks[0], marks[1]);
    busy = load_percentile_us(load, 0.99, marks[1], marks[2]);
    fprintf(stderr, "R9: p99 %llu us before, %llu us during slow fsync\n", (unsigned long long)calm,
            (unsigned long long)busy);
    cr_expect_eq(load_failed(load), 0);
    cr_expect(busy < 600000, "traffic waited for the disk");
    load_free(load);
    STOP_STAGE(&stage);
    free(calm_asan);
}

/* Every way of damaging state.json: the daemon starts on the state before it, or refuses in words; it never starts
 * empty. */
Test(state, damaged_file_at_start)
{
    struct stage stage;
    char *path = NULL;
    char *good = NULL;
    size_t size = 0;
    unsigned refused = 0;
    unsigned started = 0;

    stage_open(&stage, &quiet);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to blue"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    path = mem_format("%s/state/state.json", daemon_folder(stage.daemon));
    daemon_kill(stage.daemon);
    good = scene_read(path, &size);
    cr_assert(good != NULL && size > 10, "there is no state.json");
    for (size_t i = 0; i < 12; i++) {
        char *bad = mem_alloc(size);
        size_t kept = i < 8 ? size : size * (i - 8) / 4;
        int status = 0;

        memcpy(bad, good, size);
        if (i < 8)
            bad[size * i / 8 + 1] ^= 0x04;
        scene_write(path, bad, kept);
        free(bad);
        if (daemon_try_restart(stage.daemon, &status)) {
            int slot = stage_probe(&stage);

            started++;
            cr_expect(slot == LOAD_SLOT_BLUE || slot == LOAD_SLOT_GREEN, "damage %zu: slot %d", i,
                      slot);
            cr_expect(daemon_await_log(stage.daemon, "state", 2000),
                      "damage %zu: started without a word about it", i);
            daemon_kill(stage.daemon);
        } else {
            refused++;
            cr_expect(WIFEXITED(status) && WEXITSTATUS(status) != 0, "damage %zu: status 0x%x", i,
                      (unsigned)status);
        }
    }
    fprintf(stderr, "damaged state: %u starts, %u refusals\n", started, refused);
    scene_write(path, good, size);
    daemon_expect_errors(stage.daemon, state_errors);
    daemon_restart(stage.daemon);
    free(good);
    free(path);
    STOP_STAGE(&stage);
}

/* All files damaged: refused with a code of its own and words; with --accept-empty-state not at all is tested in
 * the unit of the loader. */
Test(state, everything_damaged_is_refused)
{
    struct stage stage;
    static const char *const files[] = { "state.json", "state.json.prev", "state.reserve" };
    int status = 0;

    stage_open(&stage, &quiet);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(
            ctl_code(stage.daemon, i % 2 == 0 ? "switch shop --to green" : "switch shop --to blue"),
            0);
    daemon_kill(stage.daemon);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char *path = mem_format("%s/state/%s", daemon_folder(stage.daemon), files[i]);

        if (scene_exists(path))
            scene_write(path, "{\"format\":1,\"broken", 19);
        free(path);
    }
    daemon_expect_errors(stage.daemon, state_errors);
    cr_expect(!daemon_try_restart(stage.daemon, &status), "it started on damaged state");
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 78, "status 0x%x, wanted exit 78",
              (unsigned)status);
    STOP_STAGE(&stage);
}

/* A decision survives an orderly restart too, and the configuration's `active` does not undo it. */
Test(state, survives_a_restart)
{
    static const struct stage_options options = {
        .lines = "active = \"blue\"\n health { enabled = false }\n"
    };
    struct stage stage;
    double epoch = 0;
    int status = 0;

    stage_open(&stage, &options);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    epoch = stage_epoch(&stage);
    daemon_signal(stage.daemon, SIGTERM);
    cr_assert(daemon_await_exit(stage.daemon, 20000, &status));
    cr_expect_eq(status, 0);
    daemon_restart(stage.daemon);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    cr_expect(stage_epoch(&stage) >= epoch, "the epoch went back");
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0, "what to go back to was forgotten");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}
