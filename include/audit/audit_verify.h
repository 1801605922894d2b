/*
 * Checks a trail line by line: is every record whole, does each follow the one before, do the anchors that were put
 * elsewhere agree. The first thing that is wrong is named by its sequence number, file and line. Pure, any thread.
 */
#ifndef AUDIT_AUDIT_VERIFY_H
#define AUDIT_AUDIT_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit_record.h"
#include "base/slice.h"

enum audit_defect {
    AUDIT_WHOLE,
    AUDIT_CHANGED,   /* a record is not what it was */
    AUDIT_REMOVED,   /* records are missing before others */
    AUDIT_REORDERED, /* a record stands behind its successor */
    AUDIT_INSERTED,  /* a line that does not belong there */
    AUDIT_CUT,       /* records are missing at the end, or the last line is torn */
    AUDIT_UNSEALED,  /* the key was given, and the seal is missing or another's */
};

/* What somebody else remembers: this record had this hash. */
struct audit_mark {
    uint64_t seq;
    unsigned char hash[AUDIT_RECORD_HASH];
};

struct audit_finding {
    enum audit_defect defect;
    uint64_t seq;  /* the first one that is wrong */
    uint64_t line; /* in file, from 1; 0: at its end */
    char file[256];
    char words[300]; /* one sentence */
};

struct audit_verify {
    const struct audit_key *key;    /* NULL: seals are not checked */
    const struct audit_mark *marks; /* in ascending order; borrowed */
    size_t mark_count;
    uint64_t
        first; /* the trail begins with this record, whose predecessor is not asked for; 0: with the first */

    uint64_t next_seq; /* from here on its own */
    unsigned char head[AUDIT_RECORD_HASH];
    size_t next_mark;
    uint64_t records;
    uint64_t sealed;
    uint64_t line;
    char file[256];
    bool has_suspect;    /* finding is not certain yet: the missing one may come later */
    bool suspect_is_own; /* the line that did not fit is a whole record */
    uint64_t suspect_seq;
    struct audit_finding finding;
};

/* marks and key are borrowed until audit_verify_end. */
void audit_verify_begin(struct audit_verify *verify, const struct audit_key *key,
                        const struct audit_mark *marks, size_t mark_count);
void audit_verify_file(struct audit_verify *verify, const char *name);

/* A line without its line feed; is_torn: it has none. */
void audit_verify_line(struct audit_verify *verify, struct slice line, bool is_torn);

/* Also compares the end with the marks. The finding lives as long as verify. */
const struct audit_finding *audit_verify_end(struct audit_verify *verify);

const char *audit_defect_name(enum audit_defect defect); /* "whole", "changed" … */

#endif
