/* Reading requests in the demo app: see demo_request.h. */
#include "demo/demo_request.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

#define CHUNK_LINE_MAX 4096

/* True when the comma-separated list holds the token, in any case. */
static bool has_token(struct slice list, struct slice token)
{
    struct slice part = { 0 };

    while (slice_next(&list, ',', &part))
        if (slice_is_equal_nocase(slice_trim(part), token))
            return true;
    return false;
}

static int take_length(struct demo_request *request, struct slice value)
{
    if (request->has_length)
        return ERR_INVALID;
    request->has_length = true;
    return num_parse_u64(value, INT64_MAX, &request->length);
}

static int take_field(struct demo_request *request, struct slice name, struct slice value)
{
    if (slice_is_equal_nocase(name, SLICE("Content-Length")))
        return take_length(request, value);
    if (slice_is_equal_nocase(name, SLICE("Transfer-Encoding"))) {
        request->is_chunked = slice_is_equal_nocase(value, SLICE("chunked"));
        return request->is_chunked ? ERR_OK : ERR_INVALID;
    }
    if (slice_is_equal_nocase(name, SLICE("Connection"))) {
        if (has_token(value, SLICE("close")))
            request->is_last = true;
        else if (request->is_old && has_token(value, SLICE("keep-alive")))
            request->is_last = false;
        request->names_upgrade |= has_token(value, SLICE("upgrade"));
    } else if (slice_is_equal_nocase(name, SLICE("Accept"))) {
        request->accept = value;
    } else if (slice_is_equal_nocase(name, SLICE("Upgrade"))) {
        request->upgrade = value;
    } else if (slice_is_equal_nocase(name, SLICE("Sec-WebSocket-Key"))) {
        request->websocket_key = value;
    } else if (slice_is_equal_nocase(name, SLICE("Expect"))) {
        request->wants_continue = slice_is_equal_nocase(value, SLICE("100-continue"));
    }
    return ERR_OK;
}

/* The path of a target: "/a?b", "*", or what follows the authority of "http://host/a?b". */
static void take_target(struct demo_request *request, struct slice target)
{
    if (slice_starts_with(target, SLICE("http://"))) {
        target = slice_of(target.ptr + 7, target.len - 7);
        const char *slash = memchr(target.ptr, '/', target.len);
        size_t skip = slash != NULL ? (size_t)(slash - target.ptr) : target.len;
        target = slice_of(target.ptr + skip, target.len - skip);
    }
    const char *mark = target.len > 0 ? memchr(target.ptr, '?', target.len) : NULL;
    request->path = target;
    if (mark != NULL) {
        request->path.len = (size_t)(mark - target.ptr);
        request->query = slice_of(mark + 1, target.len - request->path.len - 1);
    }
}

static int take_request_line(struct demo_request *request, struct slice line)
{
    struct slice target = { 0 };

    if (!slice_next(&line, ' ', &request->method) || request->method.len == 0)
        return ERR_INVALID;
    if (!slice_next(&line, ' ', &target) || target.len == 0)
        return ERR_INVALID;
    request->is_old = slice_is_equal(line, SLICE("HTTP/1.0"));
    if (!request->is_old && !slice_is_equal(line, SLICE("HTTP/1.1")))
        return ERR_INVALID;
    request->is_last = request->is_old;
    request->is_head = slice_is_equal(request->method, SLICE("HEAD"));
    take_target(request, target);
    return ERR_OK;
}

