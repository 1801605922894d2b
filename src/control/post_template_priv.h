/*
 * The body of a webhook: the event itself, a text for chats, or a file of the operator's with ${placeholders} in it, in
 * place of which values are put that are escaped as inside a JSON string. Pure but for reading the file.
 */
#ifndef CONTROL_POST_TEMPLATE_PRIV_H
#define CONTROL_POST_TEMPLATE_PRIV_H

#include "base/check.h"
#include "base/slice.h"

struct event_face;
struct post_template;
struct text;

enum { POST_TEMPLATE_BYTES = 64 * 1024, POST_BODY_BYTES = 256 * 1024 };

/* "json", "slack" or a path. ERR_*: words (size bytes) name the file and the remedy. A placeholder that nobody knows, and
 * one that does not stand inside of a string although its value is a text, is found here. */
MUST_CHECK int post_template_new(const char *template, char *words, unsigned size,
                                 struct post_template **out);

/* The same from the text of a file; name: for the words. */
MUST_CHECK int post_template_parse(struct slice text, const char *name, char *words, unsigned size,
                                   struct post_template **out);
void post_template_free(struct post_template *made); /* NULL: nothing */

void post_template_fill(const struct post_template *made, const struct event_face *face,
                        struct text *out);

#endif
