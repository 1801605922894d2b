/*
 * The login names of users as /etc/passwd has them, each remembered for a few seconds, so that not every connection reads the
 * file. Never asks a name service, which could block. Owner: whoever embeds it, zeroed. Thread: control.
 */
#ifndef CONTROL_LOGINS_PRIV_H
#define CONTROL_LOGINS_PRIV_H

#include <stdint.h>
#include <sys/types.h>

enum { LOGINS_MAX = 16, LOGINS_TEXT = 40, LOGINS_US = 10 * 1000 * 1000 };

struct login {
    uid_t uid;
    uint64_t until_us; /* monotonic; 0: this place is free */
    char text[LOGINS_TEXT];
};

struct logins {
    struct login items[LOGINS_MAX];
};

/* "(ann)", or "" for a number without a name, which is no error; what was read at most LOGINS_US before now_us. Valid until
 * the next call. */
const char *logins_find(struct logins *logins, uid_t uid, uint64_t now_us);

#endif
