/*
 * See audit_disk_priv.h. What is not synced is cut off again and the head of the chain stays where it was: the same
 * records are tried again, under the same numbers. A file that somebody removed or replaced is begun anew; the
 * chain goes on, and verify tells what is missing.
 */
#include <pthread.h>

#include "audit/audit_disk_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

enum { APPEND_LIMIT = 64 * 1024 * 1024 };

static int fail(char words[AUDIT_FILES_WORDS], const char *what, const char *path)
{
    int error_number = errno;

    snprintf(words, AUDIT_FILES_WORDS, "cannot %s %.200s: %s", what, path, strerror(error_number));
    return err_from_errno(error_number);
}

static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL ? mem_text_of(path, (size_t)(slash - path) + 1) : mem_text(".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;

    if (fd >= 0)
        close(fd);
    free(folder);
    return failed ? -1 : 0;
}

/* Opens it for one piece of work: between two of them nothing is open, so that the file system can be made read-only.
 * Another file than the last time is begun anew; what stands behind our last record in the same one stays. */
static int enter(struct audit_disk *disk, char words[AUDIT_FILES_WORDS])
{
    struct stat status;

    disk->fd = open(disk->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (disk->fd < 0)
        return fail(words, "open", disk->path);
    if (fstat(disk->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        snprintf(words, AUDIT_FILES_WORDS, "%.200s is not a regular file", disk->path);
        audit_disk_close(disk);
        return ERR_INVALID;
    }
    if (status.st_dev != disk->device || status.st_ino != disk->inode) {
        disk->device = status.st_dev;
        disk->inode = status.st_ino;
        disk->is_new = true;
        disk->is_uneven = false;
        disk->first_seq = 0;
        disk->reserved = 0;
    }
    if (!disk->is_uneven)
        disk->size = (uint64_t)status.st_size;
    if (disk->reserved < disk->size)
        disk->reserved = disk->size;
    return 0;
}

/* The last whole record of a file, and where what can be read of it ends. */
struct tail {
    struct audit_disk *disk;
    uint64_t bytes;      /* of whole lines */
    uint64_t good_bytes; /* up to the end of the last whole record */
    uint64_t torn;
    bool has_first;
    bool is_damaged; /* the last line is whole and no record */
};

static bool take_line(void *arg, struct slice line, bool is_torn)
{
    struct tail *tail = arg;
    struct audit_record record;
    struct audit_proof proof;

    if (is_torn) {
        tail->torn += line.len;
        return true;
    }
    tail->bytes += line.len + 1;
    tail->is_damaged = audit_record_decode(line, &record, &proof) != 0 ||
                       !audit_record_is_whole(&record, &proof, NULL);
    if (tail->is_damaged)
        return true;
    if (!tail->has_first)
        tail->disk->first_seq = record.seq;
    tail->has_first = true;
    tail->disk->seq = record.seq;
    memcpy(tail->disk->hash, proof.hash, sizeof tail->disk->hash);
    return true;
}

/* A torn line was never acknowledged: it goes. What is whole and no record stays, where verify finds it. */
static int repair(struct audit_disk *disk, const struct tail *tail, char story[AUDIT_FILES_WORDS],
                  char words[AUDIT_FILES_WORDS])
{
    if (tail->torn > 0) {
        if (ftruncate(disk->fd, (off_t)tail->bytes) != 0 || fdatasync(disk->fd) != 0)
            return fail(words, "cut a torn line off", disk->path);
        disk->size = disk->reserved = tail->bytes;
        snprintf(story, AUDIT_FILES_WORDS,
                 "%" PRIu64 " bytes of a torn line were cut off the end of %.150s", tail->torn,
                 disk->path);
    }
    if (tail->is_damaged)
        snprintf(story, AUDIT_FILES_WORDS,
                 "the last line of %.150s is no record; the trail goes on behind record %" PRIu64,
                 disk->path, disk->seq);
    return 0;
}

/* The head of the chain when the file itself has no record: that of the newest which was put aside. */
static int find_old_head(struct audit_disk *disk, char words[AUDIT_FILES_WORDS])
{
    struct audit_files list;
    int err = audit_files_list(disk->path, &list, words);

    for (size_t i = list.count; err == 0 && disk->seq == 0 && i > 0; i--) {
        struct tail tail = { .disk = disk };
        struct audit_files_part part = { .path = list.paths[i - 1] };

        if (strcmp(part.path, disk->path) != 0)
            err = audit_files_each(&part, take_line, &tail, words);
    }
    disk->first_seq = 0;
    audit_files_free(&list);
    return err;
}

int audit_disk_open(struct audit_disk *disk, char story[AUDIT_FILES_WORDS],
                    char words[AUDIT_FILES_WORDS])
{
    struct tail tail = { .disk = disk };
    struct audit_files_part part = { .path = disk->path };
    int err = enter(disk, words);

    story[0] = '\0';
    if (err == 0)
        err = audit_files_each(&part, take_line, &tail, words);
    if (err == 0)
        err = repair(disk, &tail, story, words);
    if (err == 0 && disk->seq == 0)
        err = find_old_head(disk, words);
    audit_disk_close(disk);
    return err;
}

void audit_disk_close(struct audit_disk *disk)
{
    if (disk->fd >= 0)
        close(disk->fd);
    disk->fd = -1;
}

/* Blocks behind the end; where the file system has none to promise, the file grows as it may. */
static bool extend_reserve(struct audit_disk *disk)
{
    if (disk->reserved >= disk->size + AUDIT_DISK_RESERVE / 2)
        return true;
    if (fallocate(disk->fd, FALLOC_FL_KEEP_SIZE, (off_t)disk->size, AUDIT_DISK_RESERVE) != 0)
        return errno == EOPNOTSUPP || errno == ENOSYS;
    disk->reserved = disk->size + AUDIT_DISK_RESERVE;
    return true;
}

static bool has_room(struct audit_disk *disk, char words[AUDIT_FILES_WORDS])
{
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < disk->size + AUDIT_DISK_LOW) {
        snprintf(words, AUDIT_FILES_WORDS, "the limit of the size of files stops %.200s",
                 disk->path);
        return false;
    }
    if (extend_reserve(disk) || disk->reserved >= disk->size + AUDIT_DISK_LOW)
        return true;
    (void)fail(words, "keep room for", disk->path);
    return false;
}

bool audit_disk_is_ready(struct audit_disk *disk, char words[AUDIT_FILES_WORDS])
{
    bool is_ready = false;

    words[0] = '\0';
    if (enter(disk, words) != 0)
        return false;
    is_ready = has_room(disk, words);
    audit_disk_close(disk);
    return is_ready;
}

static int write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t count = write(fd, bytes.ptr, bytes.len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count == 0)
            errno = ENOSPC;
        if (count <= 0)
            return -1;
        bytes = slice_of(bytes.ptr + count, bytes.len - (size_t)count);
    }
    return 0;
}

