/* A folder with one small file per proof that was successful, named by what was proved. In processes of switchctl only. */
#ifndef LINT_PROVE_CACHE_PRIV_H
#define LINT_PROVE_CACHE_PRIV_H

#include <stdbool.h>

#include "base/slice.h"

enum { PROVE_CACHE_SUM = 65 };

void prove_cache_sum(struct slice bytes, char out[PROVE_CACHE_SUM]); /* SHA-256 in hex */
bool prove_cache_has(const char *folder, const char *key);

/* False with errno: it is not kept. */
bool prove_cache_add(const char *folder, const char *key, const char *words);

#endif
