/*
 * Answers of our own: a whole response, head and body, as a small clean HTML page or as JSON when
 * Accept prefers it. Nothing of the request is reflected, but its host and target in the Location of a redirect, and
 * there only as they were parsed: without a byte that could end the field. Pure, any thread.
 */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/fault.h"
#include "base/slice.h"

struct page_request {
    int status;
    enum fault fault;
    bool is_json;
    bool is_head; /* answer to HEAD: head only */
    bool close;
    unsigned minor;          /* HTTP version of the client */
    unsigned retry_after_s;  /* 0: no Retry-After */
    struct slice request_id; /* shown, already checked; may be empty */
    struct slice allow;      /* for 405: the Allow field */
    struct slice date_text;  /* Date; may be empty */
    struct slice
        https_host; /* not empty: Location is https with this host, the path and the query */
    struct slice https_path;
    struct slice https_query; /* ptr NULL: none */
    struct slice message; /* an operator's words in place of the fault's, any bytes; may be empty */
};

enum { PAGE_MESSAGE_MAX = 256 }; /* more of a message is not shown */

#define PAGE_SIZE_MAX 4096 /* of a page without a Location */

/* How many bytes page_write needs at most: PAGE_SIZE_MAX, and more with a Location. */
size_t page_bound(const struct page_request *page);

/* The bytes at out (page_bound); the size. */
size_t page_write(const struct page_request *page, char *out);

/* Only the head, for a body of body_len bytes that the caller sends behind it. */
size_t page_write_head(const struct page_request *page, size_t body_len, char *out);

/*
 * Whether an Accept value prefers application/json (or +json) to text/html (RFC 9110 12.5.1,
 * q-values).
 */
bool page_wants_json(struct slice accept);

/* The reason phrase of a status, "Unknown" for one we do not know. */
const char *page_reason(int status);

#endif
