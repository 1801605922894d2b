/* Lines behind a command: see payload.h. */
#include "ctl/payload.h"

/* The first byte of a line, or what follows a carriage return that was held there. */
static void begin_line(struct payload *payload, char c, struct text *out)
{
    bool was_held = payload->is_held;

    payload->is_held = c == '\r' && !was_held;
    if (payload->is_held)
        return;
    payload->is_inside = c != '\n';
    if (c == '\n')
        text_add(out, "#");
    else if (was_held)
        text_add(out, "\r");
    text_add_slice(out, slice_of(&c, 1));
}

void payload_add(struct payload *payload, struct slice bytes, struct text *out)
{
    size_t at = 0;

    while (at < bytes.len) {
        struct slice rest = slice_of(bytes.ptr + at, bytes.len - at);
        struct slice line = { 0 };

        if (!payload->is_inside) {
            begin_line(payload, rest.ptr[0], out);
            at++;
            continue;
        }
        if (!slice_next(&rest, '\n', &line))
            return;
        at += line.len;
        text_add_slice(out, line);
        if (at < bytes.len) {
            text_add(out, "\n");
            payload->is_inside = false;
            at++;
        }
    }
}

void payload_end(struct payload *payload, struct text *out)
{
    if (payload->is_held)
        text_add(out, "#\n");
    else if (payload->is_inside)
        text_add(out, "\n");
    *payload = (struct payload){ .is_inside = false };
    text_add(out, "\n");
}
