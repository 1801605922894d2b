/*
 * The body of struct state_file, for the three sources that are it: state_file.c (write), state_load.c and
 * state_reserve.c. One thread at a time.
 */
#ifndef DEPLOY_STATE_DISK_PRIV_H
#define DEPLOY_STATE_DISK_PRIV_H

#include "deploy/state_file_priv.h"

enum { RESERVES = 2 };

struct state_reserve {
    char *path;
    int fd; /* -1: not usable */
    size_t size;
    uint64_t generation; /* of the content; 0: blank or not whole */
};

/* Owner: deploy. Ends by state_file_free. Lent to the writer's thread. */
struct state_file {
    const struct state_io *io;
    int folder_fd;
    char *main;
    char *prev;
    char *fresh;   /* being written */
    char *damaged; /* a state.json that was not whole, set aside by the next write */
    uint64_t generation;
    bool has_main;
    bool is_main_damaged;
    struct state_reserve reserves[RESERVES];
};

/* Fills words from errno; the ERR_* for it. */
int state_disk_fail(char words[STATE_FILE_WORDS], const char *what, const char *path);
int state_disk_write_all(const struct state_io *io, int fd,
                         struct slice bytes); /* 0 or -1, errno */
MUST_CHECK int state_disk_write_fresh(struct state_file *file, struct slice bytes,
                                      char words[STATE_FILE_WORDS]);

#endif
