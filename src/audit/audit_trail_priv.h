/*
 * The body of struct audit_trail: audit_trail.c is the control thread's side, audit_writer.c the thread.
 */
#ifndef AUDIT_AUDIT_TRAIL_PRIV_H
#define AUDIT_AUDIT_TRAIL_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "audit/audit_disk_priv.h"
#include "audit/audit_trail.h"
#include "base/text.h"

struct clerk;
struct mailbox;

/* Who waits for a record. */
struct audit_answer {
    STAILQ_ENTRY(audit_answer) link;
    audit_trail_fn *fn;
    void *arg;
    bool is_durable;
};
STAILQ_HEAD(audit_answers, audit_answer);

struct audit_item {
    STAILQ_ENTRY(audit_item) link;
    struct audit_record record;
    struct audit_answer *answer; /* NULL: nobody waits, or has been told */
};
STAILQ_HEAD(audit_items, audit_item);

struct audit_paper {
    STAILQ_ENTRY(audit_paper) link;
    char *path;
    struct text content;
    bool appends;
};
STAILQ_HEAD(audit_papers, audit_paper);

/* Owner: app. All below lock is under it; disk and backlog are the thread's. */
struct audit_trail {
    pthread_t thread;
    struct mailbox *mailbox;
    struct clerk *clerk;
    struct audit_disk disk;
    pthread_mutex_t reading;
    char *anchor;
    uint64_t patience_us;
    bool refuses;
    struct audit_items backlog; /* taken, and not on disk yet */
    unsigned backlog_count;
    struct audit_mark mark; /* the last one that was anchored */
    uint64_t marked_us;
    unsigned attempts; /* allowed now; control thread, as are the next two */
    uint64_t attempts_us;
    uint64_t attempts_left_out;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct audit_items items;
    unsigned item_count;
    struct audit_papers papers;
    struct audit_answers answers; /* to be fetched by the control thread */
    uint64_t writing_us;          /* since when the thread is at the disk; 0: it is not */
    uint64_t lost_untold;
    uint64_t asked; /* looks that somebody waits for, and those that were done */
    uint64_t looked;
    uint64_t bytes; /* of the file that count */
    struct audit_mark head;
    struct audit_trail_view view;
    bool is_ending;
};

void audit_writer_start(struct audit_trail *trail);
void audit_writer_end(struct audit_trail *trail); /* does what waits, one time, and joins */

#endif
