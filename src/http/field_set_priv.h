/*
 * Sets of known fields as 64-bit words, one bit for each id, like head.seen.
 */
#ifndef HTTP_FIELD_SET_PRIV_H
#define HTTP_FIELD_SET_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "http/field.h"

static inline uint64_t field_bit(enum field_id id)
{
    return (uint64_t)1 << id;
}

static inline bool field_set_has(uint64_t set, enum field_id id)
{
    return set >> id & 1;
}

/* Fields that never go further (RFC 9110 7.6.1), by the third column of field.def. */
#define FIELD(id, text, hop) | (uint64_t)(hop) << FIELD_##id
static const uint64_t field_set_hop_by_hop = 0
#include "http/field.def"
    ;
#undef FIELD

#endif
