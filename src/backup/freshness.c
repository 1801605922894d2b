/* See backup/freshness.h. */
#include "backup/freshness.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"

enum { SECOND_US = 1000000 };

static void format_age(uint64_t us, char out[32])
{
    num_format_duration(us / SECOND_US * SECOND_US, out);
}

/* The newest that was decoded to its end; NULL: there is none. */
static const struct snapshot_record *find_newest(const struct snapshot_record *records,
                                                 size_t count)
{
    for (size_t i = count; i-- > 0;)
        if (records[i].is_verified && !records[i].is_going)
            return &records[i];
    return NULL;
}

static void say_missing(const struct snapshot_record *records, size_t count, struct freshness *out)
{
    if (count == 0)
        snprintf(out->words, sizeof out->words, "there is no snapshot");
    else
        snprintf(out->words, sizeof out->words, "no snapshot is verified; %.80s: %.120s",
                 records[count - 1].id,
                 records[count - 1].problem[0] != '\0' ? records[count - 1].problem
                                                       : "not checked yet");
}

static void judge_one(const struct freshness_ask *ask, const struct snapshot_record *record,
                      struct freshness *out)
{
    uint64_t size = record->disk_bytes;
    char age[32];
    char limit[32];

    format_age(out->age_us, age);
    format_age(ask->max_age_us, limit);
    out->is_unseen = record->seen_us == 0 || (ask->mono_us > record->seen_us &&
                                              ask->mono_us - record->seen_us > FRESHNESS_SEEN_US);
    if (out->is_unseen)
        snprintf(out->words, sizeof out->words,
                 "%s, %s old, was not looked at lately: its disk did not answer yet", record->id,
                 age);
    else if (size == 0)
        snprintf(out->words, sizeof out->words, "%s, %s old, is missing or empty on the disk",
                 record->id, age);
    else if (size != record->bytes)
        snprintf(out->words, sizeof out->words,
                 "%s, %s old, has %" PRIu64 " bytes on the disk instead of %" PRIu64, record->id,
                 age, size, record->bytes);
    else if (ask->max_age_us > 0 && out->age_us > ask->max_age_us)
        snprintf(out->words, sizeof out->words, "%s is %s old, more than %s", record->id, age,
                 limit);
    else
        out->is_fresh = true;
    if (out->is_fresh)
        snprintf(out->words, sizeof out->words, "%s, verified, %s old, %" PRIu64 " bytes",
                 record->id, age, record->bytes);
}

void freshness_judge(const struct freshness_ask *ask, const struct snapshot_record *records,
                     size_t count, struct freshness *out)
{
    const struct snapshot_record *record = find_newest(records, count);

    *out = (struct freshness){ .is_known = record != NULL };
    if (record == NULL) {
        say_missing(records, count, out);
    } else {
        snprintf(out->id, sizeof out->id, "%s", record->id);
        out->bytes = record->bytes;
        out->age_us = ask->now_us > record->taken_us ? ask->now_us - record->taken_us : 0;
        judge_one(ask, record, out);
    }
    if (out->is_unseen)
        snprintf(out->remedy, sizeof out->remedy, "see that the folder of its snapshots answers");
    else if (!out->is_fresh)
        snprintf(out->remedy, sizeof out->remedy, "switchctl db snapshot %.64s", ask->database);
}
