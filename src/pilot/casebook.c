/*
 * See pilot/casebook.h. The index (all but the records) is in memory; a case that could not be written stays in it
 * until newer ones push it out, and says so.
 */
#include "pilot/casebook.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/clerk.h"
#include "pilot/casebook_disk_priv.h"

enum { WRITES_MAX = 32 }; /* that wait: a folder may take its time, or hang */

/* Owner: the casebook. */
struct case_row {
    TAILQ_ENTRY(case_row) link;
    struct decision decision;
    bool has_file;  /* or will have one: its write is on the way */
    uint64_t bytes; /* of the file; 0: there is none, or not yet */
};
TAILQ_HEAD(case_rows, case_row);

struct casebook {
    struct casebook_options options;
    char *folder;
    struct case_rows rows; /* newest first */
    unsigned count;
    uint64_t bytes;
    uint64_t last_id;
    struct casebook_stats stats;
    bool is_failing;
    unsigned writes; /* on the way, removals aside */
    struct clerk *writing;
    struct clerk *reading;
};

static void insert_row(struct casebook *casebook, struct case_row *row)
{
    struct case_row *newer = NULL;
    struct case_row *at = NULL;

    TAILQ_FOREACH(at, &casebook->rows, link)
    {
        if (at->decision.id < row->decision.id)
            break;
        newer = at;
    }
    if (newer != NULL)
        TAILQ_INSERT_AFTER(&casebook->rows, newer, row, link);
    else
        TAILQ_INSERT_HEAD(&casebook->rows, row, link);
    casebook->count++;
    casebook->bytes += row->bytes;
}

static struct case_row *find_row(const struct casebook *casebook, uint64_t id)
{
    struct case_row *row = NULL;

    TAILQ_FOREACH(row, &casebook->rows, link)
    if (row->decision.id == id)
        return row;
    return NULL;
}

/* --- the start ------------------------------------------------------------------------------- */

static void load_file(struct casebook *casebook, const char *name)
{
    struct case_row *row = NULL;
    char path[512];
    char words[CASEBOOK_WORDS];
    bool is_fresh = false;
    uint64_t id = casebook_disk_id(name, &is_fresh);

    snprintf(path, sizeof path, "%.200s/%.255s", casebook->folder, name);
    if (is_fresh && id > 0) {
        (void)unlink(path); /* never finished: nobody knows of it */
        return;
    }
    if (id > casebook->last_id)
        casebook->last_id = id; /* also of a torn one: it was given out */
    row = mem_zalloc(sizeof *row);
    if (id == 0)
        snprintf(words, sizeof words, "%.200s is no decision; it does not belong there", path);
    else if (casebook_disk_read(path, &row->decision, &row->bytes, words) == 0 &&
             row->decision.id == id) {
        row->has_file = true;
        insert_row(casebook, row);
        return;
    } else if (row->decision.id != 0)
        snprintf(words, sizeof words, "%.200s holds another decision than its name says", path);
    LOG_WARN("decision_skipped", "words=\"%s\"", words);
    free(row);
}

