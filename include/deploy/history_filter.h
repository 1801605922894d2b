/*
 * Which entries of the history somebody wants to see, and a page of them. A place in the history is a sequence number, so
 * that a page does not move when new entries come. Values; control thread.
 */
#ifndef DEPLOY_HISTORY_FILTER_H
#define DEPLOY_HISTORY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "deploy/history_entry.h"

struct deploy;

/* All zero: everything. */
struct history_filter {
    char name[64]; /* service, group or lock; "" : all */
    bool has_kind;
    enum change_kind kind;
    bool has_outcome;
    enum outcome outcome;
    char actor[96];         /* a part of it, without regard to case */
    char trigger[32];       /* exactly; "*" : any, but some; "signal:*" : all that begin so */
    uint64_t since_wall_us; /* 0: from the beginning */
    uint64_t until_wall_us; /* 0: to the end */
    uint64_t before;        /* only sequences below; 0: from the newest */
};

bool history_filter_fits(const struct history_filter *filter, const struct history_entry *entry);

/* By the names of change_kind_name and outcome_name; ERR_NOT_FOUND. */
MUST_CHECK int history_filter_kind(const char *name, enum change_kind *out);
MUST_CHECK int history_filter_outcome(const char *name, enum outcome *out);

/* Up to `limit` entries that fit, newest first, into out; the count. *next: what `before` must be for the page behind
 * it, 0: there is none. The pointers live until the next turn. */
unsigned deploy_history_page(const struct deploy *deploy, const struct history_filter *filter,
                             unsigned limit, const struct history_entry **out, uint64_t *next);

#endif
