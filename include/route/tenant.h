/*
 * The tenant of a request: an id that the first of the configured sources yields. An id has 1 to
 * TENANT_BYTES_MAX bytes of letters, digits and - . _ ~ @ : + =; anything else is no id: on a request the next source is
 * asked, in a command it is refused; never cut. Pure, any thread.
 */
#ifndef ROUTE_TENANT_H
#define ROUTE_TENANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct head;

enum { TENANT_BYTES_MAX = 64, TENANT_SOURCES_MAX = 8 };

enum tenant_kind {
    TENANT_HEADER,       /* name */
    TENANT_COOKIE,       /* name */
    TENANT_HOST_LABEL,   /* index: 1 is the leftmost label of the host */
    TENANT_PATH_SEGMENT, /* index: 1 is the first segment */
    TENANT_QUERY,        /* name of the parameter; %XX is not decoded: an id needs none */
};

struct tenant_source {
    enum tenant_kind kind;
    unsigned index;
    const char *name;
};

bool tenant_is_valid(struct slice id);

/* A slice into the head, or one with ptr NULL when no source yields a valid id. */
struct slice tenant_find(const struct tenant_source *sources, unsigned count,
                         const struct head *head);

#endif