static int load_folder(struct casebook *casebook, char *words, unsigned words_size)
{
    DIR *folder = NULL;
    const struct dirent *entry = NULL;

    if (mkdir(casebook->folder, 0700) != 0 && errno != EEXIST) {
        snprintf(words, words_size, "cannot make %.200s: %s", casebook->folder, strerror(errno));
        return ERR_IO;
    }
    folder = opendir(casebook->folder);
    if (folder == NULL) {
        snprintf(words, words_size, "cannot read %.200s: %s", casebook->folder, strerror(errno));
        return ERR_IO;
    }
    while ((entry = readdir(folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            load_file(casebook, entry->d_name);
    closedir(folder);
    return 0;
}

/* --- writing --------------------------------------------------------------------------------- */

struct write_task {
    struct casebook *casebook;
    struct decision decision; /* of a removal only the id counts */
    char *record;
    bool is_removal;
    uint64_t size;
    int err;
    char words[CASEBOOK_WORDS];
};

static void run_write(void *arg, const _Atomic bool *is_cut)
{
    struct write_task *task = arg;
    const struct casebook *casebook = task->casebook; /* only what never changes */
    char path[256];

    (void)is_cut; /* what was decided is written in any case */
    if (!task->is_removal) {
        task->err = casebook_disk_write(casebook->folder, &task->decision,
                                        slice_of(task->record, (size_t)task->decision.record_bytes),
                                        &task->size, task->words);
        return;
    }
    casebook_disk_path(casebook->folder, task->decision.id, path, sizeof path);
    if (unlink(path) != 0 && errno != ENOENT) {
        task->err = ERR_IO;
        snprintf(task->words, sizeof task->words, "cannot remove %.200s: %s", path,
                 strerror(errno));
    }
}

static void note_failure(struct casebook *casebook, const char *words)
{
    casebook->stats.write_errors++;
    if (casebook->is_failing)
        return;
    casebook->is_failing = true;
    LOG_ERROR("decision_not_written", "words=\"%s\"", words);
    if (casebook->options.trouble != NULL)
        casebook->options.trouble(casebook->options.arg, words);
}

static void submit_write(struct casebook *casebook, struct write_task *task);

static void remove_row(struct casebook *casebook, struct case_row *row)
{
    struct write_task *task = NULL;

    TAILQ_REMOVE(&casebook->rows, row, link);
    casebook->count--;
    casebook->bytes -= row->bytes;
    if (row->has_file) {
        task = mem_zalloc(sizeof *task);
        task->is_removal = true;
        task->decision.id = row->decision.id;
        submit_write(casebook, task);
    }
    free(row);
}

/* The newest one stays, however large it is. */
static void keep_bounds(struct casebook *casebook)
{
    struct case_row *oldest = TAILQ_LAST(&casebook->rows, case_rows);

    while (oldest != NULL && casebook->count > 1 &&
           (casebook->count > casebook->options.files_max ||
            casebook->bytes > casebook->options.bytes_max)) {
        struct case_row *newer = TAILQ_PREV(oldest, case_rows, link);

        remove_row(casebook, oldest);
        oldest = newer;
    }
}

static void on_written(void *arg, bool was_run)
{
    struct write_task *task = arg;
    struct casebook *casebook = task->casebook;
    struct case_row *row = NULL;

    (void)was_run; /* this thread drops nothing */
    casebook->writes -= !task->is_removal;
    if (task->err != 0) {
        note_failure(casebook, task->words);
    } else if (!task->is_removal) {
        casebook->is_failing = false;
        row = find_row(casebook, task->decision.id);
    }
    if (row != NULL) {
        row->bytes = task->size;
        casebook->bytes += task->size;
        if (casebook->writing != NULL) /* else it ends; the next start keeps the bounds */
            keep_bounds(casebook);
    }
    free(task->record);
    free(task);
}

static void submit_write(struct casebook *casebook, struct write_task *task)
{
    task->casebook = casebook;
    casebook->writes += !task->is_removal;
    clerk_add(casebook->writing,
              &(struct clerk_task){ .run = run_write, .done = on_written, .arg = task });
}

/* Takes the record. What the folder does not keep up with is in memory only, without its record. */
static void write_row(struct casebook *casebook, struct case_row *row, void *record)
{
    struct write_task *task = NULL;

    if (casebook->writes >= WRITES_MAX) {
        row->decision.record_bytes = 0;
        free(record);
        note_failure(casebook, "too many decisions wait to be written: does the disk hang?");
        return;
    }
    task = mem_zalloc(sizeof *task);
    task->decision = row->decision;
    task->record = record;
    row->has_file = true;
    submit_write(casebook, task);
}

uint64_t casebook_add(struct casebook *casebook, const struct decision *decision, void *record,
                      uint64_t record_bytes)
{
    struct case_row *row = mem_zalloc(sizeof *row);

    if (record_bytes > casebook->options.bytes_max / 2) {
        LOG_WARN("decision_record_too_large", "bytes=%" PRIu64, record_bytes);
        free(record);
        record = NULL;
        record_bytes = 0;
    }
    row->decision = *decision;
    row->decision.id = ++casebook->last_id;
    row->decision.record_bytes = record != NULL ? record_bytes : 0;
    casebook->stats.added[decision->action]++;
    insert_row(casebook, row);
    write_row(casebook, row, record);
    keep_bounds(casebook);
    return casebook->last_id;
}

/* --- reading --------------------------------------------------------------------------------- */

struct study_task {
    struct casebook_study study;
    char path[256];
    char words[CASEBOOK_WORDS];
    int err;
};

static void run_study(void *arg, const _Atomic bool *is_cut)
{
    struct study_task *task = arg;
    char *record = NULL;
    uint64_t bytes = 0;

    task->err = casebook_disk_read_record(task->path, &record, &bytes, task->words);
    if (task->err == 0)
        task->study.run(task->study.arg, slice_of(record, (size_t)bytes), is_cut);
    free(record);
}

static void on_studied(void *arg, bool was_run)
{
    struct study_task *task = arg;
    const char *failure = task->err != 0 ? task->words : NULL;

    task->study.done(task->study.arg, was_run ? failure : "the daemon ends");
    free(task);
}

void casebook_study(struct casebook *casebook, uint64_t id, const struct casebook_study *study)
{
    struct study_task *task = mem_zalloc(sizeof *task);

    task->study = *study;
    casebook_disk_path(casebook->folder, id, task->path, sizeof task->path);
    clerk_add(casebook->reading,
              &(struct clerk_task){ .run = run_study, .done = on_studied, .arg = task });
}

/* --- the rest -------------------------------------------------------------------------------- */

const struct decision *casebook_at(const struct casebook *casebook, unsigned index)
{
    const struct case_row *row = TAILQ_FIRST(&casebook->rows);

    while (row != NULL && index-- > 0)
        row = TAILQ_NEXT(row, link);
    return row != NULL ? &row->decision : NULL;
}

const struct decision *casebook_find(const struct casebook *casebook, uint64_t id)
{
    const struct case_row *row = find_row(casebook, id);

    return row != NULL ? &row->decision : NULL;
}

void casebook_stats(const struct casebook *casebook, struct casebook_stats *out)
{
    const struct case_row *row = NULL;

    *out = casebook->stats;
    out->bytes = casebook->bytes;
    TAILQ_FOREACH(row, &casebook->rows, link)
    out->files += row->bytes > 0;
}

static void free_rows(struct casebook *casebook)
{
    struct case_row *row = NULL;

    while ((row = TAILQ_FIRST(&casebook->rows)) != NULL) {
        TAILQ_REMOVE(&casebook->rows, row, link);
        free(row);
    }
    free(casebook->folder);
    free(casebook);
}

int casebook_new(const struct casebook_options *options, char *words, unsigned words_size,
                 struct casebook **out)
{
    struct casebook *casebook = mem_zalloc(sizeof *casebook);
    int err = 0;

    casebook->options = *options;
    if (options->files_max == 0)
        casebook->options.files_max = CASEBOOK_FILES_MAX;
    if (options->bytes_max == 0)
        casebook->options.bytes_max = CASEBOOK_BYTES_MAX;
    TAILQ_INIT(&casebook->rows);
    casebook->last_id = options->above;
    casebook->folder = mem_format("%s/decisions", options->state_dir);
    err = load_folder(casebook, words, words_size);
    if (err != 0) {
        free_rows(casebook);
        return err;
    }
    casebook->writing = clerk_new(options->loop, "decisions");
    casebook->reading = clerk_new(options->loop, "replay");
    keep_bounds(casebook);
    *out = casebook;
    return 0;
}

void casebook_free(struct casebook *casebook)
{
    struct clerk *writing = NULL;

    if (casebook == NULL)
        return;
    clerk_free(casebook->reading, true);
    writing = casebook->writing;
    casebook->writing = NULL;
    clerk_free(writing, false);
    free_rows(casebook);
}
