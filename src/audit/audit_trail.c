/* The control thread's side of the trail: see audit/audit_trail.h. */
#include "audit/audit_trail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_trail_priv.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/clerk.h"
#include "net/mailbox.h"

enum {
    ATTEMPTS_PER_SECOND = 10,
    ATTEMPTS_AT_ONCE = 50,
    PAPER_LIMIT = 16 * 1024 * 1024,
    SECOND_US = 1000 * 1000,
};

static void on_mail(void *arg, const struct mail *mail)
{
    struct audit_trail *trail = arg;
    struct audit_answer *answer = NULL;

    (void)mail; /* one for each answer */
    pthread_mutex_lock(&trail->lock);
    answer = STAILQ_FIRST(&trail->answers);
    if (answer != NULL)
        STAILQ_REMOVE_HEAD(&trail->answers, link);
    pthread_mutex_unlock(&trail->lock);
    if (answer == NULL)
        return;
    answer->fn(answer->arg, answer->is_durable);
    free(answer);
}

static void free_trail(struct audit_trail *trail)
{
    struct audit_item *item = NULL;

    while ((item = STAILQ_FIRST(&trail->backlog)) != NULL) {
        STAILQ_REMOVE_HEAD(&trail->backlog, link);
        free(item);
    }
    audit_disk_close(&trail->disk);
    audit_files_forget_key(&trail->disk.key);
    pthread_mutex_destroy(&trail->lock);
    pthread_mutex_destroy(&trail->reading);
    pthread_cond_destroy(&trail->wake);
    free(trail->disk.path);
    free(trail->anchor);
    free(trail);
}

static struct audit_trail *make_trail(const struct audit_trail_options *options)
{
    struct audit_trail *trail = mem_zalloc(sizeof *trail);
    pthread_condattr_t attributes;

