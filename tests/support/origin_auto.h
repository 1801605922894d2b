/*
 * An origin that answers by itself, for load: 200 with the slot it stands for and a JSON of what it parsed;
 * the path asks for more ("/big?n=1000", "/status?n=500", "/slow?us=2000", "/reset?after=3",
 * "/close?after=3", "/drop", "/echo"). X-Slot, X-Id (the request's) and X-Start-Us are in every answer. It counts how
 * often each numeric X-Id was carried out. Faults can be dealt at random. Knobs: any thread.
 */
#ifndef SUPPORT_ORIGIN_AUTO_H
#define SUPPORT_ORIGIN_AUTO_H

#include <stdbool.h>
#include <stdint.h>

#include "support/origin.h"

struct origin_auto;

/* Shares of requests, in thousandths, that end in a fault; drawn from seed. */
struct origin_faults {
    uint64_t seed;
    unsigned reset_before; /* RST after the request, nothing sent */
    unsigned close_before; /* FIN after the request, nothing sent */
    unsigned reset_within; /* RST somewhere in the body */
    unsigned close_within;
    unsigned status_500;
    unsigned close_idle_max_us; /* not 0: closes a kept connection 0..max us after its answer */
    unsigned close_accepted;    /* closes new connections before reading anything */
    unsigned delay_us;          /* before every answer */
};

/* slot: the word in X-Slot, "blue"; the string stays the caller's. body: bytes of a plain answer's body. */
struct origin_auto *origin_auto_start(const char *address, const char *slot, unsigned body);
void origin_auto_stop(struct origin_auto *auto_origin);
struct origin *origin_auto_origin(struct origin_auto *auto_origin);
const char *origin_auto_address(const struct origin_auto *auto_origin);
void origin_auto_set_faults(struct origin_auto *auto_origin, const struct origin_faults *faults);
void origin_auto_set_health(struct origin_auto *auto_origin,
                            int status); /* of GET /health; 200 at first */

/* Requests carried out (read whole; /health not counted), health probes, and how often an id was (by all
 * origins of this process). */
uint64_t origin_auto_served(const struct origin_auto *auto_origin);
uint64_t origin_auto_probes(const struct origin_auto *auto_origin);
unsigned origin_auto_executions(uint32_t id);
enum { ORIGIN_AUTO_IDS = 1 << 22 };

#endif
