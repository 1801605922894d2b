/*
 * The thread of the trail: takes all records that wait, makes one write and one sync of them, answers, puts the head of
 * the chain elsewhere from time to time, and looks every second whether the disk would take a record. See
 * audit_trail_priv.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit_anchor_priv.h"
#include "audit/audit_trail_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/mailbox.h"

enum {
    GROUP_MAX = 512,
    ANCHOR_RECORDS = 100,
    ANCHOR_US = 60 * 1000 * 1000,
    LOOK_S = 1,
};

static void answer(struct audit_trail *trail, struct audit_item *item, bool is_durable)
{
    struct audit_answer *waiting = item->answer;

    item->answer = NULL;
    if (waiting == NULL)
        return;
    waiting->is_durable = is_durable;
    pthread_mutex_lock(&trail->lock);
    STAILQ_INSERT_TAIL(&trail->answers, waiting, link);
    pthread_mutex_unlock(&trail->lock);
    mailbox_post(trail->mailbox, &(struct mail){ 0 });
}

/* Sets what the control thread sees. */
static void show(struct audit_trail *trail, unsigned written, int err, const char *words)
{
    struct audit_trail_view *view = &trail->view;
    bool was_failing = false;

    pthread_mutex_lock(&trail->lock);
    was_failing = view->is_failing;
    trail->writing_us = 0;
    view->records += written;
    view->is_failing = err != 0;
    view->last_seq = trail->disk.seq;
    audit_record_hex(trail->disk.hash, view->last_hash);
    view->queue = trail->backlog_count + trail->item_count;
    trail->bytes = trail->disk.size;
    trail->head.seq = trail->disk.seq;
    memcpy(trail->head.hash, trail->disk.hash, sizeof trail->head.hash);
    if (err != 0)
        snprintf(view->last_error, sizeof view->last_error, "%s", words);
    pthread_mutex_unlock(&trail->lock);
    if (err != 0 && !was_failing)
        LOG_ERROR("audit_write", "words=\"%s\"", words);
    else if (err == 0 && was_failing)
        LOG_INFO("audit_write", "records are written again, last_seq=%" PRIu64, trail->disk.seq);
}

static void count_error(struct audit_trail *trail)
{
    pthread_mutex_lock(&trail->lock);
    trail->view.write_errors++;
    pthread_mutex_unlock(&trail->lock);
}

static unsigned pick_group(struct audit_trail *trail, struct audit_item *items[GROUP_MAX],
                           struct audit_record *records[GROUP_MAX])
{
    struct audit_item *item = NULL;
    unsigned count = 0;

    STAILQ_FOREACH(item, &trail->backlog, link)
    {
        if (count == GROUP_MAX)
            break;
        items[count] = item;
        records[count++] = &item->record;
    }
    return count;
}

/* The oldest of the backlog, as one write; what was written leaves it. */
static int write_group(struct audit_trail *trail, char words[AUDIT_FILES_WORDS])
{
    struct audit_item *items[GROUP_MAX] = { NULL };
    struct audit_record *records[GROUP_MAX] = { NULL };
    unsigned count = pick_group(trail, items, records);
    int err = audit_disk_append(&trail->disk, records, count, words);

    if (err != 0) {
        count_error(trail);
        return err;
    }
    trail->backlog_count -= count;
    for (unsigned i = 0; i < count; i++)
        STAILQ_REMOVE_HEAD(&trail->backlog, link);
    show(trail, count, 0, "");
    for (unsigned i = 0; i < count; i++) {
        answer(trail, items[i], true);
        free(items[i]);
    }
    return 0;
}

/* All of it; at an error everybody is told that it is not durable, and it stays. */
static void write_backlog(struct audit_trail *trail)
{
    char words[AUDIT_FILES_WORDS] = "";
    struct audit_item *item = NULL;
    unsigned failures = 0;
    int err = 0;

    pthread_mutex_lock(&trail->lock);
    trail->writing_us = clock_monotonic_us();
    pthread_mutex_unlock(&trail->lock);
    while (!STAILQ_EMPTY(&trail->backlog) && failures < 2) {
        err = write_group(trail, words);
        failures = err != 0 ? failures + 1 : 0; /* once may have been an accident */
    }
    if (err == 0)
        return;
    show(trail, 0, err, words);
    STAILQ_FOREACH(item, &trail->backlog, link)
    {
        answer(trail, item, false);
    }
}

static void anchor(struct audit_trail *trail, bool is_end)
{
    struct audit_mark mark = { .seq = trail->disk.seq };
    uint64_t now_us = clock_monotonic_us();
    char words[AUDIT_FILES_WORDS] = "";
    char hex[65];

    if (mark.seq == trail->mark.seq ||
        (!is_end && trail->mark.seq != 0 && mark.seq < trail->mark.seq + ANCHOR_RECORDS &&
         now_us < trail->marked_us + ANCHOR_US))
        return;
    memcpy(mark.hash, trail->disk.hash, sizeof mark.hash);
    if (trail->anchor != NULL && audit_anchor_put(trail->anchor, &mark, words) != 0) {
        LOG_WARN("audit_anchor", "words=\"%s\"", words);
        trail->marked_us = now_us; /* tried again with the next records */
        count_error(trail);
        return;
    }
    audit_record_hex(mark.hash, hex);
    LOG_INFO("audit_anchor", "seq=%" PRIu64 " hash=%s", mark.seq, hex);
    trail->mark = mark;
    trail->marked_us = now_us;
    pthread_mutex_lock(&trail->lock);
    trail->view.anchored_seq = mark.seq;
    pthread_mutex_unlock(&trail->lock);
}

