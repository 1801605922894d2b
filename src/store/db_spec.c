/* Databases as configured: see db_spec_priv.h. */
#include "store/db_spec_priv.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"

enum { HOSTS_MAX = 16 };

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

static void copy_wishes(const struct look_wishes *wishes, struct look_wishes *out)
{
    const char **environments = mem_zalloc((wishes->environment_count + 1) * sizeof *environments);
    struct look_wish_assertion *assertions =
        mem_zalloc((wishes->assertion_count + 1) * sizeof *assertions);

    *out = *wishes;
    out->history_sql = mem_text(wishes->history_sql);
    out->subscription = mem_text(wishes->subscription);
    out->replication_slot = mem_text(wishes->replication_slot);
    for (size_t i = 0; i < wishes->environment_count; i++)
        environments[i] = mem_text(wishes->environments[i]);
    for (size_t i = 0; i < wishes->assertion_count; i++) {
        assertions[i] = wishes->assertions[i];
        assertions[i].name = mem_text(wishes->assertions[i].name);
        assertions[i].sql = mem_text(wishes->assertions[i].sql);
    }
    out->environments = environments;
    out->assertions = assertions;
}

static void free_wishes(const struct look_wishes *wishes)
{
    free_text(wishes->history_sql);
    free_text(wishes->subscription);
    free_text(wishes->replication_slot);
    for (size_t i = 0; i < wishes->environment_count; i++)
        free_text(wishes->environments[i]);
    for (size_t i = 0; i < wishes->assertion_count; i++) {
        free_text(wishes->assertions[i].name);
        free_text(wishes->assertions[i].sql);
    }
    free((void *)(uintptr_t)wishes->environments);
    free((void *)(uintptr_t)wishes->assertions);
}

static bool is_same_lists(const struct look_wishes *a, const struct look_wishes *b)
{
    if (a->environment_count != b->environment_count || a->assertion_count != b->assertion_count)
        return false;
    for (size_t i = 0; i < a->environment_count; i++)
        if (!is_same_text(a->environments[i], b->environments[i]))
            return false;
    for (size_t i = 0; i < a->assertion_count; i++)
        if (!is_same_text(a->assertions[i].name, b->assertions[i].name) ||
            !is_same_text(a->assertions[i].sql, b->assertions[i].sql) ||
            a->assertions[i].is_compared != b->assertions[i].is_compared)
            return false;
    return true;
}

static bool is_same_wishes(const struct look_wishes *a, const struct look_wishes *b)
{
    return a->history == b->history && is_same_text(a->history_sql, b->history_sql) &&
           is_same_text(a->subscription, b->subscription) &&
           is_same_text(a->replication_slot, b->replication_slot) &&
           a->has_heartbeat == b->has_heartbeat && a->has_shape == b->has_shape &&
           a->has_integrity == b->has_integrity && is_same_lists(a, b);
}

bool db_spec_is_same(const struct store_database *a, const struct store_database *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->dsn, b->dsn) == 0 &&
           is_same_text(a->passfile, b->passfile) && is_same_text(a->search_path, b->search_path) &&
           a->interval_us == b->interval_us && a->connect_timeout_us == b->connect_timeout_us &&
           a->query_timeout_us == b->query_timeout_us && is_same_wishes(&a->wishes, &b->wishes);
}

static bool is_address(const char *text)
{
    unsigned char bytes[4];

    return strchr(text, ':') != NULL || inet_pton(AF_INET, text, bytes) == 1;
}

/* A folder, an abstract socket and libpq's default are no names. */
static bool is_name(const char *text)
{
    return text[0] != '\0' && text[0] != '/' && text[0] != '@' && !is_address(text);
}

/* The element of a list with commas; the only one counts for all; "": there is none. */
static char *take_element(const char *list, size_t index)
{
    struct slice rest = slice_from(list != NULL ? list : "");
    struct slice element = { NULL, 0 };
    bool is_single = list == NULL || strchr(list, ',') == NULL;

    for (size_t i = 0; i <= (is_single ? 0 : index); i++)
        if (!slice_next(&rest, ',', &element))
            return mem_text("");
    return mem_text_of(element.ptr != NULL ? element.ptr : "", element.len);
}

static size_t count_elements(const char *list)
{
    size_t count = 1;

    for (const char *at = list; *at != '\0'; at++)
        count += *at == ',';
    return count < HOSTS_MAX ? count : HOSTS_MAX;
}

static const char *find_value(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val;
    return NULL;
}

static void read_hosts(struct db_spec *spec, const char *hosts, const char *ports)
{
    spec->host_count = count_elements(hosts);
    spec->hosts = mem_zalloc(spec->host_count * sizeof *spec->hosts);
    for (size_t i = 0; i < spec->host_count; i++) {
        struct db_host *host = &spec->hosts[i];

        host->text = take_element(hosts, strchr(hosts, ',') != NULL ? i : 0);
        host->port = take_element(ports, i);
        host->is_name = is_name(host->text);
        spec->has_names = spec->has_names || host->is_name;
    }
}

struct db_spec *db_spec_new(const struct store_database *database)
{
    struct db_spec *spec = mem_zalloc(sizeof *spec);
    PQconninfoOption *options = PQconninfoParse(database->dsn, NULL);
    const char *hosts = options != NULL ? find_value(options, "host") : NULL;

    spec->is = *database;
    spec->is.name = mem_text(database->name);
    spec->is.dsn = mem_text(database->dsn);
    spec->is.passfile = mem_text(database->passfile);
    spec->is.search_path = mem_text(database->search_path);
    copy_wishes(&database->wishes, &spec->is.wishes);
    if (hosts == NULL && getenv("PGHOSTADDR") == NULL)
        hosts = getenv("PGHOST");
    if (options != NULL && hosts != NULL && find_value(options, "hostaddr") == NULL)
        read_hosts(spec, hosts, find_value(options, "port"));
    PQconninfoFree(options);
    return spec;
}

void db_spec_free(struct db_spec *spec)
{
    if (spec == NULL)
        return;
    for (size_t i = 0; i < spec->host_count; i++) {
        free(spec->hosts[i].text);
        free(spec->hosts[i].port);
    }
    free(spec->hosts);
    free_text(spec->is.name);
    free_text(spec->is.dsn);
    free_text(spec->is.passfile);
    free_text(spec->is.search_path);
    free_wishes(&spec->is.wishes);
    free(spec);
}
