/* Looks with two readers: see db_state_priv.h. */
#include "store/db_state_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/look_priv.h"

struct look_share {
    atomic_uint holders;
    struct look *look;
};

struct look_share *look_share_new(struct look *look)
{
    struct look_share *share = mem_zalloc(sizeof *share);

    atomic_init(&share->holders, 1);
    share->look = look;
    return share;
}

struct look_share *look_share_hold(struct look_share *share)
{
    if (share != NULL)
        atomic_fetch_add_explicit(&share->holders, 1, memory_order_relaxed);
    return share;
}

void look_share_drop(struct look_share *share)
{
    if (share == NULL || atomic_fetch_sub_explicit(&share->holders, 1, memory_order_acq_rel) != 1)
        return;
    look_free(share->look);
    free(share);
}

const struct look *look_share_look(const struct look_share *share)
{
    return share != NULL ? share->look : NULL;
}
