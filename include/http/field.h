/*
 * Field names that HTTP/1.1 or this proxy treats in its own way, known by number after one lookup
 * (perfect hash on length and bytes, case-insensitive). Pure, any thread.
 */
#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include <stddef.h>

enum field_id {
#define FIELD(id, text, hop) FIELD_##id,
#include "http/field.def"
#undef FIELD
    FIELD_COUNT
};

enum field_id field_find(const char *name, size_t len); /* FIELD_OTHER: no special one */
const char *field_name(enum field_id id);
int field_is_hop_by_hop(enum field_id id); /* never forwarded as it stands */

#endif
