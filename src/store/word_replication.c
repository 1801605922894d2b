/*
 * Whether one database follows another closely: see word_priv.h. Never judged by the age of messages, which says how
 * long nothing was said and not how far behind it is; a NULL is unknown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/look.h"
#include "store/word_priv.h"

static uint64_t find_age(const struct word_link *link)
{
    return link->follower_age_us > link->publisher_age_us ? link->follower_age_us
                                                          : link->publisher_age_us;
}

bool word_lag_bytes(const struct word_link *link, uint64_t *out)
{
    const struct look_publisher *publisher =
        link->publisher_look != NULL ? look_publisher(link->publisher_look) : NULL;

    if (publisher == NULL || !publisher->note.is_known || publisher->apply_bytes < 0)
        return false;
    *out = (uint64_t)publisher->apply_bytes;
    return true;
}

enum { CLOCK_US = 1000 * 1000 }; /* looks are not made at one moment */

/* By the publisher's clock alone: how old the newest heartbeat was that had come through when we looked. */
static bool find_beat_lag(const struct word_link *link, uint64_t *out)
{
    const struct look_beat *written = look_beat_written(link->publisher_look);
    const struct look_beat *seen = look_beat_seen(link->follower_look);
    int64_t clock_us = look_facts(link->publisher_look)->clock_us;
    int64_t lag_us = 0;

    if (!written->note.is_known || !seen->note.is_known)
        return false;
    if (written->nonce != seen->nonce)
        lag_us = clock_us + (int64_t)link->publisher_age_us - (int64_t)link->follower_age_us -
                 seen->at_us;
    if (lag_us < -CLOCK_US) /* what came through was not written by this publisher */
        return false;
    *out = lag_us > 0 ? (uint64_t)lag_us : 0;
    return true;
}

static bool has_beats(const struct word_link *link)
{
    return link->has_heartbeat || look_beat_written(link->publisher_look)->note.is_asked;
}

bool word_lag_us(const struct word_link *link, uint64_t *out)
{
    const struct look_publisher *publisher = NULL;

    if (link->publisher_look == NULL || link->follower_look == NULL)
        return false;
    if (has_beats(link))
        return find_beat_lag(link, out);
    publisher = look_publisher(link->publisher_look);
    if (!publisher->note.is_known || publisher->replay_us < 0)
        return false;
    *out = (uint64_t)publisher->replay_us;
    return true;
}

static void set(const struct word_link *link, enum word_answer answer, const char *remedy,
                const char *words, struct word_finding *out)
{
    word_set(out, answer, find_age(link), remedy, "%s -> %s: %s", link->publisher, link->follower,
             words);
}

/* True: the finding says what is wrong with the receiving side. */
static bool is_receiver_bad(const struct word_link *link, struct word_finding *out)
{
    const struct look_subscriber *subscriber = look_subscriber(link->follower_look);
    char words[200];

    if (!subscriber->note.is_known) {
        set(link, WORD_UNKNOWN, "name the subscription in the block of the database",
            subscriber->note.words, out);
        return true;
    }
    if (!subscriber->is_enabled) {
        snprintf(words, sizeof words, "subscription %s is disabled", link->subscription);
        set(link, WORD_FAIL, "ALTER SUBSCRIPTION … ENABLE, when what disabled it is mended", words,
            out);
        return true;
    }
    if (subscriber->error_age_us > WORD_ERROR_AGE_US &&
        (subscriber->is_followed || subscriber->apply_errors + subscriber->sync_errors == 0))
        return false;
    if (subscriber->error_age_us > WORD_ERROR_AGE_US) {
        snprintf(words, sizeof words,
                 "subscription %s has failed to apply %" PRIu64
                 " times, and it was not seen yet whether it still does",
                 link->subscription, subscriber->apply_errors + subscriber->sync_errors);
        set(link, WORD_UNKNOWN, "the next look tells", words, out);
        return true;
    }
    snprintf(words, sizeof words,
             "subscription %s fails to apply: %" PRIu64 " errors so far, %" PRIu64
             " of the first copy",
             link->subscription, subscriber->apply_errors, subscriber->sync_errors);
    set(link, WORD_FAIL, "see the log of that server; mend the row or the table, it tries again",
        words, out);
    return true;
}

static bool is_idle(const struct word_link *link, struct word_finding *out)
{
    const struct look_subscriber *subscriber = look_subscriber(link->follower_look);
    char words[200];

    if (!subscriber->is_running) {
        snprintf(words, sizeof words, "no worker runs for subscription %s", link->subscription);
        set(link, WORD_FAIL, "see the log of that server and max_logical_replication_workers",
            words, out);
        return true;
    }
    if (subscriber->tables_not_ready == 0)
        return false;
    snprintf(words, sizeof words, "%" PRIu64 " tables of subscription %s are not copied yet",
             subscriber->tables_not_ready, link->subscription);
    set(link, WORD_FAIL, "wait for the first copy", words, out);
    return true;
}

