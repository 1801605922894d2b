/*
 * The body of struct state_file, for the three sources that are it: state_file.c (write), state_load.c and
 * state_reserve.c. One thread at a time.
 */
#ifndef DEPLOY_STATE_DISK_PRIV_H
#define DEPLOY_STATE_DISK_PRIV_H

#include "base/text.h"
#include "deploy/state_file_priv.h"

enum { RESERVES = 2 };

struct state_reserve {
    char *path;
    int fd; /* -1: not usable */
    size_t size;
    uint64_t generation; /* of the content; 0: blank or not whole */
};

/* Files of pins: those that the states on disk name, and those that are there. Names stand one a line. */
struct pins_files {
    struct text main;
    struct text prev;
    char **known;
    size_t count;
    bool is_clean; /* nothing is there that no state names */
};

/* What a write did to state.json.prev. */
enum prev_fate { PREV_UNTOUCHED, PREV_GONE, PREV_RENEWED };

/* Owner: deploy. Ends by state_file_free. Lent to the writer's thread. */
struct state_file {
    const struct state_io *io;
    int folder_fd;
    char *folder;
    char *main;
    char *prev;
    char *fresh;   /* being written */
    char *damaged; /* a state.json that was not whole, set aside by the next write */
    uint64_t generation;
    bool has_main;
    bool is_main_damaged;
    enum prev_fate prev_fate;
    struct state_reserve reserves[RESERVES];
    struct pins_files pins;
};

/* Fills words from errno; the ERR_* for it. */
int state_disk_fail(char words[STATE_FILE_WORDS], const char *what, const char *path);
int state_disk_write_all(const struct state_io *io, int fd,
                         struct slice bytes);                         /* 0 or -1, errno */
MUST_CHECK int state_disk_read_all(int fd, size_t size, char *bytes); /* ERR_IO; may end early */
MUST_CHECK int state_disk_write_fresh(struct state_file *file, struct slice bytes,
                                      char words[STATE_FILE_WORDS]);

#endif
