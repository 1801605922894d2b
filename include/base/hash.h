/*
 * Hashes of bytes: fast and well mixed, not against an attacker with knowledge of the seed.
 * hash_bytes is stable over versions and machines: stored decisions depend on it. Any thread.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t count);
uint64_t hash_bytes_nocase(uint64_t seed, const char *text, size_t count); /* ASCII lower-cased */
uint64_t hash_mix(uint64_t value);
uint32_t hash_crc32(uint32_t crc, const void *bytes, size_t count); /* IEEE, start with 0 */

/* A small fast generator; state must not be 0. */
uint64_t hash_random(uint64_t *state);

#endif
