/*
 * The write protocol against ends of the process and failing calls at every one of its calls: afterwards the old
 * state or the new one is loaded, never anything else, and one that was acknowledged is never lost.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_disk_priv.h"
#include "deploy/state_priv.h"
#include "fault_io.h"
#include "folder.h"

static char folder[64];

static void begin(void)
{
    folder_make(folder, sizeof folder);
}

static void end(void)
{
    folder_remove(folder);
}

TestSuite(state_file, .init = begin, .fini = end);

static void encode(uint64_t epoch, uint64_t generation, struct text *out)
{
    struct state *state = state_new();
    struct state_service *service = decisions_add(&state->decisions, "shop");
    struct state_picture picture = { state, &state->decisions, generation, 1, 8, 8 };

    state->decisions.epoch = epoch;
    snprintf(service->active, sizeof service->active, "%s", epoch % 2 == 0 ? "blue" : "green");
    text_init(out, 1 << 20);
    state_encode(&picture, out);
    state_free(state);
}

static struct state_file *open_folder(const struct state_io *io)
{
    struct state_file *file = NULL;
    char words[STATE_FILE_WORDS];

    cr_assert_eq(state_file_new(folder, io, &file, words), 0, "%s", words);
    return file;
}

/* The epoch on disk, 0: no file; anything else fails the test. */
static uint64_t load_epoch(struct state_file *file)
{
    struct state *state = NULL;
    char words[STATE_FILE_WORDS];
    int err = state_file_load(file, &state, words);
    uint64_t epoch = 0;

    if (err == ERR_NOT_FOUND)
        return 0;
    cr_assert_eq(err, 0, "%s: %s", err_name(err), words);
    cr_assert_eq(state->decisions.service_count, 1);
    cr_assert_str_eq(state->decisions.services[0]->active,
                     state->decisions.epoch % 2 == 0 ? "blue" : "green");
    epoch = state->decisions.epoch;
    state_free(state);
    return epoch;
}

static uint64_t disk_epoch(void)
{
    struct state_file *file = open_folder(NULL);
    uint64_t epoch = load_epoch(file);

    state_file_free(file);
    return epoch;
}

static int write_epoch(struct state_file *file, uint64_t epoch, bool *unsure)
{
    char words[STATE_FILE_WORDS] = "";
    struct text bytes;
    int err = 0;

    encode(epoch, state_file_generation(file) + 1, &bytes);
    err =
        state_file_write(file, state_file_generation(file) + 1, text_slice(&bytes), unsure, words);
    text_fini(&bytes);
    return err;
}

static int write_reserve_epoch(struct state_file *file, uint64_t epoch)
{
    char words[STATE_FILE_WORDS] = "";
    struct text bytes;
    int err = 0;

    encode(epoch, state_file_generation(file) + 1, &bytes);
    err =
        state_file_write_reserve(file, state_file_generation(file) + 1, text_slice(&bytes), words);
    text_fini(&bytes);
    return err;
}

/* Two states on disk, so that .prev exists as well: the newer one has this epoch. */
static void prepare(uint64_t epoch)
{
    struct state_file *file = open_folder(NULL);
    bool unsure = false;

    load_epoch(file);
    cr_assert_eq(write_epoch(file, epoch - 1, &unsure), 0);
    cr_assert_eq(write_epoch(file, epoch, &unsure), 0);
    cr_assert_eq(state_file_ensure_reserve(file, 1000), 0);
    state_file_free(file);
}

/* In a process of its own that ends at the plan's call: writes epochs from `first` on, acknowledging each. The
 * last acknowledged one, or 0; *finished when the plan was not reached. */
