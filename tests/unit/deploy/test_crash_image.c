/*
 * Power loss: what a disk may hold when un-synced data and directory changes are lost. The calls of the write
 * protocol are recorded while they run; then, for every point in time, every legal image is put together (any
 * prefix of the directory changes since the folder was synced, un-synced data lost, halved or kept) and loaded:
 * the state is the last acknowledged one or a later one, and never damaged beyond use.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "deploy/pins_disk_priv.h"
#include "deploy/pins_log_priv.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_file_priv.h"
#include "deploy/state_priv.h"
#include "deploy/tenant_table_priv.h"
#include "deploy/writer_priv.h"
#include "folder.h"

enum { FILES = 32, NAMES = 16, EVENTS = 400, BYTES = 40000 };

enum event_kind { WROTE, SYNCED, LINKED, RENAMED, UNLINKED, FOLDER_SYNCED, ACKED };

struct event {
    enum event_kind kind;
    int file; /* WROTE, SYNCED, LINKED (to `name`) */
    char name[40];
    char from[40];
    size_t at;
    size_t len;
    char *bytes;
    uint64_t epoch; /* ACKED */
};

static struct event events[EVENTS];
static unsigned event_count;
static int file_of_fd[256]; /* 0: none, else number of the file */
static int file_count;

static char folder[64];
static char image[64];

static const char *last_part(const char *path)
{
    return strrchr(path, '/') + 1;
}

static struct event *record(enum event_kind kind)
{
    cr_assert_lt(event_count, EVENTS);
    events[event_count].kind = kind;
    return &events[event_count++];
}

/* Where a name points now, by replaying the directory changes. */
static int find_file(const char *name)
{
    int found = 0;

    for (unsigned i = 0; i < event_count; i++) {
        const struct event *event = &events[i];

        if (event->kind == LINKED && strcmp(event->name, name) == 0)
            found = event->file;
        if (event->kind == RENAMED && strcmp(event->name, name) == 0)
            found = event->file;
        if (event->kind == RENAMED && strcmp(event->from, name) == 0)
            found = 0;
        if (event->kind == UNLINKED && strcmp(event->name, name) == 0)
            found = 0;
    }
    return found;
}

static int open_seen(const char *path, int flags, mode_t mode)
{
    int fd = open(path, flags, mode);

    cr_assert(fd >= 0 && fd < 256);
    if ((flags & O_CREAT) != 0) {
        struct event *event = record(LINKED);

        event->file = ++file_count;
        snprintf(event->name, sizeof event->name, "%s", last_part(path));
    }
    file_of_fd[fd] = find_file(last_part(path));
    return fd;
}

static ssize_t record_write(int fd, const void *bytes, size_t count, size_t at)
{
    struct event *event = record(WROTE);

    event->file = file_of_fd[fd];
    event->at = at;
    event->len = count;
    event->bytes = malloc(count);
    memcpy(event->bytes, bytes, count);
    return (ssize_t)count;
}

static ssize_t write_seen(int fd, const void *bytes, size_t count)
{
    off_t at = lseek(fd, 0, SEEK_CUR);

    cr_assert_eq(write(fd, bytes, count), (ssize_t)count);
    return record_write(fd, bytes, count, (size_t)at);
}

static ssize_t pwrite_seen(int fd, const void *bytes, size_t count, off_t at)
{
    cr_assert_eq(pwrite(fd, bytes, count, at), (ssize_t)count);
    return record_write(fd, bytes, count, (size_t)at);
}

static int sync_seen(int fd)
{
    struct stat status;

    cr_assert_eq(fstat(fd, &status), 0);
    if (S_ISDIR(status.st_mode))
        record(FOLDER_SYNCED);
    else
        record(SYNCED)->file = file_of_fd[fd];
    return 0;
}

