/*
 * The parts of a service's picture that not every service has: its traffic while it is held or in maintenance, and its
 * steering. They borrow from configuration and decisions, and live for one plan. Control thread.
 */
#ifndef DEPLOY_PICTURE_EXTRA_PRIV_H
#define DEPLOY_PICTURE_EXTRA_PRIV_H

#include "deploy/picture_priv.h"
#include "route/snapshot.h"

struct picture_extra;

/* In front of the others; picture_extra_free frees the whole list. */
struct picture_extra *picture_extra_new(struct picture_extra *others,
                                        const struct picture_service *wanted);
void picture_extra_free(struct picture_extra *extra);

struct traffic picture_extra_traffic(const struct picture_extra *extra);

/* NULL: the service has only its active slot and the slots' own hosts. */
const struct steering *picture_extra_steering(const struct picture_extra *extra);

#endif
