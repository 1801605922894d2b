/*
 * Who belongs to the candidate: a stable hash of the rollout's salt and the user's key against the share. While
 * salt and share stand nobody changes sides; a greater share only moves users to the candidate. Stored decisions
 * depend on the hash: it must never change. Pure, any thread.
 */
#ifndef ROUTE_SPLIT_H
#define ROUTE_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { SPLIT_WHOLE = 10000 }; /* shares are in hundredths of a percent */

/* share 0 takes nobody, SPLIT_WHOLE everybody. */
bool split_takes(uint64_t salt, struct slice key, uint32_t share);

#endif
