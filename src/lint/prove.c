/* See prove_priv.h. */
#include "lint/prove_priv.h"

#include <ctype.h>
#include <errno.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "lint/apply_priv.h"
#include "lint/gather_priv.h"
#include "lint/lexer_priv.h"
#include "lint/plan_priv.h"
#include "lint/prove_cache_priv.h"
#include "lint/server_priv.h"

enum { EXIT_REFUSED = 3, URL_MAX = 16384, WORDS_MAX = 65536, KEY_MAX = 65536 };

/* Owner: prove_run. */
struct proving {
    const struct prove_order *order;
    struct plan plan;
    struct text dump; /* the schema as it is */
    struct lint_file corpus;
    PGconn *server; /* of the scratch database */
    struct text words;
    char key[PROVE_CACHE_SUM];
    char schema[PROVE_CACHE_SUM];
};

static void add_escaped(struct text *out, const char *value)
{
    for (; *value != '\0'; value++)
        if (isalnum((unsigned char)*value) || strchr("_-.~", *value) != NULL)
            text_add_slice(out, slice_of(value, 1));
        else
            text_add_format(out, "%%%02X", (unsigned)(unsigned char)*value);
}

char *prove_url(const char *dsn, const char *database)
{
    PQconninfoOption *parts = PQconninfoParse(dsn, NULL);
    const char *separator = "?";
    struct text url;

    if (parts == NULL)
        return NULL;
    text_init(&url, URL_MAX);
    text_add(&url, "postgresql:///");
    add_escaped(&url, database);
    for (const PQconninfoOption *at = parts; at->keyword != NULL; at++) {
        if (at->val == NULL || at->val[0] == '\0' || strcmp(at->keyword, "dbname") == 0)
            continue;
        text_add_format(&url, "%s%s=", separator, at->keyword);
        add_escaped(&url, at->val);
        separator = "&";
    }
    PQconninfoFree(parts);
    return text_take(&url);
}

/* --- what is proved, as a name --- */

/* Newer versions of pg_dump put a random word around it: "\\restrict WORD". */
static void add_schema(const struct proving *proving, struct text *work)
{
    struct slice rest = text_slice(&proving->dump);
    struct slice line = { 0 };

    while (slice_next(&rest, '\n', &line)) {
        if (line.len > 0 && line.ptr[0] == '\\')
            continue;
        text_add_slice(work, line);
        text_add(work, "\n");
    }
}

static void make_key(struct proving *proving)
{
    const struct step_options *options = &proving->order->options;
    struct text work;

    text_init(&work, LINT_INPUT_MAX * 2);
    add_schema(proving, &work);
    for (size_t i = 0; i < proving->plan.count; i++)
        if (proving->plan.files[i].judged != NULL)
            text_add_format(&work, "%s\n", proving->plan.files[i].judged->sha256);
    prove_cache_sum(text_slice(&work), proving->schema);
    text_clear(&work);
    text_add_format(&work, "%s\n%s\n%s\n%s\n",
                    options->old_version != NULL ? options->old_version : "", proving->schema,
                    options->corpus != NULL ? proving->corpus.sha256 : "",
                    options->command != NULL ? options->command : "");
    prove_cache_sum(text_slice(&work), proving->key);
    text_fini(&work);
}

/* --- the scratch database --- */

static int make_scratch(struct proving *proving)
{
    const char *dsn = proving->order->options.dsn;
    PGconn *owner = server_open(dsn, NULL, &proving->words);
    char *sql = mem_format("CREATE DATABASE %s TEMPLATE template0", proving->order->scratch);
    PGresult *result = owner != NULL ? PQexec(owner, sql) : NULL;
    int err = PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : ERR_IO;

    if (owner != NULL && err != 0)
        text_add_format(&proving->words, "no scratch database: %s", PQerrorMessage(owner));
    PQclear(result);
    PQfinish(owner);
    free(sql);
    if (err != 0)
        return err;
    proving->server = server_open(dsn, proving->order->scratch, &proving->words);
    if (proving->server == NULL)
        return ERR_IO;
    PQclear(PQexec(proving->server, "SET client_min_messages = error"));
    err = server_load(proving->server, text_slice(&proving->dump), &proving->words);
    PQclear(PQexec(proving->server, "RESET search_path"));
    return err;
}

