/*
 * From bytes to a head: see http/parse_head.h. What is answered depends on the bytes alone, never on
 * how they were cut into calls: a head that is not complete is refused for its first line, for a byte
 * that no head may contain or for its size, and for everything else only once it is complete. Then
 * the fault is the first one in the order of the bytes.
 */
#include "http/parse_head.h"

#include <string.h>

#include "base/check.h"
#include "parse_priv.h"

#define EMPTY_LINES_MAX 4
#define BLOCK           16

/* How requests and responses differ. */
struct kind {
    bool is_request;
    enum method method; /* of the request, for a response */
    enum fault too_large;
};

/* One call: what there is to read and what came of it. */
struct job {
    const char *bytes;
    size_t count;
    const struct head_limits *limits;
    const struct kind *kind;
    struct head *head;
};

static enum parse refuse(enum fault *fault, enum fault what)
{
    *fault = what;
    return PARSE_BAD;
}

static enum parse read_line(const struct job *job, struct scan_input *in, enum fault *fault)
{
    enum parse result = PARSE_DONE;

    if (!job->kind->is_request)
        return parse_line_status(in, job->head, fault);
    result = parse_line_request(in, job->limits->target_bytes, job->head, fault);
    if (result == PARSE_DONE)
        *fault = target_check(job->head);
    return result == PARSE_DONE && *fault != FAULT_NONE ? PARSE_BAD : result;
}

/* The fault of field lines in terms of the kind. */
static enum fault fault_of_fields(const struct kind *kind, enum fault fault)
{
    if (kind->is_request)
        return fault;
    return fault == FAULT_TOO_MANY_FIELDS ? FAULT_RESPONSE_TOO_LARGE : FAULT_RESPONSE_BAD;
}

/*
 * The field lines stopped before their end: is the head complete? If not, its faults can wait. From
 * now on only the end is looked for, behind *searched.
 */
static enum parse settle(const struct job *job, size_t line_size, enum parse result,
                         size_t *searched)
{
    if (job->count >= job->limits->head_bytes)
        return result;
    return head_end_find(job->bytes, *searched > line_size ? *searched : line_size, job->count,
                         searched) == PARSE_MORE
               ? PARSE_MORE
               : PARSE_BAD;
}

/* Parses all of it from the beginning; in->at moves behind the head when it is done. */
static enum parse parse_all(const struct job *job, struct scan_input *in, size_t *searched,
                            enum fault *fault)
{
    size_t line_size = 0;
    uint64_t repeated = 0;
    enum parse result = read_line(job, in, fault);

    if (result != PARSE_DONE)
        return result;
    line_size = (size_t)(in->at - job->bytes);
    result = parse_fields_read(in, job->limits->fields, job->head, &repeated, fault);
    if (result == PARSE_DONE)
        result = parse_fields_end(in);
    if (result != PARSE_DONE) {
        *fault = fault_of_fields(job->kind, *fault);
        return settle(job, line_size, result, searched);
    }
    *fault = job->kind->is_request ? check_head_request(job->head, repeated)
                                   : check_head_response(job->head, job->kind->method);
    return *fault == FAULT_NONE ? PARSE_DONE : PARSE_BAD;
}

/*
 * Clears what not every head sets and keeps what the caller set. Member by member: assigning a whole
 * empty struct of this size is a slow string instruction with the usual compilers.
 */
static void clear_head(struct head *head)
{
    const struct slice nothing = { NULL, 0 };

    head->length = 0;
    head->seen = 0;
    head->size = 0;
    head->field_count = 0;
    head->framing = FRAMING_NONE;
    head->minor = 0;
    head->close = false;
    head->method = METHOD_GET;
    head->expect_continue = false;
    head->wants_upgrade = false;
    head->is_absolute = false;
    head->is_asterisk = false;
    head->host_len = 0;
    head->status = 0;
    head->method_text = nothing;
    head->target = nothing;
    head->path = nothing;
    head->query = nothing;
    head->authority = nothing;
    head->reason = nothing;
}

/* job->count >= BLOCK, or the 16 bytes before the end are readable otherwise. */
static enum parse parse_readable(const struct job *job, size_t skipped, size_t *searched,
                                 enum fault *fault)
{
    struct scan_input in = { job->bytes + skipped, job->bytes + job->count };
    enum parse result = PARSE_DONE;

