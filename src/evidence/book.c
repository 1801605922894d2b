/* See evidence/book.h. Called by whoever starts rollouts and by the state that is kept on disk. */
#include "evidence/book.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const char *const reasons[] = { "allowed", "blocked_version", "limit", "cooldown" };

const char *book_reason_name(enum book_reason reason)
{
    return reasons[reason];
}

static void cut_name(const char *version, char out[BOOK_NAME])
{
    snprintf(out, BOOK_NAME, "%s", version);
}

/* Its place; blocked_count: it is not there. */
static uint32_t find_blocked(const struct book *book, const char *version)
{
    char name[BOOK_NAME];
    uint32_t i = 0;

    cut_name(version, name);
    while (i < book->blocked_count && strcmp(book->blocked[i], name) != 0)
        i++;
    return i;
}

static void remove_blocked(struct book *book, uint32_t at)
{
    book->blocked_count--;
    memmove(book->blocked[at], book->blocked[at + 1],
            (book->blocked_count - at) * sizeof book->blocked[0]);
    memset(book->blocked[book->blocked_count], 0, sizeof book->blocked[0]);
}

bool book_release(struct book *book, const char *version)
{
    uint32_t at = find_blocked(book, version);

    if (at == book->blocked_count)
        return false;
    remove_blocked(book, at);
    return true;
}

static bool is_young(const struct settings *settings, uint64_t at_ms, uint64_t now_ms)
{
    return now_ms < at_ms || (double)(now_ms - at_ms) < settings->rollback_memory_ms;
}

static void remove_rollback(struct book *book)
{
    book->rollback_count--;
    memmove(book->rollbacks_ms, book->rollbacks_ms + 1,
            book->rollback_count * sizeof book->rollbacks_ms[0]);
    book->rollbacks_ms[book->rollback_count] = 0;
}

void book_add(struct book *book, const struct settings *settings, const char *version,
              uint64_t now_ms)
{
    while (book->rollback_count > 0 && (book->rollback_count == BOOK_ROLLBACKS ||
                                        !is_young(settings, book->rollbacks_ms[0], now_ms)))
        remove_rollback(book);
    book->rollbacks_ms[book->rollback_count++] = now_ms;
    (void)book_release(book, version);
    if (book->blocked_count == BOOK_VERSIONS)
        remove_blocked(book, 0);
    cut_name(version, book->blocked[book->blocked_count++]);
}

void book_reset(struct book *book)
{
    book->rollback_count = 0;
    memset(book->rollbacks_ms, 0, sizeof book->rollbacks_ms);
}

/* The rollbacks that still count, and the last of them. */
static uint32_t count_young(const struct book *book, const struct settings *settings,
                            uint64_t now_ms, uint64_t *last_ms)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < book->rollback_count; i++) {
        if (!is_young(settings, book->rollbacks_ms[i], now_ms))
            continue;
        count++;
        *last_ms = book->rollbacks_ms[i];
    }
    return count;
}

/* When so few are left that the limit is no longer reached. */
static uint64_t limit_ends(const struct book *book, const struct settings *settings, uint32_t count)
{
    uint32_t over = count - (uint32_t)settings->max_rollbacks; /* so many more must be forgotten */
    uint32_t at = book->rollback_count - count + over;

    return book->rollbacks_ms[at] + (uint64_t)settings->rollback_memory_ms;
}

static void refuse(struct book_answer *out, enum book_reason reason, uint64_t until_ms)
{
    out->reason = reason;
    out->until_ms = until_ms;
}

void book_may_start(const struct book *book, const struct settings *settings,
                    struct book_start start, struct book_answer *out)
{
    uint64_t last_ms = 0;
    uint32_t count = count_young(book, settings, start.now_ms, &last_ms);
    double wait_ms = count > 0 ? settings->cooldown_ms * exp2(count - 1) : 0;
    uint64_t free_ms = last_ms + (uint64_t)wait_ms;
    char stamp[CLOCK_STAMP_SIZE];

    *out = (struct book_answer){ .reason = BOOK_ALLOWED, .words = "allowed" };
    if (!start.force && find_blocked(book, start.version) < book->blocked_count) {
        refuse(out, BOOK_BLOCKED_VERSION, 0);
        snprintf(out->words, sizeof out->words,
                 "version %.63s was rolled back; start it with force, or release it",
                 start.version);
        return;
    }
    if ((double)count >= settings->max_rollbacks) {
        refuse(out, BOOK_LIMIT, limit_ends(book, settings, count));
        clock_stamp(out->until_ms * 1000, stamp);
        snprintf(
            out->words, sizeof out->words,
            "%u automatic rollbacks are the limit; an operator must reset it, or wait until %s",
            count, stamp);
        return;
    }
    if (count > 0 && start.now_ms < free_ms) {
        refuse(out, BOOK_COOLDOWN, free_ms);
        clock_stamp(free_ms * 1000, stamp);
        snprintf(out->words, sizeof out->words,
                 "cool-down of %.0f s after the last automatic rollback, until %s; or an operator "
                 "resets it",
                 wait_ms / 1000, stamp);
    }
}
