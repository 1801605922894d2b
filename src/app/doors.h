/*
 * The listening addresses: opened at start, and followed at a reload in three steps (prepare, then commit or
 * cancel), so that a bad one changes nothing. Thread: control.
 */
#ifndef APP_DOORS_H
#define APP_DOORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

struct address;
struct config;
struct crew;
struct doors;
struct text;
struct vault;

/* vault: where the listeners' TLS is; it outlives the doors' sessions. */
struct doors *doors_new(struct crew *crew, struct vault *vault);
void doors_free(struct doors *doors); /* after the crew */

/* Opens what the configuration has and we have not; ERR_* and words, and then nothing is kept open. */
MUST_CHECK int doors_prepare(struct doors *doors, const struct config *config, char *words,
                             unsigned words_size);
void doors_cancel(struct doors *doors);

/* Hands the new ones to the workers, changes gates, closes what is no longer configured. */
void doors_commit(struct doors *doors, const struct config *config);

/* Calls fn for each listener of the configuration, and each other one that still has clients, with its open
 * connections. */
void doors_each(const struct doors *doors, const struct config *config,
                void (*fn)(void *arg, const char *listener, uint64_t connections), void *arg);

/* Where one of the listeners that take plain HTTP listens, and the PROXY header that it asks for (0: none); false: there
 * is none. */
bool doors_front(const struct doors *doors, const struct config *config, struct address *out,
                 uint8_t *proxy_protocol);

/* "name":"address",… of the open listeners, as members of a JSON object. */
void doors_print(const struct doors *doors, struct text *out);

#endif
