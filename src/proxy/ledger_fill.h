/* What a worker still has of a slot, as entries of a ledger (route/tunnel_drain.h). The worker's thread fills a part of
 * its own, the control thread puts the parts together. */
#ifndef PROXY_LEDGER_FILL_H
#define PROXY_LEDGER_FILL_H

struct ledger;
struct worker;

/* Appends the worker's exchanges and tunnels, the oldest tunnels first; entries grow on the heap. */
void ledger_fill(struct worker *worker, struct ledger *ledger);

/* Moves the entries of a part behind those of the whole; the part is empty then. */
void ledger_join(struct ledger *whole, struct ledger *part);

#endif
