/*
 * Drains of tunnels (route/tunnel_drain.h) as one worker carries them out: one order per slot, the newest counts. The
 * worker's thread.
 */
#ifndef PROXY_TUNNEL_ORDER_H
#define PROXY_TUNNEL_ORDER_H

struct slot;
struct tunnel_drain;
struct worker;

/* Obeys an order; the values are copied. */
void tunnel_order_obey(struct worker *worker, const struct tunnel_drain *drain);

/* The slot may go away: an order for all of its tunnels too, unless the worker still has some. One that has an epoch
 * ends by itself. */
void tunnel_order_forget(struct worker *worker, const struct slot *slot);

/* All orders; at the end of the worker. */
void tunnel_order_fini(struct worker *worker);

#endif