static int link_seen(const char *from, const char *to)
{
    int file = find_file(last_part(from));
    int err = link(from, to);

    if (err == 0) {
        struct event *event = record(LINKED);

        event->file = file;
        snprintf(event->name, sizeof event->name, "%s", last_part(to));
    }
    return err;
}

static int rename_seen(const char *from, const char *to)
{
    int file = find_file(last_part(from));
    int err = rename(from, to);

    if (err == 0) {
        struct event *event = record(RENAMED);

        event->file = file;
        snprintf(event->from, sizeof event->from, "%s", last_part(from));
        snprintf(event->name, sizeof event->name, "%s", last_part(to));
    }
    return err;
}

static int unlink_seen(const char *path)
{
    int err = unlink(path);

    if (err == 0)
        snprintf(record(UNLINKED)->name, sizeof events[0].name, "%s", last_part(path));
    return err;
}

static const struct state_io seen_io = {
    .open = open_seen,
    .write = write_seen,
    .pwrite = pwrite_seen,
    .fsync = sync_seen,
    .fdatasync = sync_seen,
    .close = close,
    .link = link_seen,
    .rename = rename_seen,
    .unlink = unlink_seen,
};

/* A disk at one moment. */
struct content {
    char bytes[BYTES];
    size_t len;
};

struct entry {
    char name[40];
    int file;
};

enum loss { LOSE_ALL, LOSE_MOST, LOSE_HALF, LOSE_NOTHING };

static struct content synced[FILES];
static struct content written[FILES];
static struct entry entries[NAMES];

static void put_entry(const char *name, int file)
{
    struct entry *empty = NULL;

    for (int i = 0; i < NAMES; i++) {
        if (entries[i].file != 0 && strcmp(entries[i].name, name) == 0) {
            entries[i].file = file;
            return;
        }
        if (entries[i].file == 0 && empty == NULL)
            empty = &entries[i];
    }
    if (file == 0)
        return;
    cr_assert_not_null(empty);
    snprintf(empty->name, sizeof empty->name, "%s", name);
    empty->file = file;
}

static void change_folder(const struct event *event)
{
    if (event->kind == RENAMED)
        put_entry(event->from, 0);
    put_entry(event->name, event->kind == UNLINKED ? 0 : event->file);
}

static bool is_folder_change(const struct event *event)
{
    return event->kind == LINKED || event->kind == RENAMED || event->kind == UNLINKED;
}

static void write_content(const struct event *event)
{
    struct content *content = &written[event->file];

    cr_assert_leq(event->at + event->len, BYTES);
    memcpy(content->bytes + event->at, event->bytes, event->len);
    if (event->at + event->len > content->len)
        content->len = event->at + event->len;
}

/* The disk after `upto` events, with so many folder changes after the last folder sync; how many there are. */
static unsigned build(unsigned upto, unsigned kept)
{
    unsigned folder_synced = 0;
    unsigned pending = 0;

    memset(synced, 0, sizeof synced);
    memset(written, 0, sizeof written);
    memset(entries, 0, sizeof entries);
    for (unsigned i = 0; i < upto; i++)
        if (events[i].kind == FOLDER_SYNCED)
            folder_synced = i;
    for (unsigned i = 0; i < upto; i++) {
        const struct event *event = &events[i];

        if (event->kind == WROTE)
            write_content(event);
        if (event->kind == SYNCED)
            synced[event->file] = written[event->file];
        if (!is_folder_change(event))
            continue;
        if (i > folder_synced && folder_synced > 0)
            pending++;
        if (i <= folder_synced || pending <= kept)
            change_folder(event);
    }
    return pending;
}

/* LOSE_MOST tears a state in two also inside the padding of a reserve file. */
static size_t size_kept(enum loss loss, size_t len)
{
    switch (loss) {
    case LOSE_ALL: return 0;
    case LOSE_MOST: return len < 150 ? len / 2 : 150;
    case LOSE_HALF: return len / 2;
    case LOSE_NOTHING: break;
    }
    return len;
}