static int write_bytes(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t count = write(fd, bytes.ptr, bytes.len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -1;
        bytes = slice_of(bytes.ptr + count, bytes.len - (size_t)count);
    }
    return 0;
}

/* A new file under another name first, so that nobody reads half of it. */
static int write_paper(const struct audit_paper *paper)
{
    char *fresh = mem_format("%s.tmp", paper->path);
    const char *path = paper->appends ? paper->path : fresh;
    int flags = paper->appends ? O_APPEND : O_TRUNC;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0640);
    int err = fd < 0 ? -1 : write_bytes(fd, text_slice(&paper->content));

    if (fd >= 0 && close(fd) != 0)
        err = -1;
    if (err == 0 && !paper->appends)
        err = rename(fresh, paper->path);
    if (err != 0)
        LOG_WARN("file_not_written", "path=\"%s\" why=\"%s\"", paper->path, strerror(errno));
    if (err != 0 && !paper->appends)
        (void)unlink(fresh);
    free(fresh);
    return err;
}

static void do_paper(struct audit_trail *trail, struct audit_paper *paper)
{
    if (paper == NULL)
        return;
    if (write_paper(paper) != 0) {
        pthread_mutex_lock(&trail->lock);
        trail->view.file_errors++;
        pthread_mutex_unlock(&trail->lock);
    }
    text_fini(&paper->content);
    free(paper->path);
    free(paper);
}

/* One record more, for those that had no room in memory. Under the lock. */
static void tell_lost(struct audit_trail *trail)
{
    struct audit_item *item = NULL;

    if (trail->lost_untold == 0)
        return;
    item = mem_zalloc(sizeof *item);
    item->record.time_us = clock_wall_us();
    audit_record_set(item->record.actor, sizeof item->record.actor, "switchyard");
    audit_record_set(item->record.verb, sizeof item->record.verb, "audit-lost");
    audit_record_set(item->record.outcome, sizeof item->record.outcome, "failed");
    snprintf(item->record.note, sizeof item->record.note,
             "%" PRIu64 " records had no room while the file could not be written",
             trail->lost_untold);
    trail->lost_untold = 0;
    STAILQ_INSERT_TAIL(&trail->backlog, item, link);
    trail->backlog_count++;
}

/* Waits for something to do, a second at most. False: it is over, and all is taken. */
static bool take_work(struct audit_trail *trail, struct audit_paper **paper, uint64_t *asked)
{
    struct timespec until;
    bool goes_on = false;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_S;
    pthread_mutex_lock(&trail->lock);
    while (STAILQ_EMPTY(&trail->items) && STAILQ_EMPTY(&trail->papers) &&
           trail->asked == trail->looked && !trail->is_ending)
        if (pthread_cond_timedwait(&trail->wake, &trail->lock, &until) == ETIMEDOUT)
            break;
    STAILQ_CONCAT(&trail->backlog, &trail->items);
    trail->backlog_count += trail->item_count;
    trail->item_count = 0;
    if (!trail->view.is_failing || trail->is_ending)
        tell_lost(trail);
    *asked = trail->asked;
    *paper = STAILQ_FIRST(&trail->papers);
    if (*paper != NULL)
        STAILQ_REMOVE_HEAD(&trail->papers, link);
    goes_on = !trail->is_ending || *paper != NULL;
    pthread_mutex_unlock(&trail->lock);
    return goes_on;
}

/* With nothing to write: would it go? */
static void look(struct audit_trail *trail)
{
    char words[AUDIT_FILES_WORDS] = "";
    bool is_ready = audit_disk_is_ready(&trail->disk, words);

    show(trail, 0, is_ready ? 0 : ERR_IO, words);
}

static void *run_thread(void *arg)
{
    struct audit_trail *trail = arg;
    struct audit_paper *paper = NULL;
    uint64_t asked = 0;
    bool goes_on = true;

    while (goes_on) {
        goes_on = take_work(trail, &paper, &asked);
        if (!STAILQ_EMPTY(&trail->backlog))
            write_backlog(trail);
        else if (paper == NULL || asked != trail->looked)
            look(trail);
        pthread_mutex_lock(&trail->lock);
        trail->looked = asked; /* to write is to look */
        pthread_mutex_unlock(&trail->lock);
        anchor(trail, !goes_on);
        do_paper(trail, paper);
    }
    return NULL;
}

/* Signals belong to the control loop. */
void audit_writer_start(struct audit_trail *trail)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    CHECK(pthread_create(&trail->thread, NULL, run_thread, trail) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    pthread_setname_np(trail->thread, "audit");
}

void audit_writer_end(struct audit_trail *trail)
{
    pthread_mutex_lock(&trail->lock);
    trail->is_ending = true;
    pthread_cond_signal(&trail->wake);
    pthread_mutex_unlock(&trail->lock);
    pthread_join(trail->thread, NULL);
}