static bool is_sender_bad(const struct word_link *link, struct word_finding *out)
{
    const struct look_publisher *publisher = look_publisher(link->publisher_look);
    char words[200];

    if (!publisher->note.is_known) {
        set(link, WORD_UNKNOWN, "name the replication slot; the role needs pg_monitor",
            publisher->note.words, out);
        return true;
    }
    if (strcmp(publisher->wal_status, "reserved") != 0 &&
        strcmp(publisher->wal_status, "extended") != 0) {
        snprintf(words, sizeof words, "the replication slot is %s", publisher->wal_status);
        set(link, WORD_FAIL, "what the other side misses is gone: it must be set up anew", words,
            out);
        return true;
    }
    if (publisher->is_active && strcmp(publisher->state, "streaming") == 0)
        return false;
    snprintf(words, sizeof words, "the replication slot is %s",
             publisher->is_active ? publisher->state : "not in use");
    set(link, WORD_FAIL, "see that the subscription runs and reaches the publisher", words, out);
    return true;
}

/* Why the time is not known. */
static const char *find_silence(const struct word_link *link)
{
    const struct look_beat *written = look_beat_written(link->publisher_look);
    const struct look_beat *seen = look_beat_seen(link->follower_look);

    if (!has_beats(link))
        return "the server does not tell how long it takes";
    if (!written->note.is_asked || !seen->note.is_asked)
        return "the heartbeat was not looked for yet";
    if (!written->note.is_known)
        return written->note.words;
    return seen->note.is_known
               ? "the heartbeat there is from the future: somebody else wrote it, or "
                 "the publisher's clock was put back"
               : seen->note.words;
}

/* A limit that cannot be compared with anything is not kept; and without a limit nothing is said. True: unknown. */
static bool is_unmeasured(const struct word_link *link, bool has_time, uint64_t bytes,
                          struct word_finding *out)
{
    char words[240];

    if (link->lag_bytes_max == 0 && link->lag_us_max == 0) {
        set(link, WORD_UNKNOWN, "give the database lag_bytes or lag_time",
            "nothing says how far behind it may be", out);
        return true;
    }
    if (has_time || (link->lag_us_max == 0 && !has_beats(link)))
        return false;
    snprintf(words, sizeof words, "%" PRIu64 " bytes behind, the time is not known: %.160s", bytes,
             find_silence(link));
    set(link, WORD_UNKNOWN,
        has_beats(link) ? "create switchyard.heartbeat on both sides and publish it"
                        : "measure it with heartbeat = true, or lag_time = \"0s\"",
        words, out);
    return true;
}

static void check_lag(const struct word_link *link, struct word_finding *out)
{
    uint64_t bytes = 0;
    uint64_t us = 0;
    bool has_time = word_lag_us(link, &us);
    char words[200];

    if (!word_lag_bytes(link, &bytes)) {
        set(link, WORD_UNKNOWN, "", "how far behind it is is not known", out);
        return;
    }
    snprintf(words, sizeof words, "%" PRIu64 " bytes behind", bytes);
    if (link->lag_bytes_max > 0 && bytes > link->lag_bytes_max) {
        set(link, WORD_FAIL, "wait until it has caught up", words, out);
        return;
    }
    if (is_unmeasured(link, has_time, bytes, out))
        return;
    if (has_time)
        snprintf(words, sizeof words, "%" PRIu64 " bytes and %.1f s behind", bytes,
                 (double)us / 1e6);
    set(link, has_time && link->lag_us_max > 0 && us > link->lag_us_max ? WORD_FAIL : WORD_PASS, "",
        words, out);
}

/* Close to a database that nobody writes to is no news of the one that is written to. */
static bool is_elsewhere(const struct word_link *link, struct word_finding *out)
{
    char words[240];

    if (link->source == NULL || strcmp(link->source, link->publisher) == 0 ||
        strcmp(link->source, link->follower) == 0)
        return false;
    snprintf(words, sizeof words,
             "traffic is with database %.63s: it is not known whether what is written there "
             "reaches %.63s",
             link->source, link->follower);
    set(link, WORD_UNKNOWN, "name the database of the live slot as publisher", words, out);
    return true;
}

static bool is_stale(const struct word_link *link, struct word_finding *out)
{
    bool is_follower_fresh =
        link->follower_look != NULL && link->follower_age_us <= WORD_AGE_MAX_US;
    bool is_publisher_fresh =
        link->publisher_look != NULL && link->publisher_age_us <= WORD_AGE_MAX_US;
    char words[160];

    if (is_follower_fresh && is_publisher_fresh)
        return false;
    snprintf(words, sizeof words, "database %.63s was not seen within the last 5 s",
             is_follower_fresh ? link->publisher : link->follower);
    set(link, WORD_UNKNOWN, "see switchctl db status", words, out);
    return true;
}

void word_judge_link(const struct word_link *link, struct word_finding *out)
{
    if (is_elsewhere(link, out) || is_stale(link, out) || is_receiver_bad(link, out) ||
        is_idle(link, out) || is_sender_bad(link, out))
        return;
    check_lag(link, out);
}
