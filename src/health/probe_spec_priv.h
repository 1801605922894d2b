/*
 * What is kept of a probe_spec: a copy with the defaults filled in, and what it makes of bytes and words.
 */
#ifndef HEALTH_PROBE_SPEC_PRIV_H
#define HEALTH_PROBE_SPEC_PRIV_H

#include <stddef.h>

#include "base/address.h"
#include "base/text.h"
#include "health/probe.h"
#include "route/target.h"

/* The copy's texts and arrays are its own; ends by probe_spec_free. */
struct probe_spec *probe_spec_copy(const struct probe_spec *spec);
void probe_spec_free(struct probe_spec *copy);

/* Two copies. */
bool probe_spec_is_equal(const struct probe_spec *a, const struct probe_spec *b);

/* The request of an HTTP probe, appended to out. */
void probe_spec_write_request(const struct probe_spec *spec, const struct target *target,
                              struct text *out);

/* Where to connect: the target's address, with the spec's port. */
struct address probe_spec_address(const struct probe_spec *spec, const struct target *target);
bool probe_spec_expects(const struct probe_spec *spec, uint16_t status);

/* A status that says: alive, but the database is bad. */
bool probe_spec_is_without_database(const struct probe_spec *spec, uint16_t status);

/* "2xx, 301, 400-403" */
void probe_spec_format_statuses(const struct probe_spec *spec, struct text *out);

#endif
