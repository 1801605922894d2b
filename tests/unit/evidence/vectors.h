/*
 * The file of vectors of the decision rule, and how its numbers are compared. Any key that is not understood ends the
 * test: a vector that is half read proves nothing.
 */
#ifndef UNIT_EVIDENCE_VECTORS_H
#define UNIT_EVIDENCE_VECTORS_H

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

/* The file of the tree, or the one that SWITCHYARD_VECTORS names. The caller deletes it. */
cJSON *vectors_load(void);

/* |a - b| <= tolerance * max(1, |b|); null is minus infinity. */
void vectors_compare(const char *where, double is, const cJSON *should);

/* Ends the test when the object has a key that is not in the list, which ends with NULL. */
void vectors_know(const char *where, const cJSON *object, const char *const *keys);

/* A member that must be there; and one with a fallback. */
const cJSON *vectors_member(const cJSON *object, const char *name);
double vectors_number(const cJSON *object, const char *name);
double vectors_number_or(const cJSON *object, const char *name, double fallback);
const char *vectors_text(const cJSON *object, const char *name);

#endif
