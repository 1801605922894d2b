/*
 * Refused attempts per client address, in a table of fixed size: so many in a minute, and then for the rest of that minute it
 * is said so. When a set is full, the address that began earliest is forgotten; nobody is refused for what another did.
 * An IPv6 address stands for its /64. Thread: control.
 */
#ifndef CONTROL_ATTEMPTS_PRIV_H
#define CONTROL_ATTEMPTS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

struct attempts;

enum { ATTEMPTS_PER_MINUTE = 10, ATTEMPTS_ADDRESSES = 1024 };

struct attempts *attempts_new(void);
void attempts_free(struct attempts *attempts); /* NULL is fine */

/* Notes one more; how many there were in this minute, with it. */
unsigned attempts_add(struct attempts *attempts, const struct address *client, uint64_t now_us);

/* The seconds until the minute is over that the address has used up; 0: it has not. */
unsigned attempts_wait_s(const struct attempts *attempts, const struct address *client,
                         uint64_t now_us);

#endif
