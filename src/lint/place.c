/* Lines and columns: see place_priv.h. */
#include "lint/place_priv.h"

#include <string.h>

void place_init(struct place *place, struct slice text)
{
    *place = (struct place){ .text = text, .line = 1 };
}

void place_find(struct place *place, size_t offset, unsigned *line, unsigned *column)
{
    unsigned count = 1;

    if (offset > place->text.len)
        offset = place->text.len;
    if (offset < place->at)
        place_init(place, place->text);
    for (;;) {
        const char *from = place->text.ptr + place->at;
        const char *end = offset > place->at ? memchr(from, '\n', offset - place->at) : NULL;

        if (end == NULL)
            break;
        place->at += (size_t)(end - from) + 1;
        place->line++;
    }
    for (size_t i = place->at; i < offset; i++)
        count += (place->text.ptr[i] & 0xc0) != 0x80;
    *line = place->line;
    *column = count;
}

size_t place_of_character(struct slice s, size_t nth)
{
    size_t at = 0;

    for (size_t seen = 1; at < s.len && seen < nth; seen++)
        for (at++; at < s.len && (s.ptr[at] & 0xc0) == 0x80;)
            at++;
    return at;
}
