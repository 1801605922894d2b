/* Answers of any size: see outflow.h. */
#include "ctl/outflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAILED = 1, LINE_MAX_BYTES = 16 * 1024 * 1024, TAIL_BYTES = 8 * 1024 };

void outflow_init(struct outflow *outflow, bool is_json)
{
    *outflow = (struct outflow){ .is_json = is_json };
    text_init(&outflow->rest, is_json ? 2 * TAIL_BYTES : LINE_MAX_BYTES);
}

/* "error 3 refused (unknown_name): ...": a line of an export has two words only. */
static bool is_failure(const char *line, int *code)
{
    static const char mark[] = "error ";
    char *end = NULL;
    long number = 0;

    if (strncmp(line, mark, sizeof mark - 1) != 0)
        return false;
    number = strtol(line + sizeof mark - 1, &end, 10);
    if (number < 1 || number > 255 || *end != ' ' || strstr(end, " (") == NULL)
        return false;
    *code = (int)number;
    return true;
}

static void print_line(struct outflow *outflow)
{
    const char *line = outflow->rest.bytes;

    if (line == NULL || line[0] == '\0')
        return; /* the end of the answer */
    outflow->has_failed = outflow->has_failed || is_failure(line, &outflow->code);
    fprintf(outflow->has_failed ? stderr : stdout, "%s\n", line);
}

static void add_lines(struct outflow *outflow, struct slice bytes)
{
    while (bytes.len > 0) {
        const char *end = memchr(bytes.ptr, '\n', bytes.len);
        size_t len = end != NULL ? (size_t)(end - bytes.ptr) : bytes.len;

        text_add_slice(&outflow->rest, slice_of(bytes.ptr, len));
        if (end == NULL)
            return;
        print_line(outflow);
        text_clear(&outflow->rest);
        bytes = slice_of(end + 1, bytes.len - len - 1);
    }
}

/* Only the end is kept: the code stands there. */
static void add_json(struct outflow *outflow, struct slice bytes)
{
    struct text *tail = &outflow->rest;

    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.ptr[i] != '\n')
            putchar(bytes.ptr[i]);
    if (bytes.len > TAIL_BYTES)
        bytes = slice_of(bytes.ptr + bytes.len - TAIL_BYTES, TAIL_BYTES);
    if (tail->len + bytes.len > 2 * TAIL_BYTES - 1) {
        memmove(tail->bytes, tail->bytes + tail->len - TAIL_BYTES, TAIL_BYTES);
        tail->len = TAIL_BYTES;
    }
    text_add_slice(tail, bytes);
}

void outflow_add(void *arg, struct slice bytes)
{
    struct outflow *outflow = arg;

    if (outflow->is_json)
        add_json(outflow, bytes);
    else
        add_lines(outflow, bytes);
}

/* The last "ok" stands before the code of the whole. */
static int find_code(const char *tail)
{
    static const char mark[] = "\"ok\":";
    const char *last = NULL;
    const char *code = NULL;

    for (const char *at = tail; at != NULL && (at = strstr(at, mark)) != NULL; at++)
        last = at;
    code = last != NULL ? strstr(last, "\"code\":") : NULL;
    return code != NULL ? (int)strtol(code + sizeof "\"code\":" - 1, NULL, 10) : FAILED;
}

int outflow_end(struct outflow *outflow)
{
    int code = outflow->code;

    if (outflow->is_json) {
        code = find_code(outflow->rest.bytes);
        if (outflow->rest.len > 0)
            putchar('\n');
    }
    text_fini(&outflow->rest);
    return code;
}