static struct slice cut_return(struct slice line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static int parse_head(struct demo_request *request)
{
    struct slice rest = slice_of(request->head, request->head_bytes);
    struct slice line = { 0 };

    if (!slice_next(&rest, '\n', &line))
        return ERR_INVALID;
    int err = take_request_line(request, cut_return(line));
    while (err == ERR_OK && slice_next(&rest, '\n', &line)) {
        struct slice name = { 0 };
        struct slice value = cut_return(line);
        if (value.len == 0)
            break;
        if (!slice_next(&value, ':', &name) || value.ptr == NULL)
            return ERR_INVALID;
        err = take_field(request, name, slice_trim(value));
    }
    if (err == ERR_OK && request->is_chunked && request->has_length)
        err = ERR_INVALID;
    return err;
}

bool demo_request_offers(const struct demo_request *request, struct slice protocol)
{
    return request->names_upgrade && !request->is_old && has_token(request->upgrade, protocol);
}

int demo_request_read(struct demo_request *request, struct evbuffer *input)
{
    *request = (struct demo_request){ 0 };
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    if (end.pos < 0)
        return evbuffer_get_length(input) >= DEMO_HEAD_MAX ? ERR_RANGE : ERR_AGAIN;
    if (end.pos + 4 > DEMO_HEAD_MAX)
        return ERR_RANGE;
    request->head_bytes = (size_t)end.pos + 4;
    request->head = mem_alloc(request->head_bytes);
    CHECK(evbuffer_remove(input, request->head, request->head_bytes) == end.pos + 4);
    int err = parse_head(request);
    if (err != ERR_OK) {
        demo_request_fini(request);
        return ERR_INVALID;
    }
    request->left = request->length;
    if (request->is_chunked)
        request->body = BODY_CHUNK_SIZE;
    else
        request->body = request->left > 0 ? BODY_LENGTH : BODY_NONE;
    return ERR_OK;
}

void demo_request_fini(struct demo_request *request)
{
    free(request->head);
    *request = (struct demo_request){ 0 };
}

static int read_chunk_size(struct demo_request *request, const char *line)
{
    struct slice text = slice_from(line);
    struct slice size = { 0 };

    if (!slice_next(&text, ';', &size))
        return ERR_INVALID;
    int err = num_parse_hex(slice_trim(size), INT64_MAX, &request->left);
    if (err == ERR_OK)
        request->body = request->left > 0 ? BODY_CHUNK_DATA : BODY_CHUNK_TRAILER;
    return err == ERR_OK ? ERR_OK : ERR_INVALID;
}

/* One line of the framing; ERR_AGAIN while it is not there. */
static int read_chunk_line(struct demo_request *request, struct evbuffer *input)
{
    size_t line_bytes = 0;
    char *line = evbuffer_readln(input, &line_bytes, EVBUFFER_EOL_CRLF_STRICT);
    int err = ERR_OK;

    if (line == NULL)
        return evbuffer_get_length(input) > CHUNK_LINE_MAX ? ERR_INVALID : ERR_AGAIN;
    if (request->body == BODY_CHUNK_SIZE)
        err = read_chunk_size(request, line);
    else if (request->body == BODY_CHUNK_END && line_bytes > 0)
        err = ERR_INVALID;
    else if (request->body == BODY_CHUNK_END)
        request->body = BODY_CHUNK_SIZE;
    else if (line_bytes == 0)
        request->body = BODY_NONE;
    free(line);
    return err;
}

static size_t move_bytes(struct demo_request *request, struct evbuffer *input,
                         struct evbuffer *output, size_t limit)
{
    size_t count = evbuffer_get_length(input);

    if (count > limit)
        count = limit;
    if (count > request->left)
        count = (size_t)request->left;
    if (output == NULL)
        CHECK(evbuffer_drain(input, count) == 0);
    else
        CHECK(evbuffer_remove_buffer(input, output, count) == (int)count);
    request->left -= count;
    if (request->left == 0)
        request->body = request->body == BODY_LENGTH ? BODY_NONE : BODY_CHUNK_END;
    return count;
}

int demo_request_read_body(struct demo_request *request, struct evbuffer *input,
                           struct evbuffer *output, size_t limit, size_t *moved)
{
    int err = ERR_OK;

    *moved = 0;
    while (request->body != BODY_NONE && err == ERR_OK) {
        if (request->body != BODY_LENGTH && request->body != BODY_CHUNK_DATA) {
            err = read_chunk_line(request, input);
            continue;
        }
        size_t count = move_bytes(request, input, output, limit - *moved);
        *moved += count;
        if (count == 0)
            break;
    }
    return err == ERR_AGAIN ? ERR_OK : err;
}

/* Decodes into out of `size` bytes; false when it does not fit. */
static bool decode_percent(struct slice text, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        uint64_t value = 0;
        if (c == '%' && i + 2 < text.len &&
            num_parse_hex(slice_of(text.ptr + i + 1, 2), 255, &value) == ERR_OK) {
            c = (char)value;
            i += 2;
        }
        if (used + 1 >= size || c == '\0')
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return true;
}

bool demo_request_next_pair(struct slice *query, char *name, char *value, size_t size)
{
    struct slice pair = { 0 };

    while (slice_next(query, '&', &pair)) {
        struct slice key = { 0 };
        if (pair.len == 0 || !slice_next(&pair, '=', &key))
            continue;
        if (!decode_percent(key, name, size) || !decode_percent(pair, value, size))
            *name = *value = '\0';
        return true;
    }
    return false;
}
