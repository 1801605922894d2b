/*
 * The terminal as a screen of our own: no echo, no lines, its own page, no cursor. It is given back as it was, whatever
 * ends the program: the end of the command, a signal, Ctrl-Z. One at a time.
 */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Standard input and output must be terminals. */
void screen_open(void);
void screen_close(void); /* also when it is not open */
void screen_size(unsigned *rows, unsigned *columns);
void screen_write(struct slice bytes);

/* Waits for a key until then, in microseconds of the monotonic clock: the key, 0: time is over, -1: the window has
 * another size or we were away. */
int screen_key(uint64_t until_us);

#endif
