/*
 * A small strict parser of HTTP/1 responses for tests, on purpose not the one of the product. It reads
 * from growing bytes and says whether the response is whole, cut short, or no response at all. Values.
 */
#ifndef SUPPORT_REPLY_H
#define SUPPORT_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { REPLY_FIELDS = 64 };

enum reply_state {
    REPLY_MORE,   /* not whole yet */
    REPLY_WHOLE,  /* head and body complete by their framing */
    REPLY_BROKEN, /* breaks the grammar: `why` says how */
};

struct reply_field {
    struct slice name;
    struct slice value;
};

struct reply {
    int minor;
    int status;
    struct slice reason;
    struct slice head; /* with the final empty line; all slices point into the bytes given */
    struct reply_field fields[REPLY_FIELDS];
    unsigned field_count;
    struct text body;     /* without chunk framing; owned */
    struct slice trailer; /* of a chunked body, lines with CRLF, without the final CRLF */
    bool is_chunked;
    bool is_close_delimited;
    bool truncated; /* the connection ended before the framing did */
    size_t size;    /* bytes of the whole response */
    const char *why;
};

void reply_fini(struct reply *reply);

/*
 * Parses one response at bytes. to_head: it answers a HEAD request. ended: no more bytes will come, which
 * completes a close-delimited body and truncates any other (REPLY_WHOLE with truncated set). Calls
 * reply_fini on its own before it fills in; start with a zeroed struct.
 */
enum reply_state reply_parse(struct reply *reply, struct slice bytes, bool to_head, bool ended);

/* The value of the only field of that name; ptr NULL when there is none. */
struct slice reply_value(const struct reply *reply, const char *name);
unsigned reply_count(const struct reply *reply, const char *name);

#endif
