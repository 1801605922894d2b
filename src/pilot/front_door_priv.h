/*
 * What is asked of a service through one of our own listeners: which host and path, and which answer is right. For the
 * driver after a cutover and for whoever checks an emergency. Control thread.
 */
#ifndef PILOT_FRONT_DOOR_PRIV_H
#define PILOT_FRONT_DOOR_PRIV_H

#include "health/selfprobe.h"
#include "pilot/pilot.h"

struct config_service;
struct loop;

struct front_door {
    const struct config_service *service;
    const char *slot; /* that must answer, with its configured version */
    struct pilot_front front;
};

/* Begins to ask. NULL: the service cannot be asked this way (it redirects everybody to https, and this is not). */
struct selfprobe *front_door_ask(struct loop *loop, const struct front_door *door,
                                 selfprobe_done_fn *done, void *arg);

#endif
