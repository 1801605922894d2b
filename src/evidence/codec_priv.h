/*
 * Numbers as bytes and back, exactly, by one description of a value for both ways: every walk_* either adds to the
 * bytes or takes from them. What is read is checked; after the first thing that does not fit nothing more is read,
 * and `is_bad` stays. Pure.
 */
#ifndef EVIDENCE_CODEC_PRIV_H
#define EVIDENCE_CODEC_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct walk {
    bool is_reading;
    bool is_bad; /* read: it does not fit; written: there was no room */
    uint8_t *out;
    size_t len, capacity;
    struct slice in; /* what is left to be read */
};

void walk_write(struct walk *walk, void *out, size_t capacity);
void walk_read(struct walk *walk, struct slice in);

void walk_u64(struct walk *walk, uint64_t *value);
void walk_u32(struct walk *walk, uint32_t *value, uint32_t most);
void walk_unsigned(struct walk *walk, unsigned *value, unsigned most);
void walk_bool(struct walk *walk, bool *value);
void walk_double(struct walk *walk, double *value);
void walk_text(struct walk *walk, char *text, size_t capacity); /* terminated; zeros behind it */

/* Arrays that are mostly zero. */
void walk_doubles(struct walk *walk, double *values, size_t count);
void walk_u64s(struct walk *walk, uint64_t *values, size_t count);
void walk_u32s(struct walk *walk, uint32_t *values, size_t count);

#endif
