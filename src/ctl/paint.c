/* Colour: see paint.h. */
#include "ctl/paint.h"

#include <ctype.h>

#define GREEN  "\033[32m"
#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

static const struct {
    const char *word;
    const char *color;
} colors[] = {
    { "up", GREEN },     { "live", GREEN },   { "durable", GREEN },   { "down", RED },
    { "error", RED },    { "refused", RED },  { "VOLATILE", RED },    { "unknown", YELLOW },
    { "drain", YELLOW }, { "maint", YELLOW }, { "draining", YELLOW }, { "warning", YELLOW },
    { "remedy", BOLD },  { "SERVICE", BOLD },
};

static const char *find_color(struct slice word)
{
    for (size_t i = 0; i < sizeof colors / sizeof colors[0]; i++)
        if (slice_is_equal(word, slice_from(colors[i].word)))
            return colors[i].color;
    return NULL;
}

static bool is_inside(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == '/' ||
           (c & 0x80) != 0;
}

void paint_text(struct slice plain, struct text *out)
{
    size_t at = 0;

    while (at < plain.len) {
        size_t end = at;
        const char *color = NULL;

        while (end < plain.len && is_inside(plain.ptr[end]))
            end++;
        if (end == at) {
            text_add_slice(out, slice_of(plain.ptr + at++, 1));
            continue;
        }
        color = find_color(slice_of(plain.ptr + at, end - at));
        if (color != NULL)
            text_add(out, color);
        text_add_slice(out, slice_of(plain.ptr + at, end - at));
        if (color != NULL)
            text_add(out, PLAIN);
        at = end;
    }
}
