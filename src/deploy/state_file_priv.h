/*
 * State files on disk. A write makes a new file, syncs it, keeps the old one as .prev, renames and syncs the
 * folder; what fails in between is undone, so that a failed write leaves the old state. A file whose sync failed
 * is never used again. Two reserve files with real blocks take a write in place when no new file can be made
 * (full disk); the one with the older generation is overwritten, so that the newer one outlives a torn write.
 * Blocking: the writer's thread, or the start before anything is served.
 */
#ifndef DEPLOY_STATE_FILE_PRIV_H
#define DEPLOY_STATE_FILE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/check.h"
#include "base/slice.h"

struct state;
struct state_file;

/* The calls that writing is made of; tests put faults and ends of the process in between. */
struct state_io {
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*write)(int fd, const void *bytes, size_t count);
    ssize_t (*pwrite)(int fd, const void *bytes, size_t count, off_t at);
    int (*fsync)(int fd);
    int (*fdatasync)(int fd);
    int (*close)(int fd);
    int (*link)(const char *from, const char *to);
    int (*rename)(const char *from, const char *to);
    int (*unlink)(const char *path);
};
extern const struct state_io state_io_system;

enum { STATE_FILE_WORDS = 320 };

/* Opens the folder; makes it (0750) with its parents when it is missing. io: NULL for the system's. */
MUST_CHECK int state_file_new(const char *folder, const struct state_io *io,
                              struct state_file **out, char words[STATE_FILE_WORDS]);
void state_file_free(struct state_file *file);

/*
 * The whole state of the highest generation. ERR_NOT_FOUND: no file at all, the very first start;
 * ERR_CORRUPT: there are files, but none is whole; ERR_VERSION: written by a newer version; ERR_IO and others:
 * it cannot be read. words: what to do; also filled in, with 0, when an older file had to serve (else "").
 */
MUST_CHECK int state_file_load(struct state_file *file, struct state **out,
                               char words[STATE_FILE_WORDS]);

/* Generations up to this one may be on disk; the next write must have a higher one. */
uint64_t state_file_generation(const struct state_file *file);

/* Durable when it returns 0. Otherwise the old state is on disk, unless *unsure is set: then nobody knows
 * which, and a later write with a higher generation must settle it. errno's words in words. */
MUST_CHECK int state_file_write(struct state_file *file, uint64_t generation, struct slice bytes,
                                bool *unsure, char words[STATE_FILE_WORDS]);

/* In place, into the older reserve file. ERR_FULL: longer than the reserve. */
MUST_CHECK int state_file_write_reserve(struct state_file *file, uint64_t generation,
                                        struct slice bytes, char words[STATE_FILE_WORDS]);

/* Bytes that a reserve file takes; 0: there is none. */
size_t state_file_reserve_size(const struct state_file *file);

/* Makes, renews or grows the reserve files so that `size` bytes fit well; a failure is no more than a warning. */
int state_file_ensure_reserve(struct state_file *file, size_t size);

#endif
