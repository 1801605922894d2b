/* Who belongs to the candidate: see route/split.h. Pure, any thread. */
#include "route/split.h"

#include "base/hash.h"

/* The salt is mixed first: otherwise salt and key would meet in one exclusive or, and users whose keys differ as
 * two salts do would be drawn together. */
bool split_takes(uint64_t salt, struct slice key, uint32_t share)
{
    uint64_t hash = hash_bytes(hash_mix(salt), key.ptr, key.len);

    return (hash >> 32) * SPLIT_WHOLE >> 32 < share;
}
