/*
 * liburcu (memb flavour) behind base/rcu.h. ThreadSanitizer cannot see its barriers, so TSan builds
 * add a release at the end of each section and an acquire after the grace period, and call the
 * library's own functions instead of inlining them here, where its plain accesses would be reported.
 */
#include "base/rcu.h"

#include <stdatomic.h>

#define RCU_MEMBARRIER
#ifndef SWITCHYARD_TSAN
#define _LGPL_SOURCE
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wshadow"
#include <urcu/urcu-memb.h>
#pragma GCC diagnostic pop

#ifdef SWITCHYARD_TSAN
static atomic_ulong tsan_edge;
#endif

void rcu_thread_begin(void)
{
    urcu_memb_register_thread();
}

void rcu_thread_end(void)
{
    urcu_memb_unregister_thread();
}

void rcu_read_begin(void)
{
    urcu_memb_read_lock();
}

void rcu_read_end(void)
{
#ifdef SWITCHYARD_TSAN
    atomic_fetch_add_explicit(&tsan_edge, 1, memory_order_release);
#endif
    urcu_memb_read_unlock();
}

void rcu_grace_period(void)
{
    urcu_memb_synchronize_rcu();
#ifdef SWITCHYARD_TSAN
    (void)atomic_load_explicit(&tsan_edge, memory_order_acquire);
#endif
}