/* Back to the last record that is on disk for certain. */
static void take_back(struct audit_disk *disk)
{
    disk->is_uneven = ftruncate(disk->fd, (off_t)disk->size) != 0;
    disk->reserved = disk->size; /* truncating gives back what was behind the end */
    (void)extend_reserve(disk);
}

static int write_bytes(struct audit_disk *disk, struct slice bytes, char words[AUDIT_FILES_WORDS])
{
    int err = 0;

    if (disk->is_uneven && ftruncate(disk->fd, (off_t)disk->size) != 0)
        return fail(words, "take back a part of a line of", disk->path);
    disk->is_uneven = false;
    if (write_all(disk->fd, bytes) != 0)
        err = fail(words, "write", disk->path);
    else if (fdatasync(disk->fd) != 0 || (disk->is_new && sync_folder(disk->path) != 0))
        err = fail(words, "sync", disk->path);
    if (err != 0) {
        take_back(disk);
        return err;
    }
    disk->is_new = false;
    disk->size += bytes.len;
    return 0;
}

/* The chain that these records make, from a head on; the head moves. */
static void encode(const struct audit_disk *disk, struct audit_record *const *records,
                   unsigned count, struct audit_mark *head, struct text *out)
{
    for (unsigned i = 0; i < count; i++) {
        struct audit_proof proof = { 0 };

        records[i]->seq = ++head->seq;
        memcpy(proof.prev, head->hash, sizeof proof.prev);
        audit_record_prove(records[i], &disk->key, &proof);
        audit_record_encode(records[i], &proof, out);
        memcpy(head->hash, proof.hash, sizeof head->hash);
    }
}

