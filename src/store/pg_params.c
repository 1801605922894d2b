/* Parameters for libpq: see pg_params_priv.h. */
#include "store/pg_params_priv.h"

#include <libpq-fe.h>
#include <string.h>

#include "store/db_spec_priv.h"
#include "store/name_lookup_priv.h"

enum { LIST_BYTES = 65536 };

/* What we would have where the dsn says nothing: a peer that is gone is noticed, and no library waits for a ticket. */
static const struct {
    const char *keyword;
    const char *value;
} defaults[] = {
    { "fallback_application_name", "switchyard" },
    { "client_encoding", "UTF8" },
    { "gssencmode", "disable" },
    { "keepalives", "1" },
    { "keepalives_idle", "5" },
    { "keepalives_interval", "3" },
    { "keepalives_count", "3" },
    { "tcp_user_timeout", "3000" },
};

static void add(struct pg_params *params, const char *keyword, const char *value)
{
    if (params->count == PG_PARAMS_MAX || value == NULL || value[0] == '\0')
        return;
    params->keywords[params->count] = keyword;
    params->values[params->count++] = value;
}

static void add_host(struct pg_params *params, const struct db_host *host, const char *address)
{
    const char *comma = params->host_count++ > 0 ? "," : "";

    text_add_format(&params->hosts, "%s%s", comma, host->text);
    text_add_format(&params->addresses, "%s%s", comma, address);
    text_add_format(&params->ports, "%s%s", comma, host->port);
}

/* A name stands once for each of its addresses; one that has none is left out. */
static void add_hosts(struct pg_params *params, const struct db_spec *spec,
                      const struct name_lookup *names)
{
    for (size_t i = 0; i < spec->host_count; i++) {
        const struct db_host *host = &spec->hosts[i];
        const struct name_addresses *known = host->is_name ? name_lookup_at(names, i) : NULL;

        if (known == NULL)
            add_host(params, host, "");
        for (size_t j = 0; known != NULL && j < known->count; j++)
            add_host(params, host, known->texts[j]);
    }
    if (params->host_count == 0)
        return;
    add(params, "host", params->hosts.bytes);
    if (spec->has_names)
        add(params, "hostaddr", params->addresses.bytes);
    if (params->ports.bytes[strspn(params->ports.bytes, ",")] != '\0')
        add(params, "port", params->ports.bytes);
}

/* Those that stand in the lists, those that the configuration has options for, and one that does not work here. */
static bool is_ours(const struct db_spec *spec, const char *keyword)
{
    static const char *const never[] = { "connect_timeout", "passfile" };
    static const char *const lists[] = { "host", "port" };

    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strcmp(keyword, never[i]) == 0)
            return true;
    for (size_t i = 0; spec->host_count > 0 && i < sizeof lists / sizeof lists[0]; i++)
        if (strcmp(keyword, lists[i]) == 0)
            return true;
    return false;
}

static bool is_given(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0 && options->val != NULL)
            return true;
    return false;
}

void pg_params_init(struct pg_params *params, const struct db_spec *spec,
                    const struct name_lookup *names)
{
    PQconninfoOption *options = PQconninfoParse(spec->is.dsn, NULL);

    memset(params, 0, sizeof *params);
    params->options = options;
    text_init(&params->hosts, LIST_BYTES);
    text_init(&params->addresses, LIST_BYTES);
    text_init(&params->ports, LIST_BYTES);
    for (const PQconninfoOption *at = options; at != NULL && at->keyword != NULL; at++)
        if (!is_ours(spec, at->keyword))
            add(params, at->keyword, at->val);
    add_hosts(params, spec, names);
    add(params, "passfile", spec->is.passfile);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (options != NULL && !is_given(options, defaults[i].keyword))
            add(params, defaults[i].keyword, defaults[i].value);
}

void pg_params_fini(struct pg_params *params)
{
    PQconninfoFree(params->options);
    text_fini(&params->hosts);
    text_fini(&params->addresses);
    text_fini(&params->ports);
}
