/*
 * What the thread of the store knows of one database, as a message to the control thread; and a look that both of them
 * read, which dies with the last holder.
 */
#ifndef STORE_DB_STATE_PRIV_H
#define STORE_DB_STATE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "store/pg_fault_priv.h"
#include "store/store.h"

struct look_share;

struct db_state {
    enum store_condition condition;
    struct pg_fault fault; /* while it is not up */
    uint64_t since_us;     /* monotonic, of the condition */
    uint64_t begun_us;     /* and its beginning */
    uint64_t looked_us;    /* monotonic, end of the newest look; 0: none */
    uint64_t connect_us;
    uint64_t query_us;
    uint64_t connects;
    uint64_t failures;
    struct look_share *share; /* NULL: no look yet; held by the state */
};

struct look_share *look_share_new(struct look *look); /* takes the look; one holder */
struct look_share *look_share_hold(struct look_share *share);
void look_share_drop(struct look_share *share); /* NULL is allowed */
const struct look *look_share_look(const struct look_share *share);

#endif
