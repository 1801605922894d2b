/* How `switchctl watch` shows what happened: as a screen, as lines, as JSON. Pure. */
#ifndef CTL_LIVE_H
#define CTL_LIVE_H

#include <stdbool.h>

#include "base/text.h"
#include "ctl/load_view.h"

struct live {
    const struct load_view *before;
    const struct load_view *after;
    const char *stamp;   /* of the wall clock */
    const char *trouble; /* NULL: there is none; else what is shown is old, because of this */
    unsigned rows;       /* of the screen */
    unsigned columns;
    bool has_color;
};

/* The whole screen, drawn over what is there: no line is left over, nothing is cleared before it is drawn. */
void live_draw(const struct live *live, struct text *out);

/* A line for every service. */
void live_print(const struct live *live, struct text *out);

/* One object on a line. */
void live_print_json(const struct live *live, struct text *out);

#endif
