/*
 * Options and positional words of one command, by one table of options. Pure, any thread.
 */
#ifndef CONTROL_ARGS_PRIV_H
#define CONTROL_ARGS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

enum {
    ARGS_MAX = 8,
    ARGS_HEADERS_MAX = 24,
    ARGS_NAMED_MAX = 24,
    ARGS_DEFAULT_TIMEOUT_S = 60,
};

/* Bits of struct command.options and of args.given. */
enum args_option {
    ARGS_TO = 1u << 0,
    ARGS_FORCE = 1u << 1,
    ARGS_REASON = 1u << 2,
    ARGS_IF_EPOCH = 1u << 3,
    ARGS_TIMEOUT = 1u << 4,
    ARGS_KEY = 1u << 5,
    ARGS_TTL = 1u << 6,
    ARGS_WAIT = 1u << 7,
    ARGS_AS = 1u << 8,
    ARGS_NO_TEXT = 1u << 9,
    ARGS_LIMIT = 1u << 10,
    ARGS_FROM = 1u << 11,
    ARGS_STATS = 1u << 12,
    ARGS_NEWEST = 1u << 13,
    ARGS_LONGEST = 1u << 14, /* --max */
    ARGS_MESSAGE = 1u << 15,
    ARGS_HOST = 1u << 16,
    ARGS_PATH = 1u << 17,
    ARGS_METHOD = 1u << 18,
    ARGS_HEADER = 1u << 19, /* may be given several times */
    ARGS_CLIENT_IP = 1u << 20,
    ARGS_LISTENER = 1u << 21,
    ARGS_CONFIRM = 1u << 22, /* --confirm-within */
    ARGS_COMPARE = 1u << 23,
    ARGS_TOKEN = 1u << 24, /* kept by name, as the families */
    ARGS_EMERGENCY = 1u << 25,
    /* Families: each bit stands for several options whose values are kept by name, in args.named. */
    ARGS_KIND = 1u << 31,      /* --kind alone */
    ARGS_WHERE = 1u << 30,     /* --kind --outcome --actor --trigger --since --until */
    ARGS_WITH = 1u << 29,      /* --with, several times */
    ARGS_SIGNALLED = 1u << 28, /* --service --rollout */
    ARGS_ROLLOUT = 1u << 27,   /* --plan --profile */
    ARGS_DRILL = 1u << 26,     /* --share --synthetic --duration, and --assert several times */
};

/* Every command takes these; a changing one takes ARGS_CHANGE besides. */
#define ARGS_EVERY  (ARGS_TIMEOUT | ARGS_AS | ARGS_NO_TEXT)
#define ARGS_CHANGE (ARGS_REASON | ARGS_KEY | ARGS_IF_EPOCH)

struct args {
    char *words[ARGS_MAX]; /* positional, borrowed from the line */
    unsigned count;
    unsigned given; /* ARGS_* bits */
    const char *to;
    const char *reason;
    const char *key;
    const char *as;
    uint64_t if_epoch;
    uint64_t timeout_us; /* the default when not given */
    uint64_t ttl_us;
    uint64_t limit;
    uint64_t longest_us;
    uint64_t confirm_us;
    const char *from;
    const char *message;
    const char *host;
    const char *path;
    const char *method;
    const char *client_ip;
    const char *listener;
    const char *headers[ARGS_HEADERS_MAX];
    unsigned header_count;
    struct args_named {
        const char *name; /* "--kind" */
        const char *value;
    } named[ARGS_NAMED_MAX]; /* in the order in which they were given */
    unsigned named_count;
    char problem[160]; /* of a failed parse, one sentence */
};

/* Reads count words behind a verb; allowed: ARGS_* bits. ERR_INVALID: out->problem says why. */
MUST_CHECK int args_parse(char *const *words, unsigned count, unsigned allowed, struct args *out);

/* An option as it is known to the table, for those who describe it; false behind the last one. */
struct args_shape {
    const char *name;  /* "--to" */
    unsigned bit;      /* in struct command.options, or of ARGS_EVERY */
    const char *words; /* what it takes */
    bool is_flag;      /* no value */
    bool is_number;    /* a whole number */
    bool is_repeated;  /* may be given several times */
};
bool args_shape_at(unsigned index, struct args_shape *out);

/* The value of an option of a family, the first one; NULL: it was not given. */
const char *args_named(const struct args *args, const char *name);

/* A name of a service, group or slot: 1 to 63 bytes, no blank, slash or control byte, no '-' in front. */
bool args_is_name(const char *text);

/* "NAME", "NAME/SLOT" or "NAME/SLOT/TARGET" (a target may hold slashes); ERR_INVALID. */
struct args_path {
    char name[64];
    char slot[64];
    char target[136];
    unsigned depth;
};
MUST_CHECK int args_parse_path(const char *text, struct args_path *out);

#endif
