/*
 * Who is told of what happens: events of the news go to the receivers and programs of the configuration (blocks webhook and
 * hook). App makes it once, prepares the next receivers while a reload is checked, and exchanges them when it is in
 * force. Thread: control; posting is a thread of its own, which begins with the first receiver.
 */
#ifndef CONTROL_OUTBOX_H
#define CONTROL_OUTBOX_H

#include "base/check.h"

struct config;
struct loop;
struct news;
struct outbox;

/* What waits is in state_dir/outbox. The loop must outlive it. */
struct outbox *outbox_new(struct loop *loop, const char *state_dir);

/* Ends what runs; what was not delivered stays on disk. NULL: nothing. */
void outbox_free(struct outbox *outbox);

/* Reads the files that config names. ERR_*: words name the file and the remedy, and nothing was made. Then commit, which
 * cannot fail and keeps config until the next commit, or cancel; without a prepare before, neither changes anything. */
MUST_CHECK int outbox_prepare(struct outbox *outbox, const struct config *config, char *words,
                              unsigned words_size);
void outbox_commit(struct outbox *outbox, const struct config *config);
void outbox_cancel(struct outbox *outbox);

/* Whether the files that config names can be used; for a check without a daemon. */
MUST_CHECK int outbox_check(const struct config *config, char *words, unsigned words_size);

/* Events come from here; once. The news must outlive it. */
void outbox_listen(struct outbox *outbox, struct news *news);

#endif
