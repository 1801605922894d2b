/*
 * The head of the chain, put to a second place from time to time, so that a trail whose end was cut off, or that was
 * written anew as a whole, is found. Thread: the writer of the trail.
 */
#ifndef AUDIT_AUDIT_ANCHOR_PRIV_H
#define AUDIT_AUDIT_ANCHOR_PRIV_H

#include "audit/audit_files.h"
#include "audit/audit_verify.h"
#include "base/check.h"

/* Appends the mark to the file and syncs it. A file of 1 MiB becomes path.1 before. */
MUST_CHECK int audit_anchor_put(const char *path, const struct audit_mark *mark,
                                char words[AUDIT_FILES_WORDS]);

#endif
