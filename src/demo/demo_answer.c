/* Producing the bytes of an answer: see demo_answer.h. */
#include "demo/demo_answer.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define PATTERN_LINE  64
#define PATTERN_BYTES 16384

/* Byte i of any generated body is byte i % 64 of this line, so that a client can check it. */
static const char pattern_line[PATTERN_LINE + 1] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";

static const char *fill_pattern(void)
{
    static char pattern[PATTERN_BYTES];

    if (pattern[0] == '\0')
        for (size_t i = 0; i < PATTERN_BYTES; i++)
            pattern[i] = pattern_line[i % PATTERN_LINE];
    return pattern;
}

void demo_answer_set_text(struct demo_answer *answer, unsigned status, const char *type,
                          const char *text)
{
    answer->status = status;
    answer->type = type;
    if (answer->text == NULL)
        answer->text = evbuffer_new();
    CHECK(answer->text != NULL);
    evbuffer_drain(answer->text, evbuffer_get_length(answer->text));
    CHECK(evbuffer_add(answer->text, text, strlen(text)) == 0);
    answer->length = evbuffer_get_length(answer->text);
    answer->end = answer->length;
}

void demo_answer_set_pattern(struct demo_answer *answer, const char *type, uint64_t length)
{
    if (answer->text != NULL)
        evbuffer_free(answer->text);
    answer->text = NULL;
    answer->type = type;
    answer->length = answer->end = length;
}

void demo_answer_fini(struct demo_answer *answer)
{
    if (answer->text != NULL)
        evbuffer_free(answer->text);
    *answer = (struct demo_answer){ 0 };
}

static void add_bytes(struct demo_answer *answer, struct evbuffer *output, size_t count)
{
    const char *pattern = fill_pattern();

    if (answer->text != NULL) {
        CHECK(evbuffer_remove_buffer(answer->text, output, count) == (int)count);
        answer->sent += count;
        return;
    }
    while (count > 0) {
        size_t offset = (size_t)(answer->sent % PATTERN_LINE);
        size_t piece = PATTERN_BYTES - offset < count ? PATTERN_BYTES - offset : count;
        CHECK(evbuffer_add_reference(output, pattern + offset, piece, NULL, NULL) == 0);
        answer->sent += piece;
        count -= piece;
    }
}

static uint64_t pick_smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool demo_answer_add_body(struct demo_answer *answer, struct evbuffer *output, size_t limit)
{
    uint64_t count = pick_smaller(answer->end - answer->sent, limit);
    bool is_chunked = answer->chunk_bytes > 0 && !answer->is_unframed;

    if (answer->drip_bytes > 0)
        count = pick_smaller(count, answer->drip_bytes);
    if (is_chunked && count > 0) {
        if (answer->chunk_left == 0) {
            uint64_t left = answer->length - answer->sent;
            answer->chunk_left = pick_smaller(answer->chunk_bytes, left);
            CHECK(evbuffer_add_printf(output, "%" PRIx64 "\r\n", answer->chunk_left) > 0);
        }
        count = pick_smaller(count, answer->chunk_left);
        answer->chunk_left -= count;
    }
    add_bytes(answer, output, (size_t)count);
    if (is_chunked && count > 0 && answer->chunk_left == 0)
        CHECK(evbuffer_add(output, "\r\n", 2) == 0);
    if (answer->sent < answer->end)
        return true;
    if (is_chunked && answer->end == answer->length)
        CHECK(evbuffer_add(output, "0\r\n\r\n", 5) == 0);
    return false;
}

bool demo_answer_is_cut(const struct demo_answer *answer)
{
    return answer->has_body && answer->end < answer->length;
}

const char *demo_answer_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 204, "No Content" },
        { 301, "Moved Permanently" },
        { 302, "Found" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Content Too Large" },
        { 418, "I'm a teapot" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
        { 507, "Insufficient Storage" },
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Told So";
}
