/*
 * The file that is being written: appended to, synced, put aside when it has grown, with blocks kept ready behind its end
 * so that a full disk still takes some records. Carries the head of the chain. Thread: the writer of the trail; open and
 * close before and after it runs.
 */
#ifndef AUDIT_AUDIT_DISK_PRIV_H
#define AUDIT_AUDIT_DISK_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/audit_files.h"
#include "audit/audit_record.h"
#include "base/check.h"
#include "base/text.h"

enum {
    AUDIT_DISK_RESERVE = 64 * 1024, /* bytes behind the end that are made ready */
    AUDIT_DISK_LOW = 16 * 1024, /* with less of them, and no way to get more, nothing is begun */
};

struct audit_disk {
    char *path;
    struct audit_key key;
    uint64_t rotate_bytes;
    pthread_mutex_t
        *reading; /* held by whoever reads the files by their names; NULL: nobody does */

    int fd; /* -1: not open */
    dev_t device;
    ino_t inode;
    uint64_t size;
    uint64_t reserved;  /* blocks are there up to this size */
    uint64_t first_seq; /* of the file; 0: it is empty */
    uint64_t seq;       /* of the last record */
    unsigned char hash[AUDIT_RECORD_HASH];
    bool is_new;    /* the folder does not know the file for certain */
    bool is_uneven; /* a part of a line may be at its end */
};

/* Finds the end of the chain and cuts off a torn line. story: what is to be told about it in a record, "" : nothing. */
MUST_CHECK int audit_disk_open(struct audit_disk *disk, char story[AUDIT_FILES_WORDS],
                               char words[AUDIT_FILES_WORDS]);
void audit_disk_close(struct audit_disk *disk);

/* Writes and syncs all or nothing; the records get their seq. Puts the file aside before, when it is time. */
MUST_CHECK int audit_disk_append(struct audit_disk *disk, struct audit_record *const *records,
                                 unsigned count, char words[AUDIT_FILES_WORDS]);

/* Whether a record would go, as far as that can be known; makes the reserve ready. */
bool audit_disk_is_ready(struct audit_disk *disk, char words[AUDIT_FILES_WORDS]);

#endif
