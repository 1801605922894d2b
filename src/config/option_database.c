/* Values about databases: see option_database_priv.h. */
#include "config/option_database_priv.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/option_value_priv.h"

#define DSN_MAX       4096
#define STATEMENT_MAX 4096

/* Options of libpq that cannot stand in a dsn, and why. */
struct misplaced {
    const char *keyword;
    const char *remedy;
};

static const struct misplaced misplaced[] = {
    { "password", "has a password in it; put the password into a file and name that in the option "
                  "passfile, or use PGPASSFILE" },
    { "sslpassword", "has a password in it; use a key without one, readable by its owner only" },
    { "passfile", "has a passfile in it; write it as the option passfile" },
    { "service",
      "names a service, whose file or directory is not asked here; write out what it says" },
    { "replication", "asks for a replication session, which takes no queries; remove replication" },
};

/* Before libpq looks, because its words about a bad text repeat that text. */
static bool has_password_in_uri(struct slice text)
{
    const char *start = memmem(text.ptr, text.len, "://", 3);
    const char *end = text.ptr + text.len;
    const char *at = NULL;
    const char *authority = NULL;

    if (start == NULL || memchr(text.ptr, '=', (size_t)(start - text.ptr)) != NULL)
        return false;
    authority = start + 3;
    at = memchr(authority, '@', (size_t)(end - authority));
    return at != NULL && memchr(authority, ':', (size_t)(at - authority)) != NULL;
}

static bool has_word(struct slice text, const char *word)
{
    return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

/* An error of libpq, unless its words could show a password. */
static void explain_dsn(struct slice text, const char *error, struct text *why)
{
    struct slice words = slice_trim(slice_from(error != NULL ? error : "not understood"));

    if (has_word(text, "password"))
        text_add(why, "this is no connection string, and it may have a password in it; write "
                      "\"host=db user=switchyard dbname=shop\" and use the option passfile");
    else
        text_add_format(why,
                        "'%s' is no connection string: %.*s; write \"host=db user=switchyard "
                        "dbname=shop\" or \"postgresql://switchyard@db/shop\"",
                        text.ptr, SLICE_ARG(words));
}

static const char *find_misplaced(const PQconninfoOption *options)
{
    for (size_t i = 0; i < sizeof misplaced / sizeof misplaced[0]; i++)
        for (const PQconninfoOption *at = options; at->keyword != NULL; at++)
            if (strcmp(at->keyword, misplaced[i].keyword) == 0 && at->val != NULL)
                return misplaced[i].remedy;
    return NULL;
}

int option_database_parse_dsn(struct slice text, char **out, struct text *why)
{
    PQconninfoOption *options = NULL;
    char *error = NULL;
    const char *remedy = NULL;

    if (text.len == 0 || text.len > DSN_MAX || !text_is_utf8(text)) {
        text_add_format(why, "a connection string is UTF-8 text of 1 to %d bytes", DSN_MAX);
        return ERR_INVALID;
    }
    if (has_password_in_uri(text)) {
        text_add_format(why, "it %s", misplaced[0].remedy);
        return ERR_INVALID;
    }
    options = PQconninfoParse(text.ptr, &error);
    if (options == NULL)
        explain_dsn(text, error, why);
    else
        remedy = find_misplaced(options);
    if (remedy != NULL)
        text_add_format(why, "it %s", remedy);
    PQfreemem(error);
    PQconninfoFree(options);
    if (why->len > 0)
        return ERR_INVALID;
    *out = mem_text_of(text.ptr, text.len);
    return ERR_OK;
}

/* What comes behind is for the server to judge; more than one statement in a text it refuses itself. */
static bool is_select(struct slice text)
{
    static const char word[] = "SELECT";
    size_t len = sizeof word - 1;

    return text.len > len && text.len <= STATEMENT_MAX && text_is_utf8(text) &&
           strncasecmp(text.ptr, word, len) == 0 &&
           (text.ptr[len] == ' ' || text.ptr[len] == '\t' || text.ptr[len] == '(');
}

int option_database_parse_versions(struct slice text, char **out, struct text *why)
{
    static const char *const words[] = { "auto",   "switchyard", "environment",
                                         "flyway", "prisma",     "none" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!slice_is_equal(text, slice_from(words[i])))
            continue;
        *out = mem_text(words[i]);
        return ERR_OK;
    }
    if (!is_select(text)) {
        text_add_format(why,
                        "'%s' is not one of auto, switchyard, environment, flyway, prisma or none, "
                        "and no statement that begins with SELECT and has at most %d bytes",
                        text.ptr, STATEMENT_MAX);
        return ERR_INVALID;
    }
    *out = mem_text_of(text.ptr, text.len);
    return ERR_OK;
}

int option_database_parse_assertion(struct slice text, char **out, struct text *why)
{
    struct slice statement = text;
    struct slice name = { NULL, 0 };

    slice_next(&statement, ':', &name);
    if (statement.ptr == NULL || !option_value_is_name(slice_trim(name)) ||
        !is_select(slice_trim(statement))) {
        text_add_format(why,
                        "'%s' is no assertion; write \"NAME: SELECT ...\", with a name of letters, "
                        "digits, '-', '_' and '.', and at most %d bytes of statement",
                        text.ptr, STATEMENT_MAX);
        return ERR_INVALID;
    }
    name = slice_trim(name);
    statement = slice_trim(statement);
    *out = mem_format("%.*s: %.*s", SLICE_ARG(name), SLICE_ARG(statement));
    return ERR_OK;
}