static void write_image(enum loss loss)
{
    folder_empty(image);
    for (int i = 0; i < NAMES; i++) {
        struct content mixed = written[entries[i].file];
        size_t keep = size_kept(loss, mixed.len);
        char path[128];
        FILE *file = NULL;

        if (entries[i].file == 0)
            continue;
        if (keep < mixed.len) { /* the first part new, the rest as it was synced */
            const struct content *old = &synced[entries[i].file];

            memcpy(mixed.bytes + keep, old->bytes + keep, BYTES - keep);
            mixed.len = old->len > keep ? old->len : keep;
        }
        snprintf(path, sizeof path, "%.60s/%.39s", image, entries[i].name);
        file = fopen(path, "w");
        cr_assert_not_null(file);
        cr_assert_eq(fwrite(mixed.bytes, 1, mixed.len, file), mixed.len);
        fclose(file);
    }
}

/* Each epoch of the test with pins has one pin more. */
static void check_pins(struct state_file *file, const struct state *state, const char *what)
{
    struct tenant_table table;
    struct pins_stretch first;
    char words[STATE_FILE_WORDS] = "";
    int err = 0;

    if (state == NULL || state->decisions.service_count == 0)
        return;
    tenant_table_init(&table, 1);
    err = pins_disk_read(file, &state->decisions.services[0]->pins, &table, &first, words);
    cr_assert_eq(err, 0, "%s: %s", what, words);
    cr_assert_eq(table.decided, state->decisions.epoch, "%s", what);
    tenant_table_fini(&table);
}

static uint64_t load_image(const char *what)
{
    struct state_file *file = NULL;
    struct state *state = NULL;
    char words[STATE_FILE_WORDS];
    uint64_t epoch = 0;
    int err = 0;

    cr_assert_eq(state_file_new(image, NULL, &file, words), 0);
    err = state_file_load(file, &state, words);
    cr_assert(err == 0 || err == ERR_NOT_FOUND, "%s: %s %s", what, err_name(err), words);
    epoch = state != NULL ? state->decisions.epoch : 0;
    check_pins(file, state, what);
    state_free(state);
    state_file_free(file);
    return epoch;
}

static unsigned check_images(void)
{
    unsigned images = 0;
    uint64_t acked = 0;

    for (unsigned upto = 1; upto <= event_count; upto++) {
        unsigned pending = build(upto, 0);

        if (events[upto - 1].kind == ACKED)
            acked = events[upto - 1].epoch;
        for (unsigned kept = 0; kept <= pending; kept++)
            for (int loss = LOSE_ALL; loss <= LOSE_NOTHING; loss++) {
                char what[64];
                uint64_t epoch = 0;

                build(upto, kept);
                write_image((enum loss)loss);
                snprintf(what, sizeof what, "event %u, %u of %u changes, loss %d", upto, kept,
                         pending, loss);
                epoch = load_image(what);
                cr_assert(epoch == acked || epoch == acked + 1, "%s: epoch %u, acked %u", what,
                          (unsigned)epoch, (unsigned)acked);
                images++;
            }
    }
    return images;
}

static void write_epoch(struct state_file *file, uint64_t epoch, bool is_reserve)
{
    struct state *state = state_new();
    uint64_t generation = state_file_generation(file) + 1;
    struct state_picture picture = { state, &state->decisions, generation, 1, 8, 8 };
    struct text bytes;
    char words[STATE_FILE_WORDS];
    bool unsure = false;

    state->decisions.epoch = epoch;
    text_init(&bytes, 1 << 20);
    state_encode(&picture, &bytes);
    if (is_reserve)
        cr_assert_eq(state_file_write_reserve(file, generation, text_slice(&bytes), words), 0);
    else
        cr_assert_eq(state_file_write(file, generation, text_slice(&bytes), &unsure, words), 0);
    record(ACKED)->epoch = epoch;
    text_fini(&bytes);
    state_free(state);
}