/* The scratch database lies beside the live one: what reaches beyond a database would be done to the live server. */
static const struct lint_statement *find_beyond(const struct lint_file *file)
{
    static const char *const kinds[] = {
        "CreatedbStmt",          "DropdbStmt",
        "AlterDatabaseStmt",     "AlterDatabaseSetStmt",
        "CreateRoleStmt",        "AlterRoleStmt",
        "AlterRoleSetStmt",      "DropRoleStmt",
        "GrantRoleStmt",         "DropOwnedStmt",
        "AlterSystemStmt",       "CreateTableSpaceStmt",
        "DropTableSpaceStmt",    "CreateSubscriptionStmt",
        "AlterSubscriptionStmt", "DropSubscriptionStmt",
    };

    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (strcmp(at->kind, kinds[i]) == 0)
                return at;
    return NULL;
}

/* Before anything runs. */
static int check_reach(const struct proving *proving)
{
    for (size_t i = 0; i < proving->plan.count; i++) {
        const struct lint_file *file = proving->plan.files[i].judged;
        const struct lint_statement *at = file != NULL ? find_beyond(file) : NULL;

        if (at == NULL)
            continue;
        fprintf(stderr,
                "switchctl: %s:%u: this reaches beyond the database and would change the live "
                "server; it cannot be proved, nothing was run\n",
                file->path, at->line);
        return EXIT_REFUSED;
    }
    return 0;
}

/* 0, or 3: a migration does not run here. */
static int migrate(struct proving *proving)
{
    for (size_t i = 0; i < proving->plan.count; i++) {
        struct apply_order order = { .file = proving->plan.files[i].judged,
                                     .environment = "scratch",
                                     .actor = "db prove",
                                     .lock_timeout_us = 60000000 };
        struct apply_result result;

        if (order.file == NULL || apply_run(proving->server, &order, &result) == 0)
            continue;
        fprintf(stderr, "switchctl: a migration does not run: %s\n", result.words);
        return EXIT_REFUSED;
    }
    PQclear(PQexec(proving->server, "SET client_min_messages = error"));
    return 0;
}

/* --- (a) the statements of the old version --- */

