/*
 * A request body as it comes in, by its length or in chunks, kept whole up to a limit. Pure, any thread.
 */
#ifndef CONTROL_API_BODY_PRIV_H
#define CONTROL_API_BODY_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"
#include "http/chunk.h"
#include "http/head.h"

enum { API_REQUEST_BODY_MAX = 1 << 20, API_TRAILER_MAX = 1024 };

enum api_body_state { API_BODY_MORE, API_BODY_DONE, API_BODY_BAD };

struct api_body {
    struct text bytes;
    uint64_t left; /* with a length */
    struct chunk_reader reader;
    bool is_chunked;
    enum fault fault; /* of API_BODY_BAD */
};

/* DONE: there is none; BAD: it is longer than the limit. Ends by api_body_fini. */
enum api_body_state api_body_init(struct api_body *body, const struct head *head, size_t limit);
void api_body_fini(struct api_body *body);

/* Takes what belongs to the body of count bytes; *consumed of them are used up. Trailers are checked and dropped. */
enum api_body_state api_body_take(struct api_body *body, const char *bytes, size_t count,
                                  size_t *consumed);

#endif
