/*
 * The listening addresses: opened at start, and followed at a reload in three steps (prepare, then commit or
 * cancel), so that a bad one changes nothing. Thread: control.
 */
#ifndef APP_DOORS_H
#define APP_DOORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/check.h"

struct config;
struct config_service;
struct crew;
struct doors;
struct heirloom;
struct text;
struct vault;

/* vault: where the listeners' TLS is; it outlives the doors' sessions. heirloom: sockets that are open already, for the
 * first doors_prepare; may be NULL. */
struct doors *doors_new(struct crew *crew, struct vault *vault, struct heirloom *heirloom);
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

/* Where a request of ours for the service can come in: a plain listener, but one with TLS where the service redirects
 * everybody to it, or where there is no other; never one that asks for our certificate. False: there is none. */
struct doors_front {
    struct address address;
    const char *listener; /* the configuration's */
    bool is_secure;
    uint8_t proxy_protocol; /* that it asks for; 0: none */
};
bool doors_front(const struct doors *doors, const struct config *config,
                 const struct config_service *service, struct doors_front *out);

/* "name":"address",… of the open listeners, as members of a JSON object. */
void doors_print(const struct doors *doors, struct text *out);

#endif
