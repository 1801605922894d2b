/* See server_facts_priv.h. */
#include "lint/server_facts_priv.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

enum { FINGERPRINT_MAX = 16 << 20 };

/* A table of versions: is it there, and its rows: environment, version, sha256, state, what else changes with a try. */
static const struct {
    const char *name;
    const char *test;
    const char *rows;
} sources[] = {
    { "switchyard", "to_regclass('switchyard_control.schema_versions') IS NOT NULL",
      "SELECT environment, version, sha256, CASE WHEN success THEN '' ELSE 'has failed' END, "
      "applied_at::text FROM switchyard_control.schema_versions ORDER BY 1, 2" },
    { "source",
      "to_regclass('schema_versions') IS NOT NULL AND EXISTS (SELECT FROM pg_attribute WHERE "
      "attrelid = to_regclass('schema_versions') AND attname = 'environment')",
      "SELECT environment, version, '', '', '' FROM schema_versions ORDER BY 1, 2" },
    { "flyway", "to_regclass('flyway_schema_history') IS NOT NULL",
      "SELECT '', version, '', CASE WHEN success THEN '' ELSE 'has failed' END, '' FROM "
      "(SELECT DISTINCT ON (version) version, success, type FROM flyway_schema_history WHERE "
      "version IS NOT NULL ORDER BY version, installed_rank DESC) h WHERE type NOT LIKE 'UNDO%' "
      "AND type <> 'DELETE' ORDER BY 2" },
    { "prisma", "to_regclass('_prisma_migrations') IS NOT NULL",
      "SELECT '', migration_name, checksum, CASE WHEN finished_at IS NULL THEN 'is not finished' "
      "ELSE '' END, '' FROM (SELECT DISTINCT ON (migration_name) * FROM _prisma_migrations ORDER "
      "BY migration_name, started_at DESC) m WHERE rolled_back_at IS NULL ORDER BY 2" },
};

static const char identity_query[] =
    "SELECT (SELECT system_identifier FROM pg_control_system())::text, current_database(), "
    "(SELECT timeline_id FROM pg_control_checkpoint())::text, pg_is_in_recovery()";

static const char sizes_query[] =
    "SELECT n.nspname || '.' || c.relname, pg_total_relation_size(c.oid), c.reltuples FROM "
    "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') "
    "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1";

/* NULL after words. */
static PGresult *ask(PGconn *server, const char *sql, struct text *words)
{
    PGresult *result = PQexec(server, sql);

    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return result;
    text_add_format(words, "the database does not answer: %s", PQerrorMessage(server));
    PQclear(result);
    return NULL;
}

static int read_identity(PGconn *server, struct server_facts *facts, struct text *words)
{
    PGresult *result = ask(server, identity_query, words);

    if (result == NULL)
        return ERR_IO;
    facts->system_id = mem_text(PQgetvalue(result, 0, 0));
    facts->database = mem_text(PQgetvalue(result, 0, 1));
    facts->is_standby = strcmp(PQgetvalue(result, 0, 3), "t") == 0;
    /* With the timeline: after a failover there may be two that are called the same. */
    text_add_format(&facts->fingerprint, "%s %s %s\n", facts->system_id, facts->database,
                    PQgetvalue(result, 0, 2));
    PQclear(result);
    return 0;
}

static bool has_source(PGconn *server, const char *test)
{
    char *sql = mem_format("SELECT %s", test);
    PGresult *result = PQexec(server, sql);
    bool is_there =
        PQresultStatus(result) == PGRES_TUPLES_OK && strcmp(PQgetvalue(result, 0, 0), "t") == 0;

    PQclear(result);
    free(sql);
    return is_there;
}

static void add_version(struct server_facts *facts, const PGresult *result, int row,
                        const char *source)
{
    const char *state = PQgetvalue(result, row, 3);

    if ((facts->version_count & (facts->version_count + 1)) == 0)
        facts->versions =
            mem_grow(facts->versions, (facts->version_count + 1) * 2, sizeof *facts->versions);
    facts->versions[facts->version_count++] = (struct applied_version){
        .version = mem_text(PQgetvalue(result, row, 1)),
        .sha256 = mem_text(PQgetvalue(result, row, 2)),
        .source = source,
        .state = strcmp(state, "has failed") == 0        ? "has failed"
                 : strcmp(state, "is not finished") == 0 ? "is not finished"
                                                         : "",
    };
}

static int read_versions(PGconn *server, const char *environment, struct server_facts *facts,
                         struct text *words)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        PGresult *result = NULL;

        if (!has_source(server, sources[i].test))
            continue;
        result = ask(server, sources[i].rows, words);
        if (result == NULL)
            return ERR_IO;
        for (int row = 0; row < PQntuples(result); row++) {
            const char *of = PQgetvalue(result, row, 0);

            text_add_format(&facts->fingerprint, "%s %s %s %s %s %s\n", sources[i].name, of,
                            PQgetvalue(result, row, 1), PQgetvalue(result, row, 2),
                            PQgetvalue(result, row, 3), PQgetvalue(result, row, 4));
            if (of[0] == '\0' || environment == NULL || strcmp(of, environment) == 0)
                add_version(facts, result, row, sources[i].name);
        }
        PQclear(result);
    }
    return 0;
}

static int read_sizes(PGconn *server, struct server_facts *facts, struct text *words)
{
    PGresult *result = ask(server, sizes_query, words);

    if (result == NULL)
        return ERR_IO;
    facts->table_count = (size_t)PQntuples(result);
    facts->tables = mem_zalloc((facts->table_count + 1) * sizeof *facts->tables);
    for (size_t i = 0; i < facts->table_count; i++) {
        struct table_size *table = &facts->tables[i];

        table->name = mem_text(PQgetvalue(result, (int)i, 0));
        table->rows = strtod(PQgetvalue(result, (int)i, 2), NULL);
        if (num_parse_u64(slice_from(PQgetvalue(result, (int)i, 1)), UINT64_MAX, &table->bytes) !=
            0)
            table->bytes = 0;
    }
    PQclear(result);
    return 0;
}

int server_facts_read(PGconn *server, const char *environment, struct server_facts *out,
                      struct text *words)
{
    struct server_facts facts = { .system_id = NULL };
    int err = 0;

    text_init(&facts.fingerprint, FINGERPRINT_MAX);
    err = read_identity(server, &facts, words);
    if (err == 0)
        err = read_versions(server, environment, &facts, words);
    if (err == 0)
        err = read_sizes(server, &facts, words);
    if (err != 0) {
        server_facts_fini(&facts);
        return err;
    }
    *out = facts;
    return 0;
}

void server_facts_fini(struct server_facts *facts)
{
    for (size_t i = 0; i < facts->version_count; i++) {
        free(facts->versions[i].version);
        free(facts->versions[i].sha256);
    }
    for (size_t i = 0; i < facts->table_count; i++)
        free(facts->tables[i].name);
    free(facts->versions);
    free(facts->tables);
    free(facts->system_id);
    free(facts->database);
    text_fini(&facts->fingerprint);
}

const struct table_size *server_facts_table(const struct server_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->table_count; i++) {
        const char *whole = facts->tables[i].name;
        const char *last = strchr(whole, '.');

        if (strcmp(whole, name) == 0 || (last != NULL && strcmp(last + 1, name) == 0))
            return &facts->tables[i];
    }
    return NULL;
}
