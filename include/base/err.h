/*
 * The expected failures of functions: 0 is success, everything else a negative ERR_*. Waiting is an
 * ERR_AGAIN only where the caller asked for something that may not be there yet.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum {
    ERR_OK = 0,
    ERR_AGAIN = -1,   /* not now: wait for the next event */
    ERR_RESET = -2,   /* the peer reset the connection or it broke */
    ERR_IO = -3,      /* a system call failed otherwise; errno tells */
    ERR_INVALID = -4, /* malformed input */
    ERR_RANGE = -5,   /* well formed, but out of bounds */
    ERR_NOT_FOUND = -6,
    ERR_EXISTS = -7,
    ERR_FULL = -8, /* a bound of ours is reached */
    ERR_TIMEOUT = -9,
    ERR_REFUSED = -10,
    ERR_CONFLICT = -11,
    ERR_DENIED = -12,
    ERR_CORRUPT = -13,  /* a checksum or a structure does not fit */
    ERR_VERSION = -14,  /* written by a newer format than we know */
    ERR_NO_SPACE = -15, /* disk or quota */
    ERR_NO_FD = -16,    /* descriptors are used up */
    ERR_UNREACHABLE = -17,
};

/* The lower-case word for logs: "again", "reset" …; "unknown" for anything else. */
const char *err_name(int err);

/* Maps errno of a socket or file call to the nearest ERR_*; never 0. */
int err_from_errno(int error_number);

#endif
