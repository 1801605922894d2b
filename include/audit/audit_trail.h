/*
 * The trail of the running daemon: records go to a thread that writes and syncs them, several at once, and tells when
 * they are on disk. What cannot be written waits in bounded memory and is tried again. Owner: app. Control thread.
 */
#ifndef AUDIT_AUDIT_TRAIL_H
#define AUDIT_AUDIT_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit_files.h"
#include "audit/audit_record.h"
#include "base/check.h"

struct audit_trail;
struct clerk;
struct loop;

enum { AUDIT_TRAIL_QUEUE_MAX = 4096 };

struct audit_trail_options {
    struct loop *loop;
    const char *path;      /* of the file; copied, as all texts */
    const char *key;       /* a key file; NULL: records are not sealed */
    const char *anchor;    /* NULL: heads go to the log alone */
    uint64_t rotate_bytes; /* beyond it the file is put aside; 0: never */
    uint64_t patience_us;  /* a write that takes longer counts as none that works */
    bool refuses;          /* while it cannot be written, audit_trail_is_ready says no */
};

/* What became of a record: it is on disk, or not yet, and then nobody knows when. */
typedef void audit_trail_fn(void *arg, bool is_durable);

/* Opens the file, finds the end of the chain, starts the thread. ERR_* and words: the file cannot be used. A torn end is
 * cut off and told in a record. */
MUST_CHECK int audit_trail_new(const struct audit_trail_options *options, struct audit_trail **out,
                               char words[AUDIT_FILES_WORDS]);

/* Writes what waits, one time; then every fn that was not called is called, and all is freed. NULL is fine. */
void audit_trail_free(struct audit_trail *trail);

/* Queues a record (copied; its seq and, when it is 0, its time are filled in). fn, which may be NULL, is called once,
 * later. */
void audit_trail_add(struct audit_trail *trail, const struct audit_record *record,
                     audit_trail_fn *fn, void *arg);

/* A refused attempt to be let in: `from` is an address, words say why, without the secret. At most some a second are
 * written; what was too many is told in one record. False: it was only counted. */
bool audit_note_refusal(struct audit_trail *trail, const char *from, const char *words);

/* The same bound for any record that strangers can cause. */
bool audit_trail_add_bounded(struct audit_trail *trail, const struct audit_record *record,
                             audit_trail_fn *fn, void *arg);

/* Whether what needs a record may begin. False only with options.refuses; words say why. */
bool audit_trail_is_ready(struct audit_trail *trail, char words[AUDIT_FILES_WORDS]);

/* Has the thread find out now whether it could write; audit_trail_has_looked says when that is known. */
uint64_t audit_trail_ask(struct audit_trail *trail);
bool audit_trail_has_looked(struct audit_trail *trail, uint64_t asked);

/* Writes a file of ours after the records that wait, on the same thread: `content` replaces it as a whole, or is
 * appended to it. Nobody is told; an error is counted and logged. */
void audit_trail_write_file(struct audit_trail *trail, const char *path, struct slice content,
                            bool appends);

struct audit_trail_view {
    uint64_t records; /* on disk, since the start */
    uint64_t write_errors;
    uint64_t file_errors; /* of audit_trail_write_file */
    uint64_t lost;        /* for which there was no room in memory */
    uint64_t suppressed;  /* refused attempts that were only counted */
    uint64_t queue;       /* not on disk yet */
    uint64_t last_seq;
    uint64_t anchored_seq;
    bool is_failing;
    char last_hash[65];
    char last_error[AUDIT_FILES_WORDS];
};
void audit_trail_look(struct audit_trail *trail, struct audit_trail_view *out);

/* A thread for whoever reads the files; ends with the trail. */
struct clerk *audit_trail_clerk(struct audit_trail *trail);

/* For readers on other threads: the paths, and reading while no file changes its name. */
const char *audit_trail_path(const struct audit_trail *trail);
MUST_CHECK int audit_trail_verify(struct audit_trail *trail, uint64_t first,
                                  struct audit_files_report *out, char words[AUDIT_FILES_WORDS]);
void audit_trail_hold_names(struct audit_trail *trail);
void audit_trail_release_names(struct audit_trail *trail);

#endif
