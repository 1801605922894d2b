/* See front.h. Every listener serves every service. */
#include "app/front.h"

#include <stdio.h>
#include <string.h>

#include "app/crew.h"
#include "app/doors.h"
#include "app/trust.h"
#include "app/vault.h"
#include "config/config.h"
#include "net/tls_keeper.h"
#include "pilot/pilot.h"

/* A name that some certificate of the listener is for. */
struct wanted_name {
    const char *listener;
    char *out; /* "" : none yet */
    size_t size;
};

static void on_cert(void *arg, const char *listener, const struct tls_cert_view *cert)
{
    const struct wanted_name *wanted = arg;

    if (strcmp(listener, wanted->listener) != 0)
        return;
    for (size_t i = 0; i < cert->name_count && wanted->out[0] == '\0'; i++)
        if (cert->names[i][0] != '*' && strlen(cert->names[i]) < wanted->size)
            snprintf(wanted->out, wanted->size, "%s", cert->names[i]);
}

bool front_find(const struct front_rooms *rooms, unsigned service_index, struct pilot_front *out)
{
    struct doors_front front;
    struct wanted_name wanted = { .out = out->host, .size = sizeof out->host };

    if (!doors_front(rooms->doors, rooms->config, &rooms->config->services[service_index], &front))
        return false;
    *out = (struct pilot_front){
        .address = front.address,
        .proxy_protocol = front.proxy_protocol,
        .nonce = crew_nonce(rooms->crew),
        .tls = front.is_secure ? trust_front(rooms->trust) : NULL,
    };
    wanted.listener = front.listener;
    if (front.is_secure)
        vault_each(rooms->vault, on_cert, &wanted);
    return true;
}
