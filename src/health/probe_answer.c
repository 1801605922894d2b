/* The response to a probe, from bytes: see probe_answer_priv.h. */
#include "health/probe_answer_priv.h"

#include <string.h>

#include "base/check.h"

static const struct head_limits limits = {
    .head_bytes = PROBE_ANSWER_HEAD_MAX,
    .fields = PROBE_ANSWER_FIELDS_MAX,
};

void probe_answer_init(struct probe_answer *answer, const char *method)
{
    memset(answer, 0, offsetof(struct probe_answer, fields));
    answer->method = strcmp(method, "HEAD") == 0 ? METHOD_HEAD : METHOD_GET;
}

char *probe_answer_room(struct probe_answer *answer, size_t *size)
{
    CHECK(answer->count < sizeof answer->bytes);
    *size = sizeof answer->bytes - answer->count;
    return answer->bytes + answer->count;
}

void probe_answer_take(struct probe_answer *answer, size_t count)
{
    CHECK(count <= sizeof answer->bytes - answer->count);
    answer->count += count;
}

static void drop(struct probe_answer *answer, size_t count)
{
    answer->count -= count;
    memmove(answer->bytes, answer->bytes + count, answer->count);
}

static enum probe_answer_step fail(struct probe_answer *answer, enum fault fault)
{
    answer->fault = fault;
    return PROBE_ANSWER_BAD;
}

static bool is_interim(uint16_t status)
{
    return status >= 100 && status < 200 && status != 101;
}

static void take_wants(struct probe_answer *answer)
{
    for (unsigned i = 0; i < answer->want_count; i++) {
        struct probe_want *want = &answer->wants[i];
        struct slice value = head_value(&answer->head, slice_from(want->name));

        want->is_there = value.ptr != NULL;
        if (value.len >= sizeof want->value)
            value.len = sizeof want->value - 1;
        (void)slice_copy(value, want->value, sizeof want->value);
    }
}

/* Where the body needs to be read no further. */
static uint64_t most_of_body(const struct probe_answer *answer)
{
    return answer->body != NULL ? PROBE_ANSWER_BODY_MAX + 1 : PROBE_ANSWER_BODY_MAX;
}

static void take_body(struct probe_answer *answer, struct slice piece)
{
    answer->body_bytes += piece.len;
    if (answer->body != NULL)
        text_add_slice(answer->body, piece);
}

bool probe_answer_is_cut(const struct probe_answer *answer)
{
    return answer->body_bytes > PROBE_ANSWER_BODY_MAX;
}

static enum probe_answer_step read_head(struct probe_answer *answer)
{
    enum fault fault = FAULT_NONE;

    for (;;) {
        memset(&answer->head, 0, sizeof answer->head);
        answer->head.fields = answer->fields;
        answer->head.field_capacity = PROBE_ANSWER_FIELDS_MAX;
        switch (parse_head_response(answer->bytes, answer->count, &answer->searched, &limits,
                                    answer->method, &answer->head, &fault)) {
        case PARSE_MORE: return PROBE_ANSWER_MORE;
        case PARSE_BAD: return fail(answer, fault);
        case PARSE_DONE: break;
        }
        if (!is_interim(answer->head.status))
            take_wants(answer);
        drop(answer, answer->head.size);
        answer->searched = 0;
        if (!is_interim(answer->head.status))
            break;
        if (++answer->interims > PROBE_ANSWER_INTERIM_MAX)
            return fail(answer, FAULT_RESPONSE_BAD);
    }
    answer->has_head = true;
    answer->status = answer->head.status;
    answer->framing = answer->status == 101 ? FRAMING_NONE : answer->head.framing;
    answer->left = answer->head.length;
    chunk_reader_init(&answer->chunks, PROBE_ANSWER_TRAILER_MAX);
    return PROBE_ANSWER_STATUS;
}

static enum probe_answer_step read_chunks(struct probe_answer *answer)
{
    while (answer->body_bytes < most_of_body(answer)) {
        size_t consumed = 0;
        struct slice span = { NULL, 0 };
        enum chunk_event event =
            chunk_read(&answer->chunks, answer->bytes, answer->count, &consumed, &span);

        if (event == CHUNK_DATA)
            take_body(answer, span);
        drop(answer, consumed);
        if (event == CHUNK_MORE)
            return PROBE_ANSWER_MORE;
        if (event == CHUNK_BAD)
            return fail(answer, FAULT_RESPONSE_BAD);
        if (event == CHUNK_DONE)
            break;
    }
    return PROBE_ANSWER_DONE;
}

static enum probe_answer_step read_counted(struct probe_answer *answer)
{
    uint64_t count = answer->count < answer->left ? answer->count : answer->left;

    answer->left -= count;
    take_body(answer, slice_of(answer->bytes, (size_t)count));
    answer->count = 0;
    return answer->left == 0 || answer->body_bytes >= most_of_body(answer) ? PROBE_ANSWER_DONE
                                                                           : PROBE_ANSWER_MORE;
}

enum probe_answer_step probe_answer_read(struct probe_answer *answer)
{
    if (!answer->has_head)
        return read_head(answer);
    switch ((enum framing)answer->framing) {
    case FRAMING_NONE: return PROBE_ANSWER_DONE;
    case FRAMING_LENGTH: return read_counted(answer);
    case FRAMING_CHUNKED: return read_chunks(answer);
    case FRAMING_CLOSE: answer->left = UINT64_MAX; return read_counted(answer);
    }
    return PROBE_ANSWER_DONE;
}

enum probe_answer_step probe_answer_end(struct probe_answer *answer)
{
    if (answer->has_head && answer->framing == FRAMING_CLOSE)
        return PROBE_ANSWER_DONE;
    if (!answer->has_head && answer->count == 0)
        return fail(answer, FAULT_TARGET_CLOSED);
    return fail(answer, FAULT_TARGET_TRUNCATED);
}
