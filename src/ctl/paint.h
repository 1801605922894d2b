/* Colour for the words of an answer that matter most, on a terminal only. Pure. */
#ifndef CTL_PAINT_H
#define CTL_PAINT_H

#include "base/slice.h"
#include "base/text.h"

/* The text with some of its whole words coloured; widths of columns stay as they are. */
void paint_text(struct slice plain, struct text *out);

#endif
