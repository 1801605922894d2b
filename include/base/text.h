/*
 * A growing text for the control plane: answers, dumps, metrics. Bounded by limit; beyond it the text
 * is cut and text_is_cut says so. Owner: whoever inits it; ends by text_fini. One thread.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct text {
    char *bytes; /* terminated; NULL while empty */
    size_t len;
    size_t capacity;
    size_t limit;
    bool cut;
};

void text_init(struct text *text, size_t limit);
void text_fini(struct text *text);
void text_clear(struct text *text);
void text_add(struct text *text, const char *words);
void text_add_slice(struct text *text, struct slice s);
void text_add_format(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* With control bytes, quotes, backslash and non-UTF-8 bytes escaped as inside a JSON string. */
void text_add_json(struct text *text, struct slice s);

/* RFC 3629; an empty one is. */
bool text_is_utf8(struct slice s);

bool text_is_cut(const struct text *text);
struct slice text_slice(const struct text *text);

/* Hands the terminated bytes over to the caller, who frees them; the text is empty again. */
char *text_take(struct text *text);

#endif
