/*
 * TLS to the targets of a slot: names that can be compared with a certificate, and what an option takes away from
 * another. Files are read where they are used. See crosscheck_priv.h.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "config/config.h"
#include "config/crosscheck_priv.h"
#include "config/origin_priv.h"

static bool is_address(const char *text)
{
    unsigned char bytes[16];

    return inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, bytes) == 1;
}

static bool is_host(const char *text)
{
    char whole[300];
    struct endpoint endpoint;

    if (strchr(text, ':') != NULL ||
        snprintf(whole, sizeof whole, "%s:80", text) >= (int)sizeof whole)
        return false;
    return address_parse_endpoint(slice_from(whole), &endpoint) == ERR_OK && endpoint.is_name;
}

static void check_names(const struct config_slot *slot, const struct origin *origin)
{
    const struct config_slot_tls *tls = &slot->tls;

    if (tls->name != NULL && !is_host(tls->name) && !is_address(tls->name))
        origin_error(origin, &tls->name, slot,
                     "'%s' is no name of a host; write \"app.internal\" or \"10.0.0.1\", without "
                     "a port",
                     tls->name);
    if (tls->sni != NULL && !is_host(tls->sni))
        origin_error(origin, &tls->sni, slot,
                     "'%s' is no name of a host, and only those can be asked for; write "
                     "\"app.internal\"",
                     tls->sni);
}

/* A socket in the file system has no host of its own. */
static void check_targets(const struct config_slot *slot, const struct origin *origin)
{
    for (size_t i = 0; i < slot->targets.count; i++) {
        if (!slot->targets.items[i].endpoint.is_unix)
            continue;
        origin_error(origin, &slot->targets, slot,
                     "target '%s' of slot '%s' has no host that its certificate could be for; add "
                     "name = \"app.internal\" to the block tls",
                     slot->targets.items[i].text, slot->name);
        return;
    }
}

static void check_slot(const struct config_slot *slot, const struct origin *origin)
{
    const struct config_slot_tls *tls = &slot->tls;

    check_names(slot, origin);
    if (tls->crl != NULL && (tls->ca == NULL || !tls->verify))
        origin_error(origin, &tls->crl, slot,
                     "slot '%s' has a crl, which needs the authorities whose lists it holds, and "
                     "verify = true; add ca = \"/path/ca.pem\", or remove it",
                     slot->name);
    if (tls->verify && tls->name == NULL)
        check_targets(slot, origin);
    if (tls->verify)
        return;
    origin_warning(origin, &tls->verify, slot,
                   "slot '%s' takes any certificate for its target's: whoever can stand in for a "
                   "target can read and change its traffic; add ca = \"/path/ca.pem\" and remove "
                   "verify = false",
                   slot->name);
    if (tls->ca != NULL)
        origin_warning(origin, &tls->ca, slot, "ca has no effect with verify = false");
}

void crosscheck_tls(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].slot_count; j++)
            if (config->services[i].slots[j].tls.ciphers != NULL)
                check_slot(&config->services[i].slots[j], origin);
}