    clear_head(job->head);
    job->head->base = in.at;
    result = parse_all(job, &in, searched, fault);
    if (result == PARSE_DONE)
        job->head->size = (uint32_t)(in.at - job->bytes);
    return result;
}

/* Fewer bytes than a block are no whole head, but may be a bad one: looked at in a copy. */
static enum parse parse_short(const struct job *job, size_t skipped, size_t *searched,
                              enum fault *fault)
{
    char copy[2 * BLOCK] = { 0 };
    struct job padded = *job;
    enum parse result = PARSE_DONE;

    memcpy(copy + BLOCK, job->bytes, job->count);
    padded.bytes = copy + BLOCK;
    result = parse_readable(&padded, skipped, searched, fault);
    CHECK(result != PARSE_DONE);
    return result;
}

static enum parse parse_job(const struct job *job, size_t skipped, size_t *searched,
                            enum fault *fault)
{
    enum parse result = PARSE_MORE;

    if (*searched > 0 && job->count < job->limits->head_bytes &&
        head_end_find(job->bytes, *searched, job->count, searched) == PARSE_MORE)
        return PARSE_MORE;
    result = job->count < BLOCK ? parse_short(job, skipped, searched, fault)
                                : parse_readable(job, skipped, searched, fault);
    if (result == PARSE_DONE)
        *fault = FAULT_NONE;
    if (result == PARSE_MORE && job->count >= job->limits->head_bytes)
        return refuse(fault, job->kind->too_large);
    return result;
}

/* Counts the bytes of the empty lines a request may begin with (RFC 9112 2.2). */
static enum parse skip_empty_lines(const char *bytes, size_t count, size_t *skipped)
{
    size_t at = 0;

    while (at < count && bytes[at] == '\r') {
        if (at + 1 == count)
            return PARSE_MORE;
        if (bytes[at + 1] != '\n' || at == (size_t)2 * EMPTY_LINES_MAX)
            return PARSE_BAD;
        at += 2;
    }
    *skipped = at;
    return at < count ? PARSE_DONE : PARSE_MORE;
}

static size_t within(size_t count, const struct head_limits *limits)
{
    return count < limits->head_bytes ? count : limits->head_bytes;
}

enum parse parse_head_request(const char *bytes, size_t count, size_t *searched,
                              const struct head_limits *limits, struct head *head,
                              enum fault *fault)
{
    static const struct kind request = { true, METHOD_OTHER, FAULT_HEAD_TOO_LARGE };
    struct job job = { bytes, within(count, limits), limits, &request, head };
    size_t skipped = 0;

    switch (skip_empty_lines(bytes, job.count, &skipped)) {
    case PARSE_DONE: return parse_job(&job, skipped, searched, fault);
    case PARSE_MORE:
        if (job.count < limits->head_bytes)
            return PARSE_MORE;
        *fault = FAULT_HEAD_TOO_LARGE;
        break;
    case PARSE_BAD: *fault = FAULT_BAD_REQUEST_LINE; break;
    }
    clear_head(head);
    return PARSE_BAD;
}

enum parse parse_head_response(const char *bytes, size_t count, size_t *searched,
                               const struct head_limits *limits, enum method method,
                               struct head *head, enum fault *fault)
{
    const struct kind response = { false, method, FAULT_RESPONSE_TOO_LARGE };
    struct job job = { bytes, within(count, limits), limits, &response, head };

    return parse_job(&job, 0, searched, fault);
}

enum parse parse_trailer(const char *bytes, size_t count, const struct head_limits *limits,
                         struct head *head, enum fault *fault)
{
    char copy[2 * BLOCK] = { 0 };
    const char *base = bytes;
    struct scan_input in = { NULL, NULL };
    uint64_t repeated = 0;
    enum parse result = PARSE_DONE;

    if (count > (size_t)limits->head_bytes + 2)
        return refuse(fault, FAULT_HEAD_TOO_LARGE);
    if (count < BLOCK) {
        if (count > 0)
            memcpy(copy + BLOCK, bytes, count);
        base = copy + BLOCK;
    }
    in = (struct scan_input){ base, base + count };
    clear_head(head);
    head->base = base;
    result = parse_fields_read(&in, limits->fields, head, &repeated, fault);
    if (result == PARSE_DONE && in.at < in.end)
        result = parse_fields_end(&in);
    head->base = bytes;
    head->size = (uint32_t)(in.at - base);
    if (result == PARSE_DONE)
        *fault = FAULT_NONE;
    return result;
}
