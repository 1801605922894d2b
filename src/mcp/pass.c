/* Tokens of a session: see pass_priv.h. */
#include "mcp/pass_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

static const uint64_t life_us = 600ull * 1000000;

struct pass {
    char token[PASS_SIZE]; /* "" : free */
    char *purpose;
    uint64_t made_us;
};

struct passes {
    pthread_mutex_t lock;
    struct pass list[PASSES_MAX];
};

struct passes *passes_new(void)
{
    struct passes *passes = mem_zalloc(sizeof *passes);

    pthread_mutex_init(&passes->lock, NULL);
    return passes;
}

static void forget(struct pass *pass)
{
    free(pass->purpose);
    *pass = (struct pass){ .token = "" };
}

void passes_free(struct passes *passes)
{
    if (passes == NULL)
        return;
    for (unsigned i = 0; i < PASSES_MAX; i++)
        forget(&passes->list[i]);
    pthread_mutex_destroy(&passes->lock);
    free(passes);
}

void passes_keep(struct passes *passes, const char *token, const char *purpose)
{
    struct pass *place = &passes->list[0];

    pthread_mutex_lock(&passes->lock);
    for (unsigned i = 0; i < PASSES_MAX && place->token[0] != '\0'; i++)
        if (passes->list[i].made_us < place->made_us)
            place = &passes->list[i];
    forget(place);
    snprintf(place->token, sizeof place->token, "%s", token);
    place->purpose = mem_text(purpose);
    place->made_us = clock_monotonic_us();
    pthread_mutex_unlock(&passes->lock);
}

int passes_make(struct passes *passes, const char *purpose, char out[PASS_SIZE])
{
    unsigned char bytes[16];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return ERR_IO;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    passes_keep(passes, out, purpose);
    return 0;
}

int passes_use(struct passes *passes, const char *token, const char *purpose)
{
    uint64_t now_us = clock_monotonic_us();
    int err = ERR_NOT_FOUND;

    pthread_mutex_lock(&passes->lock);
    for (unsigned i = 0; i < PASSES_MAX; i++) {
        struct pass *pass = &passes->list[i];

        if (pass->token[0] == '\0' || strcmp(pass->token, token) != 0)
            continue;
        err = strcmp(pass->purpose, purpose) == 0 ? ERR_OK : ERR_CONFLICT;
        if (now_us - pass->made_us > life_us)
            err = ERR_NOT_FOUND;
        if (err != ERR_CONFLICT)
            forget(pass);
        break;
    }
    pthread_mutex_unlock(&passes->lock);
    return err;
}