static unsigned line_of(const char *text, size_t at)
{
    unsigned line = 1;

    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

/* Parses and analyses it, and runs nothing. */
static bool prepare(struct proving *proving, const char *sql, struct text *why)
{
    PGresult *result = PQprepare(proving->server, "", sql, 0, NULL);
    bool is_good = PQresultStatus(result) == PGRES_COMMAND_OK;

    if (!is_good)
        text_add(why, PQresultErrorMessage(result));
    PQclear(result);
    return is_good;
}

/* How many do not work; each is printed. */
static unsigned prepare_all(struct proving *proving, const char *what, unsigned *count)
{
    struct lexer lexer;
    unsigned bad = 0;

    lexer_run(&lexer, slice_of(proving->corpus.bytes, proving->corpus.length));
    *count = 0;
    for (size_t i = 0; i < lexer.piece_count; i++) {
        const struct lex_piece *piece = &lexer.pieces[i];
        unsigned line = line_of(lexer.text, piece->start);
        struct text why;

        lexer.text[piece->end] = '\0';
        text_init(&why, WORDS_MAX);
        ++*count;
        if (!prepare(proving, lexer.text + piece->start, &why)) {
            bad++;
            fprintf(stderr, "%s:%u: %s: %s    %s\n", proving->corpus.path, line, what, why.bytes,
                    lexer.text + piece->start);
        }
        text_fini(&why);
    }
    lexer_fini(&lexer);
    return bad;
}

/* --- (b) a command --- */

/* In the child. */
_Noreturn static void run_shell(const struct proving *proving)
{
    char *url = prove_url(proving->order->options.dsn, proving->order->scratch);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (url != NULL)
        (void)setenv("DATABASE_URL", url, 1);
    execl("/bin/sh", "sh", "-c", proving->order->options.command, (char *)NULL);
    _exit(127);
}

static int run_command(const struct proving *proving)
{
    int status = 0;
    pid_t pid = 0;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        run_shell(proving);
    if (pid < 0) {
        fprintf(stderr, "switchctl: the command cannot be started: %s\n", strerror(errno));
        return 1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    fprintf(stderr,
            "switchctl: the command of the old version fails on the new schema: %s %d: %s\n",
            WIFEXITED(status) ? "exit" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
            proving->order->options.command);
    return EXIT_REFUSED;
}

/* --- all of it --- */

static int try_out(struct proving *proving)
{
    const struct step_options *options = &proving->order->options;
    unsigned count = 0;
    unsigned bad = 0;
    int code = 0;

    code = check_reach(proving);
    if (code != 0)
        return code;
    if (make_scratch(proving) != 0)
        return 1;
    if (options->corpus != NULL &&
        prepare_all(proving, "does not work before the migrations either", &count) > 0)
        return 1;
    code = migrate(proving);
    if (code != 0)
        return code;
    if (options->corpus != NULL)
        bad = prepare_all(proving, "works no more after the migrations", &count);
    if (options->command != NULL)
        code = run_command(proving);
    if (bad > 0)
        fprintf(stderr, "switchctl: %u of %u statements of the old version work no more\n", bad,
                count);
    if (bad > 0 || code != 0)
        return bad > 0 ? EXIT_REFUSED : code;
    printf("proved: %zu pending migrations, %u statements%s; schema %.16s\n", proving->plan.pending,
           count, options->command != NULL ? " and the command" : "", proving->schema);
    return 0;
}

static int learn(struct proving *proving, struct lint_progress *progress)
{
    const struct step_options *options = &proving->order->options;

    if (plan_make(options, progress, &proving->plan, &proving->words) != 0 ||
        server_dump(options->dsn, &proving->dump, &proving->words) != 0)
        return ERR_IO;
    if (options->corpus == NULL)
        return 0;
    proving->corpus.path = options->corpus;
    gather_read(&proving->corpus, LINT_INPUT_MAX);
    if (proving->corpus.trouble == LINT_READABLE)
        return 0;
    text_add_format(&proving->words, "the corpus %s cannot be read: %s\n", options->corpus,
                    proving->corpus.trouble == LINT_TOO_LARGE
                        ? "too large"
                        : strerror(proving->corpus.error_number));
    return ERR_IO;
}

static int prove(struct proving *proving, struct lint_progress *progress)
{
    const char *cache = proving->order->options.cache;
    char *words = NULL;
    int code = 1;

    if (learn(proving, progress) != 0)
        return 1;
    if (plan_code(&proving->plan) != 0) {
        text_add(&proving->words, "the history of migrations is not in order; see db plan\n");
        return EXIT_REFUSED;
    }
    make_key(proving);
    if (cache != NULL && prove_cache_has(cache, proving->key)) {
        printf("proved before: schema %.16s\n", proving->schema);
        return 0;
    }
    code = try_out(proving);
    if (code != 0 || cache == NULL)
        return code;
    words = mem_format("schema %s\n", proving->schema);
    if (!prove_cache_add(cache, proving->key, words))
        fprintf(stderr, "switchctl: not kept in %s: %s\n", cache, strerror(errno));
    free(words);
    return code;
}

int prove_run(const struct prove_order *order, struct lint_progress *progress)
{
    struct proving proving = { .order = order };
    int code = 1;

    text_init(&proving.dump, LINT_INPUT_MAX);
    text_init(&proving.words, WORDS_MAX);
    code = prove(&proving, progress);
    if (proving.words.len > 0)
        fprintf(stderr, "switchctl: %s", proving.words.bytes);
    PQfinish(proving.server);
    free(proving.corpus.bytes);
    plan_fini(&proving.plan);
    text_fini(&proving.dump);
    text_fini(&proving.words);
    return code;
}
