/*
 * What a credential calls its bearer, as one word of an actor's name: plain text of bounded length. Pure, any thread.
 */
#ifndef CONTROL_ACTOR_WORD_PRIV_H
#define CONTROL_ACTOR_WORD_PRIV_H

#include <stddef.h>

enum { ACTOR_WORD_MAX = 36 };

/*
 * At most max (10 to ACTOR_WORD_MAX) letters, terminated. Blanks, quotes, whatever is not visible ASCII, and what stands in
 * refused, become '_'; what is too long ends in a number that tells such ones apart.
 */
void actor_word(const char *text, size_t max, const char *refused, char out[ACTOR_WORD_MAX + 1]);

#endif
