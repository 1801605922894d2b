/*
 * Where requests of our own come in, so that the pilot sees what clients of a service get. Thread: control.
 */
#ifndef APP_FRONT_H
#define APP_FRONT_H

#include <stdbool.h>

struct config;
struct crew;
struct doors;
struct pilot_front;
struct trust;
struct vault;

struct front_rooms {
    const struct config *config;
    struct crew *crew;
    const struct doors *doors;
    struct trust *trust;
    const struct vault *vault;
};

/* False: no listener of ours can be asked for that service. */
bool front_find(const struct front_rooms *rooms, unsigned service_index, struct pilot_front *out);

#endif
