/*
 * All that was decided at run time as one document, to be kept elsewhere and given to a daemon that has lost it: the
 * state, the history, the pins of tenants, and a list of automatic decisions for people. Lines of JSON that are one JSON
 * object together; the last holds the SHA-256 of all before it:
 *
 *   {"switchyard":"export","format":1,"time":"…","state_bytes":N,"state":
 *   <N bytes: a state file>,"history":[
 *   {…},
 *   {…}],"pins":[
 *   {"name":"shop","tenant":"t1","slot":"green"}],"decisions":[
 *   …],
 *   "sha256":"…"}
 *
 * Decoding is pure and may be fuzzed; the rest is the control thread's.
 */
#ifndef DEPLOY_TRANSFER_H
#define DEPLOY_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

struct deploy;
struct transfer; /* a document that was read */
struct transfer_walk;

enum { TRANSFER_BYTES_MAX = 256 << 20, TRANSFER_SHA = 64 };

/* Begins an export of what is in force now. */
struct transfer_walk *transfer_walk_new(const struct deploy *deploy);
void transfer_walk_free(struct transfer_walk *walk);

/* Appends the next piece, up to `],"decisions":[` and its line feed; *is_end: there is no more. ERR_CONFLICT: a change
 * came in between, what was written is void. */
MUST_CHECK int transfer_walk_next(struct transfer_walk *walk, struct text *out, bool *is_end);

/* The end of the document behind the lines of decisions; sha256 is of everything before it, in digits. */
void transfer_add_end(const char sha256[TRANSFER_SHA + 1], struct text *out);

/* What must be hashed before the end is written: the first bytes of it. */
struct slice transfer_tail(void);

/* Reads a whole document. ERR_CORRUPT, ERR_VERSION and words: it is not one, and nothing is kept. */
MUST_CHECK int transfer_decode(struct slice document, struct transfer **out, char *words,
                               unsigned words_size);
void transfer_free(struct transfer *transfer); /* NULL is fine */

#endif