    STAILQ_INIT(&trail->backlog);
    STAILQ_INIT(&trail->items);
    STAILQ_INIT(&trail->papers);
    STAILQ_INIT(&trail->answers);
    pthread_mutex_init(&trail->lock, NULL);
    pthread_mutex_init(&trail->reading, NULL);
    pthread_condattr_init(&attributes);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    pthread_cond_init(&trail->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    trail->disk.path = mem_text(options->path);
    trail->disk.rotate_bytes = options->rotate_bytes;
    trail->disk.reading = &trail->reading;
    trail->disk.fd = -1;
    trail->anchor = mem_text(options->anchor);
    trail->patience_us = options->patience_us;
    trail->refuses = options->refuses;
    trail->attempts = ATTEMPTS_AT_ONCE;
    trail->attempts_us = clock_monotonic_us();
    return trail;
}

/* An anchor that is ahead of the file: its end is gone. */
static void compare_anchor(struct audit_trail *trail, char story[AUDIT_FILES_WORDS])
{
    struct audit_mark *marks = NULL;
    char words[AUDIT_FILES_WORDS] = "";
    size_t count = 0;

    if (trail->anchor == NULL)
        return;
    if (audit_files_marks(trail->anchor, &marks, &count, words) != 0)
        snprintf(story, AUDIT_FILES_WORDS, "%s", words);
    else if (count > 0 && marks[count - 1].seq > trail->disk.seq)
        snprintf(story, AUDIT_FILES_WORDS,
                 "the trail ends with record %" PRIu64 ", its anchor knows of record %" PRIu64,
                 trail->disk.seq, marks[count - 1].seq);
    free(marks);
}

static void tell_story(struct audit_trail *trail, const char *story)
{
    struct audit_record record = { 0 };

    if (story[0] == '\0')
        return;
    audit_record_set(record.actor, sizeof record.actor, "switchyard");
    audit_record_set(record.verb, sizeof record.verb, "audit-repair");
    audit_record_set(record.outcome, sizeof record.outcome, "done");
    audit_record_set(record.note, sizeof record.note, story);
    audit_trail_add(trail, &record, NULL, NULL);
}

int audit_trail_new(const struct audit_trail_options *options, struct audit_trail **out,
                    char words[AUDIT_FILES_WORDS])
{
    struct audit_trail *trail = make_trail(options);
    char story[AUDIT_FILES_WORDS] = "";
    int err = 0;

    if (options->key != NULL)
        err = audit_files_key(options->key, &trail->disk.key, words);
    if (err == 0)
        err = audit_disk_open(&trail->disk, story, words);
    if (err != 0) {
        free_trail(trail);
        return err;
    }
    if (story[0] == '\0')
        compare_anchor(trail, story);
    trail->mark.seq = trail->disk.seq; /* of an earlier run, which has anchored its end */
    trail->view.last_seq = trail->head.seq = trail->disk.seq;
    memcpy(trail->head.hash, trail->disk.hash, sizeof trail->head.hash);
    trail->bytes = trail->disk.size;
    trail->mailbox = mailbox_new(options->loop, on_mail, trail);
    trail->clerk = clerk_new(options->loop, "audit-reader");
    audit_writer_start(trail);
    tell_story(trail, story);
    *out = trail;
    return 0;
}

/* Those who still wait, because their record did not go, or nobody has fetched the answer. */
static void answer_rest(struct audit_trail *trail)
{
    struct audit_item *item = NULL;
    struct audit_answer *answer = NULL;

    while ((answer = STAILQ_FIRST(&trail->answers)) != NULL) {
        STAILQ_REMOVE_HEAD(&trail->answers, link);
        answer->fn(answer->arg, answer->is_durable);
        free(answer);
    }
    STAILQ_FOREACH(item, &trail->backlog, link)
    {
        if (item->answer == NULL)
            continue;
        item->answer->fn(item->answer->arg, false);
        free(item->answer);
    }
}

static void tell_suppressed(struct audit_trail *trail);

void audit_trail_free(struct audit_trail *trail)
{
    if (trail == NULL)
        return;
    clerk_free(trail->clerk, true);
    tell_suppressed(trail);
    audit_writer_end(trail);
    mailbox_free(trail->mailbox);
    answer_rest(trail);
    free_trail(trail);
}

void audit_trail_add(struct audit_trail *trail, const struct audit_record *record,
                     audit_trail_fn *fn, void *arg)
{
    struct audit_item *item = mem_zalloc(sizeof *item);
    bool is_lost = false;

    item->record = *record;
    if (item->record.time_us == 0)
        item->record.time_us = clock_wall_us();
    if (fn != NULL) {
        item->answer = mem_zalloc(sizeof *item->answer);
        item->answer->fn = fn;
        item->answer->arg = arg;
    }
    pthread_mutex_lock(&trail->lock);
    is_lost = trail->view.queue >= AUDIT_TRAIL_QUEUE_MAX;
    if (is_lost) {
        trail->view.lost++;
        trail->lost_untold++;
        if (item->answer != NULL)
            STAILQ_INSERT_TAIL(&trail->answers, item->answer, link);
    } else {
        STAILQ_INSERT_TAIL(&trail->items, item, link);
        trail->item_count++;
        trail->view.queue++;
        pthread_cond_signal(&trail->wake);
    }
    pthread_mutex_unlock(&trail->lock);
    if (!is_lost)
        return;
    if (item->answer != NULL)
        mailbox_post(trail->mailbox, &(struct mail){ 0 });
    free(item);
}

/* A bucket that fills by so many a second. */
static bool take_attempt(struct audit_trail *trail)
{
    uint64_t now_us = clock_monotonic_us();
    uint64_t more = (now_us - trail->attempts_us) * ATTEMPTS_PER_SECOND / SECOND_US;

    if (more > 0) {
        uint64_t sum = trail->attempts + more;

        trail->attempts = sum < ATTEMPTS_AT_ONCE ? (unsigned)sum : ATTEMPTS_AT_ONCE;
        trail->attempts_us = now_us;
    }
    if (trail->attempts == 0)
        return false;
    trail->attempts--;
    return true;
}

static void tell_suppressed(struct audit_trail *trail)
{
    struct audit_record record = { 0 };

    if (trail->attempts_left_out == 0)
        return;
    audit_record_set(record.actor, sizeof record.actor, "switchyard");
    audit_record_set(record.verb, sizeof record.verb, "refused");
    audit_record_set(record.outcome, sizeof record.outcome, "denied");
    snprintf(record.note, sizeof record.note, "%" PRIu64 " more attempts were refused before this",
             trail->attempts_left_out);
    trail->attempts_left_out = 0;
    audit_trail_add(trail, &record, NULL, NULL);
}

bool audit_trail_add_bounded(struct audit_trail *trail, const struct audit_record *record,
                             audit_trail_fn *fn, void *arg)
{
    if (!take_attempt(trail)) {
        trail->attempts_left_out++;
        pthread_mutex_lock(&trail->lock);
        trail->view.suppressed++;
        pthread_mutex_unlock(&trail->lock);
        return false;
    }
    tell_suppressed(trail);
    audit_trail_add(trail, record, fn, arg);
    return true;
}

bool audit_note_refusal(struct audit_trail *trail, const char *from, const char *words)
{
    struct audit_record record = { 0 };

    audit_record_set(record.actor, sizeof record.actor, "unknown");
    audit_record_set(record.from, sizeof record.from, from);
    audit_record_set(record.verb, sizeof record.verb, "login");
    audit_record_set(record.outcome, sizeof record.outcome, "denied");
    audit_record_set(record.note, sizeof record.note, words);
    return audit_trail_add_bounded(trail, &record, NULL, NULL);
}

bool audit_trail_is_ready(struct audit_trail *trail, char words[AUDIT_FILES_WORDS])
{
    bool is_ready = true;

    words[0] = '\0';
    if (!trail->refuses)
        return true;
    pthread_mutex_lock(&trail->lock);
    if (trail->view.is_failing) {
        snprintf(words, AUDIT_FILES_WORDS, "%s", trail->view.last_error);
        is_ready = false;
    } else if (trail->writing_us != 0 &&
               clock_monotonic_us() > trail->writing_us + trail->patience_us) {
        snprintf(words, AUDIT_FILES_WORDS, "the disk of %.200s gives no answer", trail->disk.path);
        is_ready = false;
    }
    pthread_mutex_unlock(&trail->lock);
    return is_ready;
}

uint64_t audit_trail_ask(struct audit_trail *trail)
{
    uint64_t number = 0;

    pthread_mutex_lock(&trail->lock);
    number = ++trail->asked;
    pthread_cond_signal(&trail->wake);
    pthread_mutex_unlock(&trail->lock);
    return number;
}

bool audit_trail_has_looked(struct audit_trail *trail, uint64_t asked)
{
    bool has = false;

    pthread_mutex_lock(&trail->lock);
    has = trail->looked >= asked;
    pthread_mutex_unlock(&trail->lock);
    return has;
}

void audit_trail_write_file(struct audit_trail *trail, const char *path, struct slice content,
                            bool appends)
{
    struct audit_paper *paper = mem_zalloc(sizeof *paper);

    paper->path = mem_text(path);
    paper->appends = appends;
    text_init(&paper->content, PAPER_LIMIT);
    text_add_slice(&paper->content, content);
    pthread_mutex_lock(&trail->lock);
    STAILQ_INSERT_TAIL(&trail->papers, paper, link);
    pthread_cond_signal(&trail->wake);
    pthread_mutex_unlock(&trail->lock);
}

void audit_trail_look(struct audit_trail *trail, struct audit_trail_view *out)
{
    pthread_mutex_lock(&trail->lock);
    *out = trail->view;
    pthread_mutex_unlock(&trail->lock);
}

struct clerk *audit_trail_clerk(struct audit_trail *trail)
{
    return trail->clerk;
}

const char *audit_trail_path(const struct audit_trail *trail)
{
    return trail->disk.path;
}

void audit_trail_hold_names(struct audit_trail *trail)
{
    pthread_mutex_lock(&trail->reading);
}

void audit_trail_release_names(struct audit_trail *trail)
{
    pthread_mutex_unlock(&trail->reading);
}

static void tell_now(void *arg, struct audit_mark *head, uint64_t *bytes)
{
    struct audit_trail *trail = arg;

    pthread_mutex_lock(&trail->lock);
    *head = trail->head;
    *bytes = trail->bytes;
    pthread_mutex_unlock(&trail->lock);
}

int audit_trail_verify(struct audit_trail *trail, uint64_t first, struct audit_files_report *out,
                       char words[AUDIT_FILES_WORDS])
{
    struct audit_files_check check = {
        .path = trail->disk.path,
        .anchor = trail->anchor,
        .key = &trail->disk.key,
        .first = first,
        .now = tell_now,
        .arg = trail,
    };
    int err = 0;

    audit_trail_hold_names(trail);
    err = audit_files_verify(&check, out, words);
    audit_trail_release_names(trail);
    return err;
}
