/*
 * What a database says of itself for a plan: who it is, which versions were applied by whatever tool, how large its
 * tables are. Blocks; in processes of switchctl only.
 */
#ifndef LINT_SERVER_FACTS_PRIV_H
#define LINT_SERVER_FACTS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"

struct pg_conn;

/* A version that is in one of the tables of versions. */
struct applied_version {
    char *version;
    char *sha256;       /* "" : the table has none */
    const char *source; /* "switchyard", "source", "flyway", "prisma" */
    const char *state;  /* "" : applied; else why it is not: "has failed", "is not finished" */
};

struct table_size {
    char *name; /* "public.orders" */
    uint64_t bytes;
    double rows; /* the server's estimate; < 0: it has none */
};

/* Owner: the caller. Ends by server_facts_fini. */
struct server_facts {
    char *system_id;
    char *database;
    bool is_standby; /* it only reads */
    struct applied_version *versions;
    size_t version_count;
    struct table_size *tables;
    size_t table_count;
    struct text fingerprint; /* of all that was applied or tried: another one after each attempt */
};

/* environment: whose versions count where a table has several; NULL: all. ERR_IO with words. */
MUST_CHECK int server_facts_read(struct pg_conn *server, const char *environment,
                                 struct server_facts *out, struct text *words);
void server_facts_fini(struct server_facts *facts);

/* By a name with or without its schema; NULL: it is not there. */
const struct table_size *server_facts_table(const struct server_facts *facts, const char *name);

#endif
