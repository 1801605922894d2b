/*
 * Many tunnels at once, on one thread: WebSocket clients (or raw ones, "Upgrade: echo") that send messages, count what
 * comes back, answer a Close, and note when which of them ended. Owner: the test. Test thread.
 */
#ifndef SUPPORT_SWARM_H
#define SUPPORT_SWARM_H

#include <stdbool.h>
#include <stdint.h>

struct swarm;

/* What is known of one member. */
struct swarm_view {
    bool is_open;        /* neither side has ended */
    unsigned close_code; /* of the Close it got; 0: none */
    uint64_t close_us;   /* monotonic */
    uint64_t end_us;     /* 0: not yet */
    bool was_reset;
    bool is_broken; /* bytes came that are no frame, or no echo of ours */
    unsigned echoes;
};

/* As many descriptors as this process may have; also for the children it starts from now on. */
void swarm_raise_limit(void);

/* Connects `count` members, one after the other, to GET /ws (WebSocket) or GET /raw; ends the test when one is not
 * switched. X-Slot of the answers must be `slot`. */
struct swarm *swarm_open(const char *address, const char *slot, unsigned count, bool is_raw);
void swarm_free(struct swarm *swarm); /* closes what is open */

/* Every open member sends a message and awaits its echo; how many got it within ms. */
unsigned swarm_echo(struct swarm *swarm, unsigned ms);

/* Watches until at most `left` members are open, or ms have passed; how many are open. */
unsigned swarm_watch(struct swarm *swarm, unsigned left, unsigned ms);
const struct swarm_view *swarm_look(const struct swarm *swarm, unsigned index);
unsigned
swarm_broken(const struct swarm *swarm); /* members that were reset or got what they should not */

#endif
