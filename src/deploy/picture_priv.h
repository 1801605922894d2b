/*
 * A snapshot's input, put together service by service, and what else follows from a service's configuration
 * (policy, probes). Lives for one plan. Control thread.
 */
#ifndef DEPLOY_PICTURE_PRIV_H
#define DEPLOY_PICTURE_PRIV_H

#include <stdint.h>

#include "base/check.h"
#include "config/config.h"
#include "route/target.h"

struct config_group;
struct effective;
struct health;
struct holdback;
struct picture;
struct pins;
struct reg_service;
struct service;
struct slot;
struct snapshot;
struct state_service;

/* What a service is in a picture. */
struct picture_service {
    struct service *service;
    const struct config_service *configured;
    const struct state_service *decided;
    const struct config_group *group; /* NULL: its own */
    struct pins *pins;                /* NULL: none */
    const struct holdback *holdback;  /* NULL: none */
};

/* words: for errors, borrowed. The arrays have room for everything that the configuration may hold. */
struct picture *picture_new(const struct config *config, char *words, unsigned words_size);
void picture_free(struct picture *picture);
void picture_fail(struct picture *picture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* In the order of the configuration: a service, then its slots, each followed by its targets. */
MUST_CHECK int picture_add_service(struct picture *picture, const struct picture_service *wanted);
void picture_add_slot(struct picture *picture, struct slot *slot,
                      const struct config_slot *configured);
void picture_add_target(struct picture *picture, struct target *target,
                        const struct effective *effective);
MUST_CHECK int picture_build(struct picture *picture, uint64_t epoch, struct snapshot **out);

/* What belongs to the objects and not to the snapshot: before the publishing the table of clients and the header rules
 * of the slots, after it their versions. */
void picture_equip(struct reg_service *service, const struct config_service *configured);
void picture_name_versions(struct reg_service *service, const struct config_service *configured);
void picture_watch(struct health *health, struct target *target,
                   const struct config_service *configured);

#endif
