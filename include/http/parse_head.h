/*
 * From bytes to a head, strictly: only CRLF ends a line, names are tokens with no space before the
 * colon, no folding, no control bytes, one framing (RFC 9112 2 to 6, RFC 9110 5). Pure, any thread.
 */
#ifndef HTTP_PARSE_HEAD_H
#define HTTP_PARSE_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "http/head.h"

enum parse { PARSE_DONE, PARSE_MORE, PARSE_BAD };

struct head_limits {
    uint32_t head_bytes;   /* whole head; beyond: HEAD_TOO_LARGE (RESPONSE_TOO_LARGE) */
    uint32_t target_bytes; /* request target; beyond: TARGET_TOO_LONG */
    uint16_t fields;       /* beyond: TOO_MANY_FIELDS (RESPONSE_TOO_LARGE) */
};

/*
 * Parses a request head at bytes. *searched is where the search for the end of the head goes on (0 at
 * first; kept by the caller between calls on the same, growing bytes). head->fields and
 * head->field_capacity are set by the caller. PARSE_DONE: *head is filled, head->size bytes are the
 * head. PARSE_MORE: more bytes are needed. PARSE_BAD: *fault says why. Empty lines before the request
 * line are skipped (RFC 9112 2.2), at most 4, and count into head->size; then head->base is after them.
 *
 * The answer depends on the bytes alone, not on how they arrived. Before a head is complete it is refused
 * for a first line that cannot become a request, for a target or a head over its limit (a head that
 * fills head_bytes without its end is over), and for a control byte that no head may contain; for other
 * faults, the number of fields among them, when it is complete. The fault is the first in the order of
 * the bytes. Then *head tells no more than method and minor, as far as they were read.
 */
enum parse parse_head_request(const char *bytes, size_t count, size_t *searched,
                              const struct head_limits *limits, struct head *head,
                              enum fault *fault);

/*
 * The same for a response to a request with `method` (HEAD and 204/304/1xx have no body; both framings,
 * repeated differing lengths and unknown codings are RESPONSE_BAD).
 */
enum parse parse_head_response(const char *bytes, size_t count, size_t *searched,
                               const struct head_limits *limits, enum method method,
                               struct head *head, enum fault *fault);

/*
 * A trailer section, with its final CRLF or, as chunk_read yields it, without, into head->fields; the
 * rules of fields above. head_bytes does not count the final CRLF. Faults are those of requests.
 */
enum parse parse_trailer(const char *bytes, size_t count, const struct head_limits *limits,
                         struct head *head, enum fault *fault);

#endif