static uint64_t run_writer(uint64_t first, unsigned count, bool is_reserve,
                           const struct fault_io_plan *plan, bool *finished)
{
    int pipes[2];
    uint64_t acked = 0;
    uint64_t epoch = 0;
    int status = 0;
    pid_t child = 0;

    cr_assert_eq(pipe(pipes), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct state_file *file = open_folder(&fault_io);
        bool unsure = false;

        load_epoch(file);
        fault_io_plan = *plan;
        for (epoch = first; epoch < first + count; epoch++) {
            int err =
                is_reserve ? write_reserve_epoch(file, epoch) : write_epoch(file, epoch, &unsure);

            if (err != 0 || write(pipes[1], &epoch, sizeof epoch) != sizeof epoch)
                _exit(1);
            (void)state_file_ensure_reserve(file, 1000 * (size_t)(epoch - first + 1));
        }
        _exit(0);
    }
    close(pipes[1]);
    while (read(pipes[0], &epoch, sizeof epoch) == sizeof epoch)
        acked = epoch;
    close(pipes[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    *finished = WEXITSTATUS(status) == 0;
    cr_assert(*finished || WEXITSTATUS(status) == 137, "status %d", WEXITSTATUS(status));
    return acked;
}

/* A kill at each of the first `calls` calls; how many of them ended the process. */
static unsigned kill_everywhere(uint64_t old, bool is_reserve, enum fault_io_mode mode,
                                unsigned calls)
{
    unsigned kills = 0;

    for (unsigned at = 1; at <= calls; at++) {
        const struct fault_io_plan plan = { .mode = mode, .at = at };
        const struct fault_io_plan none = { .mode = FAULT_IO_NONE };
        bool finished = false;
        bool ignored = false;
        uint64_t acked = 0;
        uint64_t found = 0;

        folder_empty(folder);
        if (old > 0)
            prepare(old);
        acked = run_writer(old + 1, 3, is_reserve, &plan, &finished);
        kills += !finished;
        found = disk_epoch();
        cr_assert_geq(found, acked > 0 ? acked : old, "call %u: lost", at);
        cr_assert_leq(found, acked > 0 ? acked + 1 : old + 1, "call %u", at);
        /* The next start writes over whatever is lying about. */
        acked = run_writer(found + 1, 1, false, &none, &ignored);
        cr_assert_eq(acked, found + 1);
        cr_assert_eq(disk_epoch(), acked);
    }
    return kills;
}

Test(state_file, kill_at_every_call_leaves_old_or_new)
{
    cr_assert_geq(kill_everywhere(10, false, FAULT_IO_EXIT, 60), 27);
}

Test(state_file, kill_at_every_call_of_the_first_start)
{
    cr_assert_geq(kill_everywhere(0, false, FAULT_IO_EXIT, 60), 27);
}

Test(state_file, kill_in_the_middle_of_every_write)
{
    cr_assert_geq(kill_everywhere(10, false, FAULT_IO_TORN, 40), 3);
}

Test(state_file, kill_at_every_call_of_the_reserve)
{
    cr_assert_geq(kill_everywhere(10, true, FAULT_IO_EXIT, 40), 6);
    cr_assert_geq(kill_everywhere(10, true, FAULT_IO_TORN, 20), 3);
}

static void fail_one_call(enum fault_io_mode mode, unsigned at, int error_number, bool *hit)
{
    struct state_file *file = NULL;
    bool unsure = false;
    int err = 0;

    folder_empty(folder);
    prepare(10);
    file = open_folder(&fault_io);
    cr_assert_eq(load_epoch(file), 10);
    fault_io_set(mode, at, error_number);
    err = write_epoch(file, 11, &unsure);
    *hit = fault_io_plan.hits > 0;
    if (err == 0) {
        cr_assert_eq(disk_epoch(), 11, "call %u: acknowledged and not there", at);
        cr_assert(!unsure);
    } else if (!unsure) {
        cr_assert_eq(disk_epoch(), 10, "call %u: refused, and yet on disk", at);
    } else {
        uint64_t found = disk_epoch();

        cr_assert(found == 10 || found == 11);
    }
    fault_io_set(FAULT_IO_NONE, 0, 0);
    cr_assert_eq(write_epoch(file, 12, &unsure), 0, "call %u: no recovery", at);
    cr_assert_eq(disk_epoch(), 12);
    state_file_free(file);
}

Test(state_file, every_failing_call_refuses_and_the_next_write_works)
{
    static const struct {
        enum fault_io_mode mode;
        int error_number;
    } faults[] = {
        { FAULT_IO_ERROR, EIO },   { FAULT_IO_ERROR, ENOSPC }, { FAULT_IO_ERROR, EROFS },
        { FAULT_IO_BROKEN, EIO },  { FAULT_IO_BROKEN, EROFS }, { FAULT_IO_SHORT, ENOSPC },
        { FAULT_IO_ERROR, EFBIG },
    };

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        unsigned at = 1;

        for (bool hit = true; hit; at++)
            fail_one_call(faults[i].mode, at, faults[i].error_number, &hit);
        cr_assert_geq(at, 9);
    }
}

Test(state_file, a_failed_sync_is_never_an_acknowledgement)
{
    /* unlink, open, write, fsync, close, unlink, link, rename, fsync of the folder */
    static const unsigned syncs[] = { 4, 9 };

    for (size_t i = 0; i < 2; i++) {
        struct state_file *file = NULL;
        bool unsure = true;

        folder_empty(folder);
        prepare(10);
        file = open_folder(&fault_io);
        load_epoch(file);
        fault_io_set(FAULT_IO_ERROR, syncs[i], EIO);
        cr_assert_neq(write_epoch(file, 11, &unsure), 0);
        cr_assert_eq(fault_io_plan.hits, 1);
        cr_assert(!unsure);
        cr_assert_eq(disk_epoch(), 10);
        state_file_free(file);
    }
}

Test(state_file, the_reserve_takes_writes_when_no_file_can_be_made)
{
    struct state_file *file = NULL;

    prepare(10);
    file = open_folder(NULL);
    load_epoch(file);
    for (uint64_t epoch = 11; epoch < 20; epoch++) {
        cr_assert_eq(write_reserve_epoch(file, epoch), 0);
        cr_assert_eq(disk_epoch(), epoch);
    }
    state_file_free(file);
}

Test(state_file, a_reserve_whose_sync_failed_is_dead_until_it_is_made_anew)
{
    struct state_file *file = NULL;
    bool unsure = false;

    prepare(10);
    file = open_folder(&fault_io);
    load_epoch(file);
    fault_io_set(FAULT_IO_ERROR, 2, EIO); /* pwrite, fdatasync */
    cr_assert_neq(write_reserve_epoch(file, 11), 0);
    cr_assert_eq(write_reserve_epoch(file, 12), 0);
    cr_assert_eq(disk_epoch(), 12);
    fault_io_set(FAULT_IO_ERROR, 2, EIO);
    cr_assert_neq(write_reserve_epoch(file, 13), 0);
    cr_assert_neq(write_reserve_epoch(file, 14), 0);
    cr_assert_eq(state_file_reserve_size(file), 0);
    cr_assert_eq(write_epoch(file, 15, &unsure), 0);
    cr_assert_eq(state_file_ensure_reserve(file, 1000), 0);
    cr_assert_eq(write_reserve_epoch(file, 16), 0);
    cr_assert_eq(disk_epoch(), 16);
    state_file_free(file);
}

Test(state_file, a_state_longer_than_the_reserve_is_refused)
{
    struct state_file *file = NULL;
    char words[STATE_FILE_WORDS];
    char *bytes = calloc(1, 100000);

    prepare(10);
    file = open_folder(NULL);
    load_epoch(file);
    cr_assert_eq(state_file_write_reserve(file, state_file_generation(file) + 1,
                                          slice_of(bytes, 100000), words),
                 ERR_FULL);
    free(bytes);
    cr_assert_eq(disk_epoch(), 10);
    state_file_free(file);
}

Test(state_file, modes_are_narrow_and_a_missing_folder_is_made)
{
    char deep[128];
    char path[192];
    struct state_file *file = NULL;
    struct stat status;
    char words[STATE_FILE_WORDS];
    bool unsure = false;
    struct text bytes;

    umask(0);
    snprintf(deep, sizeof deep, "%s/a/b", folder);
    cr_assert_eq(state_file_new(deep, NULL, &file, words), 0, "%s", words);
    cr_assert_eq(stat(deep, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0750);
    encode(1, 1, &bytes);
    cr_assert_eq(state_file_write(file, 1, text_slice(&bytes), &unsure, words), 0);
    text_fini(&bytes);
    snprintf(path, sizeof path, "%s/state.json", deep);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0640);
    state_file_free(file);
}