static int append(struct audit_disk *disk, struct audit_record *const *records, unsigned count,
                  char words[AUDIT_FILES_WORDS])
{
    struct audit_mark head = { .seq = disk->seq };
    struct text bytes;
    int err = 0;

    memcpy(head.hash, disk->hash, sizeof head.hash);
    text_init(&bytes, APPEND_LIMIT);
    encode(disk, records, count, &head, &bytes);
    err = write_bytes(disk, text_slice(&bytes), words);
    text_fini(&bytes);
    if (err != 0)
        return err;
    if (disk->first_seq == 0)
        disk->first_seq = disk->seq + 1;
    disk->seq = head.seq;
    memcpy(disk->hash, head.hash, sizeof disk->hash);
    return 0;
}

/* The first record of a new file names the file and the hash before it. */
static int begin_file(struct audit_disk *disk, const char *old, char words[AUDIT_FILES_WORDS])
{
    struct audit_record record = { .time_us = clock_wall_us() };
    struct audit_record *records[] = { &record };
    const char *slash = strrchr(old, '/');
    char hex[65];

    audit_record_hex(disk->hash, hex);
    audit_record_set(record.actor, sizeof record.actor, "switchyard");
    audit_record_set(record.verb, sizeof record.verb, "audit-file");
    audit_record_set(record.outcome, sizeof record.outcome, "done");
    snprintf(record.note, sizeof record.note,
             "follows %.80s, which ends with record %" PRIu64 " %s",
             slash != NULL ? slash + 1 : old, disk->seq, hex);
    return append(disk, records, 1, words);
}

/* Under another name, unless somebody reads by the names right now: then the file goes on growing. */
static int put_aside(struct audit_disk *disk, char words[AUDIT_FILES_WORDS])
{
    char *old = NULL;
    int err = 0;

    if (disk->reading != NULL && pthread_mutex_trylock(disk->reading) != 0)
        return 0;
    old = mem_format("%s.%" PRIu64, disk->path, disk->first_seq);
    if (rename(disk->path, old) != 0)
        err = fail(words, "put aside", disk->path);
    if (err == 0) {
        if (ftruncate(disk->fd, (off_t)disk->size) != 0)
            errno = 0; /* then it keeps the reserve that it will not need */
        audit_disk_close(disk);
        err = enter(disk, words);
    }
    if (disk->reading != NULL)
        pthread_mutex_unlock(disk->reading);
    if (err == 0)
        err = begin_file(disk, old, words);
    free(old);
    return err;
}

int audit_disk_append(struct audit_disk *disk, struct audit_record *const *records, unsigned count,
                      char words[AUDIT_FILES_WORDS])
{
    int err = 0;

    words[0] = '\0';
    err = enter(disk, words);
    if (err == 0 && disk->rotate_bytes > 0 && disk->first_seq > 0 &&
        disk->size >= disk->rotate_bytes)
        err = put_aside(disk, words);
    if (err == 0)
        err = append(disk, records, count, words);
    if (err == 0)
        (void)extend_reserve(disk);
    audit_disk_close(disk);
    return err;
}
