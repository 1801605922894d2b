/* Proofs that were successful before: see prove_cache_priv.h. */
#include "lint/prove_cache_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

void prove_cache_sum(struct slice bytes, char out[PROVE_CACHE_SUM])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned count = 0;

    CHECK(EVP_Digest(bytes.ptr, bytes.len, digest, &count, EVP_sha256(), NULL) == 1);
    for (unsigned i = 0; i < 32; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
}

bool prove_cache_has(const char *folder, const char *key)
{
    char *path = mem_format("%s/%s.ok", folder, key);
    bool is_there = access(path, R_OK) == 0;

    free(path);
    return is_there;
}

bool prove_cache_add(const char *folder, const char *key, const char *words)
{
    char *path = mem_format("%s/%s.ok", folder, key);
    char *fresh = mem_format("%s.%d", path, (int)getpid());
    bool is_done = false;
    FILE *file = NULL;

    if (mkdir(folder, 0755) == 0 || errno == EEXIST)
        file = fopen(fresh, "we");
    if (file != NULL) {
        is_done = fputs(words, file) >= 0;
        is_done = fclose(file) == 0 && is_done && rename(fresh, path) == 0;
    }
    if (!is_done && file != NULL)
        (void)unlink(fresh);
    free(fresh);
    free(path);
    return is_done;
}
