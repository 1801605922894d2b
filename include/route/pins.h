/*
 * Tenants that are pinned to a slot: a hash of any size, shared by the snapshots and read by workers inside a
 * read-side section while the control thread changes it. One change touches one small part (never a copy of the
 * whole); looking up costs the same with one pin and with a million. A pin names its slot by a number of the
 * table's own list of slot names (pins_name), which each service of the scope translates.
 * Owner: control (deploy). Changes: control thread only. What a change replaces is kept until pins_reclaim.
 */
#ifndef ROUTE_PINS_H
#define ROUTE_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

struct pins;

enum { PINS_NAMES_MAX = 128, PINS_NONE = -1 };

/* All counters together: the first tenants have them, 16 bytes for each worker, while there is room. */
#define PINS_COUNTED_BYTES ((size_t)256 << 20)

struct pins *pins_new(unsigned worker_count);
void pins_free(struct pins *pins); /* no reader is left; NULL: nothing happens */

/* The slot-name number of a tenant, or PINS_NONE. Workers (inside a section) and control. */
int pins_find(const struct pins *pins, struct slice tenant);

/* The same, and one request more for this tenant in the worker's cell. */
int pins_take(struct pins *pins, struct slice tenant, unsigned worker);

/* One failed request (5xx or no answer) more; looks up again: an unpinned tenant is not counted. By its worker,
 * inside a section. */
void pins_count_error(struct pins *pins, struct slice tenant, unsigned worker);

/* Pins, or moves a pin (its counters go on). ERR_INVALID: no valid id; ERR_FULL: more than PINS_NAMES_MAX names. */
MUST_CHECK int pins_set(struct pins *pins, struct slice tenant, const char *slot);
bool pins_remove(struct pins *pins, struct slice tenant); /* false: it was not pinned */

/* Gives a slot name its number now, so that a picture made before its first pin translates it. ERR_INVALID: no
 * name of a slot; ERR_FULL. */
MUST_CHECK int pins_add_name(struct pins *pins, const char *slot);

/* After a grace period that began behind the last change: frees what was replaced. */
void pins_reclaim(struct pins *pins);
size_t pins_count(const struct pins *pins);
const char *pins_name(const struct pins *pins, int number);
unsigned pins_name_count(const struct pins *pins);          /* numbers are 0 to one less */
int pins_number(const struct pins *pins, const char *slot); /* PINS_NONE: never named */

/* All pins in no particular order; start with a zeroed cursor. The table must not change meanwhile... a change
 * between two calls may hide or repeat entries of one part, nothing worse. Control thread. */
struct pins_cursor {
    size_t part;
    size_t at;
};
struct pins_entry {
    struct slice tenant; /* valid until the next change */
    int name;
    bool is_counted; /* false: more tenants than PINS_COUNTED_BYTES of counters serve; both are 0 */
    uint64_t requests; /* summed over workers */
    uint64_t errors;
};
bool pins_next(const struct pins *pins, struct pins_cursor *cursor, struct pins_entry *out);

#endif
