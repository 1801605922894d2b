/* Request bodies of the API: see api_body_priv.h. */
#include "control/api_body_priv.h"

enum api_body_state api_body_init(struct api_body *body, const struct head *head, size_t limit)
{
    *body = (struct api_body){ .is_chunked = head->framing == FRAMING_CHUNKED };
    text_init(&body->bytes, limit);
    if (body->is_chunked) {
        chunk_reader_init(&body->reader, API_TRAILER_MAX);
        return API_BODY_MORE;
    }
    if (head->framing != FRAMING_LENGTH || head->length == 0)
        return API_BODY_DONE;
    if (head->length > limit) {
        body->fault = FAULT_BODY_TOO_LARGE;
        return API_BODY_BAD;
    }
    body->left = head->length;
    return API_BODY_MORE;
}

void api_body_fini(struct api_body *body)
{
    text_fini(&body->bytes);
}

static enum api_body_state take_length(struct api_body *body, struct slice bytes, size_t *consumed)
{
    *consumed = bytes.len < body->left ? bytes.len : (size_t)body->left;
    text_add_slice(&body->bytes, slice_of(bytes.ptr, *consumed));
    body->left -= *consumed;
    return body->left > 0 ? API_BODY_MORE : API_BODY_DONE;
}

/* One step of the chunked coding; true: there may be another one. */
static bool take_chunk(struct api_body *body, struct slice bytes, size_t *used,
                       enum api_body_state *state)
{
    struct slice span = { NULL, 0 };

    switch (chunk_read(&body->reader, bytes.ptr, bytes.len, used, &span)) {
    case CHUNK_DATA: text_add_slice(&body->bytes, span); break;
    case CHUNK_MORE: *state = API_BODY_MORE; return false;
    case CHUNK_DONE: *state = API_BODY_DONE; return false;
    case CHUNK_BAD:
        body->fault = FAULT_BAD_CHUNK;
        *state = API_BODY_BAD;
        return false;
    }
    if (!text_is_cut(&body->bytes))
        return true;
    body->fault = FAULT_BODY_TOO_LARGE;
    *state = API_BODY_BAD;
    return false;
}

enum api_body_state api_body_take(struct api_body *body, const char *bytes, size_t count,
                                  size_t *consumed)
{
    enum api_body_state state = API_BODY_MORE;
    bool is_going_on = true;

    if (!body->is_chunked)
        return take_length(body, slice_of(bytes, count), consumed);
    *consumed = 0;
    while (is_going_on) {
        size_t used = 0;

        is_going_on =
            take_chunk(body, slice_of(bytes + *consumed, count - *consumed), &used, &state);
        *consumed += used;
    }
    return state;
}
