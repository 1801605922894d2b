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
#include "pilot/casebook_disk_priv.h"
#include "pilot/errands_priv.h"

/* Owner: the casebook. */
struct case_row {
    TAILQ_ENTRY(case_row) link;
    struct decision decision;
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
    struct errands *writing;
    struct errands *reading;
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

struct write_errand {
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
    struct write_errand *errand = arg;
    const struct casebook *casebook = errand->casebook; /* only what never changes */
    char path[256];

    (void)is_cut; /* what was decided is written in any case */
    if (!errand->is_removal) {
        errand->err =
            casebook_disk_write(casebook->folder, &errand->decision,
                                slice_of(errand->record, (size_t)errand->decision.record_bytes),
                                &errand->size, errand->words);
        return;
    }
    casebook_disk_path(casebook->folder, errand->decision.id, path, sizeof path);
    if (unlink(path) != 0 && errno != ENOENT) {
        errand->err = ERR_IO;
        snprintf(errand->words, sizeof errand->words, "cannot remove %.200s: %s", path,
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

static void submit_write(struct casebook *casebook, struct write_errand *errand);

static void remove_row(struct casebook *casebook, struct case_row *row)
{
    struct write_errand *errand = mem_zalloc(sizeof *errand);

    errand->is_removal = true;
    errand->decision.id = row->decision.id;
    TAILQ_REMOVE(&casebook->rows, row, link);
    casebook->count--;
    casebook->bytes -= row->bytes;
    free(row);
    submit_write(casebook, errand);
}

/* The newest one stays, however large it is. */
static void keep_bounds(struct casebook *casebook)
{
    while (casebook->count > 1 && (casebook->count > casebook->options.files_max ||
                                   casebook->bytes > casebook->options.bytes_max))
        remove_row(casebook, TAILQ_LAST(&casebook->rows, case_rows));
}

static void on_written(void *arg, bool was_run)
{
    struct write_errand *errand = arg;
    struct casebook *casebook = errand->casebook;
    struct case_row *row = NULL;

    (void)was_run; /* this thread drops nothing */
    if (errand->err != 0) {
        note_failure(casebook, errand->words);
    } else if (!errand->is_removal) {
        casebook->is_failing = false;
        row = find_row(casebook, errand->decision.id);
    }
    if (row != NULL) {
        row->bytes = errand->size;
        casebook->bytes += errand->size;
        if (casebook->writing != NULL) /* else it ends; the next start keeps the bounds */
            keep_bounds(casebook);
    }
    free(errand->record);
    free(errand);
}

static void submit_write(struct casebook *casebook, struct write_errand *errand)
{
    errand->casebook = casebook;
    errands_add(casebook->writing,
                &(struct errand){ .run = run_write, .done = on_written, .arg = errand });
}

uint64_t casebook_add(struct casebook *casebook, const struct decision *decision, void *record,
                      uint64_t record_bytes)
{
    struct case_row *row = mem_zalloc(sizeof *row);
    struct write_errand *errand = mem_zalloc(sizeof *errand);

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
    errand->decision = row->decision;
    errand->record = record;
    submit_write(casebook, errand);
    keep_bounds(casebook);
    return errand->decision.id;
}

/* --- reading --------------------------------------------------------------------------------- */

struct study_errand {
    struct casebook_study study;
    char path[256];
    char words[CASEBOOK_WORDS];
    int err;
};

static void run_study(void *arg, const _Atomic bool *is_cut)
{
    struct study_errand *errand = arg;
    char *record = NULL;
    uint64_t bytes = 0;

    errand->err = casebook_disk_read_record(errand->path, &record, &bytes, errand->words);
    if (errand->err == 0)
        errand->study.run(errand->study.arg, slice_of(record, (size_t)bytes), is_cut);
    free(record);
}

static void on_studied(void *arg, bool was_run)
{
    struct study_errand *errand = arg;
    const char *failure = errand->err != 0 ? errand->words : NULL;

    errand->study.done(errand->study.arg, was_run ? failure : "the daemon ends");
    free(errand);
}

void casebook_study(struct casebook *casebook, uint64_t id, const struct casebook_study *study)
{
    struct study_errand *errand = mem_zalloc(sizeof *errand);

    errand->study = *study;
    casebook_disk_path(casebook->folder, id, errand->path, sizeof errand->path);
    errands_add(casebook->reading,
                &(struct errand){ .run = run_study, .done = on_studied, .arg = errand });
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
    casebook->writing = errands_new(options->loop, "decisions");
    casebook->reading = errands_new(options->loop, "replay");
    keep_bounds(casebook);
    *out = casebook;
    return 0;
}

void casebook_free(struct casebook *casebook)
{
    struct errands *writing = NULL;

    if (casebook == NULL)
        return;
    errands_free(casebook->reading, true);
    writing = casebook->writing;
    casebook->writing = NULL;
    errands_free(writing, false);
    free_rows(casebook);
}
