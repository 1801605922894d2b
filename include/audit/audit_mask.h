/*
 * The words of a command as they may be written down: what looks like a secret is replaced. Pure, any thread.
 */
#ifndef AUDIT_AUDIT_MASK_H
#define AUDIT_AUDIT_MASK_H

#include "base/slice.h"
#include "base/text.h"

#define AUDIT_MASK "(secret)"

/*
 * Appends the words, a blank between. Masked are: what follows --header, and any other option, NAME=VALUE or NAME: VALUE
 * whose name speaks of a secret (password, token, cookie, authorization …), the token of `apply`, the password of
 * a URL, and JSON Web Tokens wherever they stand.
 */
void audit_mask_words(char *const *words, unsigned count, struct text *out);

/* The same for one text of a person, such as a reason. */
void audit_mask_text(struct slice text, struct text *out);

#endif
