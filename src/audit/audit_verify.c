/*
 * See audit/audit_verify.h. The first line that does not fit only makes a suspicion: what follows tells whether the
 * record that should have stood there comes later (moved, or something was put before it) or never (changed, removed).
 */
#include "audit/audit_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *audit_defect_name(enum audit_defect defect)
{
    switch (defect) {
    case AUDIT_WHOLE: return "whole";
    case AUDIT_CHANGED: return "changed";
    case AUDIT_REMOVED: return "removed";
    case AUDIT_REORDERED: return "reordered";
    case AUDIT_INSERTED: return "inserted";
    case AUDIT_CUT: return "cut";
    case AUDIT_UNSEALED: return "unsealed";
    }
    return "unknown";
}

void audit_verify_begin(struct audit_verify *verify, const struct audit_key *key,
                        const struct audit_mark *marks, size_t mark_count)
{
    *verify = (struct audit_verify){
        .key = key != NULL && key->len > 0 ? key : NULL,
        .marks = marks,
        .mark_count = mark_count,
        .next_seq = 1,
    };
}

void audit_verify_file(struct audit_verify *verify, const char *name)
{
    snprintf(verify->file, sizeof verify->file, "%s", name);
    verify->line = 0;
}

static void accuse(struct audit_verify *verify, enum audit_defect defect, uint64_t seq,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static void accuse(struct audit_verify *verify, enum audit_defect defect, uint64_t seq,
                   const char *format, ...)
{
    struct audit_finding *finding = &verify->finding;
    va_list args;

    finding->defect = defect;
    finding->seq = seq;
    finding->line = verify->line;
    memcpy(finding->file, verify->file, sizeof finding->file);
    va_start(args, format);
    vsnprintf(finding->words, sizeof finding->words, format, args);
    va_end(args);
}

/* Makes the suspicion a finding when the line is what should have stood at the suspect's place. */
static void look_for_missing(struct audit_verify *verify, const struct audit_record *record,
                             const struct audit_proof *proof)
{
    struct audit_finding *finding = &verify->finding;
    uint64_t seq = verify->next_seq;

    if (record->seq != seq || memcmp(proof->prev, verify->head, sizeof proof->prev) != 0)
        return;
    verify->has_suspect = false;
    if (verify->suspect_is_own && verify->suspect_seq > seq) {
        finding->defect = AUDIT_REORDERED;
        snprintf(finding->words, sizeof finding->words,
                 "record %" PRIu64 " stands behind record %" PRIu64, seq, verify->suspect_seq);
    } else {
        finding->defect = AUDIT_INSERTED;
        snprintf(finding->words, sizeof finding->words,
                 "a line that does not belong there stands before record %" PRIu64, seq);
    }
}

static void suspect(struct audit_verify *verify, const struct audit_record *record, bool is_whole)
{
    uint64_t seq = verify->next_seq;

    verify->has_suspect = true;
    verify->suspect_is_own = is_whole;
    verify->suspect_seq = record->seq;
    if (!is_whole)
        accuse(verify, AUDIT_CHANGED, seq, "record %" PRIu64 " is not what was written", seq);
    else if (record->seq > seq)
        accuse(verify, AUDIT_REMOVED, seq,
               "records %" PRIu64 " to %" PRIu64 " are missing before record %" PRIu64, seq,
               record->seq - 1, record->seq);
    else if (record->seq == seq)
        accuse(verify, AUDIT_CHANGED, seq,
               "record %" PRIu64 " does not follow the one before it: it, or what came before, was "
               "written anew",
               seq);
    else
        accuse(verify, AUDIT_INSERTED, seq,
               "record %" PRIu64 " stands a second time, where %" PRIu64 " should be", record->seq,
               seq);
}

/* Once a record has the seal of the key, all have it: an earlier one is good through those behind it. */
static void check_seal(struct audit_verify *verify, const struct audit_record *record,
                       const struct audit_proof *proof)
{
    if (verify->key == NULL)
        return;
    if (strcmp(proof->key_id, verify->key->id) == 0)
        verify->sealed++;
    else if (verify->sealed > 0)
        accuse(verify, AUDIT_UNSEALED, record->seq,
               "record %" PRIu64 " lacks the seal of the key, which those before it have",
               record->seq);
}

static void check_mark(struct audit_verify *verify, const struct audit_record *record,
                       const struct audit_proof *proof)
{
    while (verify->next_mark < verify->mark_count &&
           verify->marks[verify->next_mark].seq <= record->seq) {
        const struct audit_mark *mark = &verify->marks[verify->next_mark++];

        if (mark->seq != record->seq || memcmp(mark->hash, proof->hash, sizeof mark->hash) == 0)
            continue;
        accuse(verify, AUDIT_CHANGED, record->seq,
               "record %" PRIu64 " has another hash than its anchor: the trail was written anew, "
               "here or before",
               record->seq);
        return;
    }
}

static bool is_next(const struct audit_verify *verify, const struct audit_record *record,
                    const struct audit_proof *proof)
{
    if (verify->records == 0 && verify->first > 0)
        return record->seq == verify->first;
    return record->seq == verify->next_seq &&
           memcmp(proof->prev, verify->head, sizeof proof->prev) == 0;
}

void audit_verify_line(struct audit_verify *verify, struct slice line, bool is_torn)
{
    struct audit_record record = { 0 };
    struct audit_proof proof;
    bool is_whole = false;

    verify->line++;
    if (verify->finding.defect != AUDIT_WHOLE && !verify->has_suspect)
        return; /* it is known what is wrong first */
    if (is_torn) {
        if (!verify->has_suspect)
            accuse(verify, AUDIT_CUT, verify->next_seq, "the last line is torn");
        return;
    }
    is_whole = audit_record_decode(line, &record, &proof) == 0 &&
               audit_record_is_whole(&record, &proof, verify->key);
    if (verify->has_suspect) {
        if (is_whole)
            look_for_missing(verify, &record, &proof);
        return;
    }
    if (verify->records == 0 && verify->first > 0)
        verify->next_seq = verify->first;
    if (!is_whole || !is_next(verify, &record, &proof)) {
        suspect(verify, &record, is_whole);
        return;
    }
    check_seal(verify, &record, &proof);
    check_mark(verify, &record, &proof);
    memcpy(verify->head, proof.hash, sizeof verify->head);
    verify->next_seq = record.seq + 1;
    verify->records++;
}

static void check_end(struct audit_verify *verify)
{
    const struct audit_mark *last =
        verify->mark_count > 0 ? &verify->marks[verify->mark_count - 1] : NULL;

    verify->line = 0;
    if (last != NULL && last->seq >= verify->next_seq)
        accuse(verify, AUDIT_CUT, verify->next_seq,
               "records %" PRIu64 " to %" PRIu64 " at least are missing at the end: an anchor has "
               "them",
               verify->next_seq, last->seq);
    else if (verify->key != NULL && verify->sealed == 0 && verify->records > 0)
        accuse(verify, AUDIT_UNSEALED, verify->next_seq - 1, "no record has the seal of the key");
}

const struct audit_finding *audit_verify_end(struct audit_verify *verify)
{
    verify->has_suspect = false;
    if (verify->finding.defect == AUDIT_WHOLE)
        check_end(verify);
    return &verify->finding;
}