Test(crash_image, every_legal_image_has_the_acknowledged_state_or_the_next)
{
    struct state_file *file = NULL;
    struct state *state = NULL;
    char words[STATE_FILE_WORDS];

    folder_make(folder, sizeof folder);
    folder_make(image, sizeof image);
    cr_assert_eq(state_file_new(folder, &seen_io, &file, words), 0);
    cr_assert_eq(state_file_load(file, &state, words), ERR_NOT_FOUND);
    write_epoch(file, 1, false);
    cr_assert_eq(state_file_ensure_reserve(file, 1000), 0);
    write_epoch(file, 2, false);
    write_epoch(file, 3, false);
    write_epoch(file, 4, true);
    write_epoch(file, 5, true);
    write_epoch(file, 6, true);
    cr_assert_eq(state_file_ensure_reserve(file, 1000), 0);
    write_epoch(file, 7, false);
    cr_assert_eq(state_file_ensure_reserve(file, 9000), 0);
    write_epoch(file, 8, true);
    cr_assert_geq(check_images(), 300);
    state_file_free(file);
    for (unsigned i = 0; i < event_count; i++)
        free(events[i].bytes);
    folder_remove(folder);
    folder_remove(image);
}

/* One pin more, behind the lines of the file or in a file of its own. */
static void write_pin(struct state_file *file, struct tenant_table *table, struct state_pins *pins,
                      bool is_new)
{
    static struct pins_stretch first;
    static uint64_t epoch;
    struct writer_job *job = writer_job_new(WRITER_STATE);
    struct state *state = state_new();
    struct state_picture picture = { state, &state->decisions, 0, 1, 8, 8 };
    struct pins_write *write = NULL;
    char id[16];

    snprintf(id, sizeof id, "t%u", (unsigned)++epoch);
    if (is_new) {
        *pins = (struct state_pins){ 0 };
        cr_assert(pins_log_name("shop", epoch, pins->file, sizeof pins->file));
    }
    write = pins_write_new(NULL, pins->file);
    write->is_new = is_new;
    write->table = is_new ? table : NULL;
    write->at = PINS_LOG_HEAD + first.bytes + pins->added.bytes;
    pins_log_add(&write->lines, &pins->added, TENANT_OP_PIN, slice_from(id), "blue");
    STAILQ_INSERT_TAIL(&job->pins, write, link);
    state->decisions.epoch = epoch;
    snprintf(decisions_add(&state->decisions, "shop")->active, 8, "blue");
    state->decisions.services[0]->pins = *pins;
    job->generation = picture.generation = state_file_generation(file) + 1;
    state_encode(&picture, &job->bytes);
    pins_disk_names(&state->decisions, &job->pins_files);
    cr_assert_eq(writer_write_state(file, job), 0, "%s", job->words);
    record(ACKED)->epoch = epoch;
    if (is_new)
        first = write->first;
    cr_assert_eq(tenant_table_apply(table, TENANT_OP_PIN, slice_from(id), "blue"), 0);
    state_free(state);
    writer_job_free(job);
}

Test(crash_image, pins_are_those_of_the_state)
{
    struct state_file *file = NULL;
    struct state *state = NULL;
    struct tenant_table table;
    struct state_pins pins = { 0 };
    char words[STATE_FILE_WORDS];

    folder_make(folder, sizeof folder);
    folder_make(image, sizeof image);
    tenant_table_init(&table, 1);
    cr_assert_eq(state_file_new(folder, &seen_io, &file, words), 0);
    cr_assert_eq(state_file_load(file, &state, words), ERR_NOT_FOUND);
    for (int i = 0; i < 12; i++)
        write_pin(file, &table, &pins, i % 4 == 0 || i == 9);
    cr_assert_geq(check_images(), 300);
    state_file_free(file);
    tenant_table_fini(&table);
    for (unsigned i = 0; i < event_count; i++)
        free(events[i].bytes);
    folder_remove(folder);
    folder_remove(image);
}
