/*
 * From a parsed head to bytes: always written anew from the fields, in their order, names and
 * values byte for byte; hop-by-hop fields and those that are marked (by Connection, or head_hide)
 * are left out, ours are added. Pure.
 */
#ifndef HTTP_WRITE_HEAD_H
#define HTTP_WRITE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "http/head.h"

struct header_rules;

/* What the route changes of a request on its way to the app. */
struct write_changes {
    const struct header_rules *rules; /* NULL: none */
    struct slice line; /* whole, with its CRLF, behind the lines of the rules; may be empty */
    struct slice hidden_cookie; /* cookies of this name go no further; empty: all go on */
    uint16_t strip_bytes;       /* of the path, in front; told as X-Forwarded-Prefix */
};

/* How a request goes on to a target. Slices with len 0 are not written. */
struct write_request {
    struct slice client_host;  /* address for X-Forwarded-For */
    struct slice proto;        /* "http" or "https" for X-Forwarded-Proto */
    struct slice client_lines; /* whole, with their CRLFs: who the client is, by its certificate */
    struct slice request_id;   /* our X-Request-Id; empty: the client's stays */
    bool trusted;    /* peer may be believed: its X-Forwarded-* are kept and appended to */
    bool forwarded;  /* add X-Forwarded-* at all */
    bool via;        /* append "1.1 switchyard" to Via (RFC 9110 7.6.3) */
    bool upgrade;    /* offer the client's protocols (Connection: upgrade, and Upgrade) */
    bool close;      /* ask the target to close (Connection: close) */
    uint8_t framing; /* enum framing of the body as we send it */
    uint64_t length;
    const struct write_changes *changes; /* NULL: none */
};

/* How a response goes back to the client. */
struct write_response {
    uint64_t epoch;       /* X-Switchyard-Epoch; 0: not written */
    bool close;           /* Connection: close; else keep-alive is written for 1.0 clients only */
    uint8_t client_minor; /* HTTP version of the client's request */
    uint8_t framing;      /* enum framing of the body as we send it */
    uint64_t length;
    bool keep_length; /* HEAD and 304: a Content-Length of the target is passed on as it is */
    bool upgrade;     /* 101: Connection: upgrade, and Upgrade */
    /*
     * the Date to add if the target sent none, "Sat, 21 Nov 2026 09:00:00 GMT"; empty: none is
     * added
     */
    struct slice date_text;
    const struct header_rules *rules; /* NULL: none */
    struct slice line;                /* whole, with its CRLF; may be empty */
};

/*
 * The head as HTTP/1.1 at out; the size, or ERR_FULL when capacity does not suffice. An
 * absolute-form target is written in origin-form with its authority as Host (RFC 9112 3.2.2);
 * Expect: 100-continue and TE other than trailers are dropped; a request without Host (HTTP/1.0)
 * gets an empty Host. X-Forwarded-* (all of them) and Forwarded of a peer that is not trusted go no
 * further, whether ours are added or not; X-Switchyard-Slot and -Probe of a client never do. Max-Forwards of
 * OPTIONS and TRACE is written one lower. The lines of rules come behind the fields that go on; the
 * body's framing and our own fields come last. FRAMING_CLOSE writes no framing field.
 *
 * A stripped path begins with "/" all the same, and the query stays; a target without a path ("*")
 * stays as it is. A Location or a cookie's Path of the response is not rewritten: the app learns
 * the prefix and makes them right.
 */
MUST_CHECK long write_head_request(const struct head *head, const struct write_request *how,
                                   char *out, size_t capacity);
MUST_CHECK long write_head_response(const struct head *head, const struct write_response *how,
                                    char *out, size_t capacity);

/*
 * An interim response (1xx) for the client: status line and end-to-end fields. Of the rules (NULL:
 * none) only the names count that are left out.
 */
MUST_CHECK long write_head_interim(const struct head *head, const struct header_rules *rules,
                                   char *out, size_t capacity);

/*
 * The trailer fields that may go on, each as a line, and the final CRLF. Framing, routing,
 * authentication and hop-by-hop fields are left out (RFC 9110 6.5.1). head comes from
 * parse_trailer.
 */
MUST_CHECK long write_trailer(const struct head *head, char *out, size_t capacity);

/*
 * How many bytes write_head_request or write_head_response may need at most for this head, as long
 * as the slices of `how` have no more than 512 bytes together; the lines of rules and changes come
 * on top.
 */
size_t write_head_bound(const struct head *head);

#endif
