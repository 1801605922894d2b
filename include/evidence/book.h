/*
 * The book of automatic rollbacks of one service or group: when they were and which versions they were of, and what
 * that forbids. So a pair of slots cannot flap. A plain value that others keep on disk; times are of the wall clock,
 * in milliseconds. Pure.
 */
#ifndef EVIDENCE_BOOK_H
#define EVIDENCE_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/settings.h"

enum { BOOK_ROLLBACKS = 16, BOOK_VERSIONS = 16, BOOK_NAME = 64, BOOK_WORDS = 200 };

struct book {
    uint32_t rollback_count; /* oldest first */
    uint64_t rollbacks_ms[BOOK_ROLLBACKS];
    uint32_t blocked_count; /* oldest first */
    char blocked[BOOK_VERSIONS][BOOK_NAME];
};

enum book_reason { BOOK_ALLOWED, BOOK_BLOCKED_VERSION, BOOK_LIMIT, BOOK_COOLDOWN };
const char *book_reason_name(enum book_reason reason); /* "allowed", "blocked_version" … */

/* A start that is asked for. force: although this version was rolled back; it lifts neither limit nor cool-down. */
struct book_start {
    const char *version;
    uint64_t now_ms;
    bool force;
};
struct book_answer {
    enum book_reason reason;
    uint64_t
        until_ms; /* a limit or cool-down ends by itself then; 0: it does not, or nothing is forbidden */
    char words[BOOK_WORDS];
};

/* Rolled back by itself: remembered, and the version is blocked. A name longer than 63 bytes is cut. When the book is
 * full the oldest is forgotten. */
void book_add(struct book *book, const struct settings *settings, const char *version,
              uint64_t now_ms);

void book_may_start(const struct book *book, const struct settings *settings,
                    struct book_start start, struct book_answer *out);

/* An operator's word: the rollbacks are forgotten, blocked versions are not. */
void book_reset(struct book *book);

/* An operator's word: this version may be started again; false: it was not blocked. */
bool book_release(struct book *book, const char *version);

#endif
