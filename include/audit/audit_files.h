/*
 * The files of a trail and what else is read from disk for it: PATH is being written, PATH.N was put aside and begins
 * with record N; the anchors and the key. Blocks; any thread but the control thread once the daemon serves.
 */
#ifndef AUDIT_AUDIT_FILES_H
#define AUDIT_AUDIT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit_record.h"
#include "audit/audit_verify.h"
#include "base/check.h"
#include "base/slice.h"

enum { AUDIT_FILES_WORDS = 320 };

struct audit_files {
    char **paths; /* in order of their records */
    size_t count;
};

/* Those of PATH that are there, PATH itself last. ERR_* and words when the folder cannot be read. */
MUST_CHECK int audit_files_list(const char *path, struct audit_files *out,
                                char words[AUDIT_FILES_WORDS]);
void audit_files_free(struct audit_files *files);

/* Takes the line without its line feed; is_torn: it has none, or is too long for a record. False: enough. */
typedef bool audit_files_fn(void *arg, struct slice line, bool is_torn);

/* Every line of the first `limit` bytes of a file (0: all of it) from `from` on. ERR_NOT_FOUND, or others with words. */
struct audit_files_part {
    const char *path;
    uint64_t from;
    uint64_t limit;
};
MUST_CHECK int audit_files_each(const struct audit_files_part *part, audit_files_fn *fn, void *arg,
                                char words[AUDIT_FILES_WORDS]);

/* A key file: all of its bytes without a line feed at the end; nobody else may read or write it. */
MUST_CHECK int audit_files_key(const char *path, struct audit_key *out,
                               char words[AUDIT_FILES_WORDS]);
void audit_files_forget_key(struct audit_key *key);

/* The marks of an anchor file and of its predecessor PATH.1, in ascending order; the caller frees. A missing file: none.
 * A line that is no mark is an error, as is a mark that is lower than the one before it. */
MUST_CHECK int audit_files_marks(const char *path, struct audit_mark **out, size_t *count,
                                 char words[AUDIT_FILES_WORDS]);

/* All of it: files in order, anchors (NULL: none), key (NULL: none). */
struct audit_files_check {
    const char *path;         /* of the trail; NULL: names */
    const char *const *names; /* files one by one, in order */
    size_t name_count;
    const char *anchor;
    const struct audit_key *key;
    uint64_t first; /* as in audit_verify */

    /* Of a trail that is being written, asked for after the anchors were read: its last record, and how many bytes of
     * PATH count; what comes behind them is not looked at. NULL: nobody writes. */
    void (*now)(void *arg, struct audit_mark *head, uint64_t *bytes);
    void *arg;
};
struct audit_files_report {
    struct audit_finding finding;
    uint64_t records;
    uint64_t sealed;
    uint64_t files;
    uint64_t marks;
    uint64_t last_seq;
    char last_hash[65];
};
/* ERR_* and words: it could not be checked. */
MUST_CHECK int audit_files_verify(const struct audit_files_check *check,
                                  struct audit_files_report *out, char words[AUDIT_FILES_WORDS]);

#endif
