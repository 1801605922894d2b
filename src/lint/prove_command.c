/*
 * See lint/prove_command.h. Three processes: this one waits, for signals too, and drops the scratch database whatever
 * happens; its child keeps the limits; the child's child does the work.
 */
#include "lint/prove_command.h"

#include <errno.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "lint/lint_child_priv.h"
#include "lint/prove_priv.h"
#include "lint/server_priv.h"

enum { EXIT_USAGE = 2, EXIT_SIGNAL = 128 };

static const char help[] =
    "usage: switchctl db prove (--database NAME | --dsn DSN) [options] [PATH...]\n"
    "\n"
    "  --corpus FILE           statements of the old version; each is prepared, none is run\n"
    "  --command TEXT          a command of the old version, run with DATABASE_URL\n"
    "  --old-version V         whose they are; with --cache DIR a success is remembered for it\n"
    "  --passfile FILE, --environment NAME, --transaction MODE, -r\n"
    "\n"
    "exit: 0 proved, 3 something works no more (it is printed), 1 it could not be tried, 2 usage\n";

static int run(const struct lint_options *lint, struct lint_progress *progress)
{
    struct step_options *options =
        container_of((struct lint_options *)(uintptr_t)lint, struct step_options, lint);

    return prove_run(container_of(options, struct prove_order, options), progress);
}

/* Databases that an earlier proof could not drop: nobody else would tell. */
static void name_left_overs(PGconn *server)
{
    PGresult *result = PQexec(
        server, "SELECT datname FROM pg_database WHERE datname LIKE 'switchyard\\_prove\\_%' "
                "ORDER BY 1");

    for (int i = 0; PQresultStatus(result) == PGRES_TUPLES_OK && i < PQntuples(result); i++)
        fprintf(stderr,
                "switchctl: %s is left over, or another proof goes on\nremedy: DROP DATABASE %s\n",
                PQgetvalue(result, i, 0), PQgetvalue(result, i, 0));
    PQclear(result);
}

/* False: words were printed. */
static bool look_first(const char *dsn)
{
    struct text words;
    PGconn *server = NULL;

    text_init(&words, 65536);
    server = server_open(dsn, NULL, &words);
    if (server == NULL)
        fprintf(stderr, "switchctl: %s", words.bytes);
    else
        name_left_overs(server);
    PQfinish(server);
    text_fini(&words);
    return server != NULL;
}

static void drop(const struct prove_order *order)
{
    char *sql = mem_format("DROP DATABASE IF EXISTS %s WITH (FORCE)", order->scratch);
    struct text words;
    PGconn *server = NULL;
    PGresult *result = NULL;

    text_init(&words, 65536);
    server = server_open(order->options.dsn, NULL, &words);
    if (server != NULL) {
        PQclear(PQexec(server, "SET client_min_messages = error"));
        result = PQexec(server, sql);
    }
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fprintf(stderr,
                "switchctl: the scratch database is left over: %s\nremedy: DROP DATABASE %s\n",
                server != NULL ? PQerrorMessage(server) : words.bytes, order->scratch);
    PQclear(result);
    PQfinish(server);
    text_fini(&words);
    free(sql);
}

/* The end of the child, or of its life by a signal to us. */
static int await(pid_t pid, const sigset_t *set)
{
    int number = 0;
    int status = 0;
    int code = 1;

    for (;;) {
        CHECK(sigwait(set, &number) == 0);
        if (number != SIGCHLD) {
            (void)kill(pid, SIGKILL); /* whose own child dies with it */
            code = EXIT_SIGNAL + number;
        }
        if (waitpid(pid, &status, number == SIGCHLD ? WNOHANG : 0) == pid)
            break;
    }
    if (number != SIGCHLD)
        return code;
    return WIFEXITED(status) ? WEXITSTATUS(status) : code;
}

static int supervise(const struct prove_order *order)
{
    sigset_t set;
    sigset_t before;
    pid_t pid = 0;
    int code = 1;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    CHECK(sigprocmask(SIG_BLOCK, &set, &before) == 0);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        CHECK(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
        exit(lint_child_run(&order->options.lint, run));
    }
    if (pid < 0)
        fprintf(stderr, "switchctl: cannot start a process: %s\n", strerror(errno));
    else
        code = await(pid, &set);
    drop(order);
    return code;
}

int prove_command(int count, char *const *words)
{
    const char **paths = mem_alloc(((size_t)count + 1) * sizeof *paths);
    struct prove_order order = { .scratch = "" };
    struct step_options *options = &order.options;
    struct timespec now = { 0 };
    char problem[200] = "";
    int code = EXIT_USAGE;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    snprintf(order.scratch, sizeof order.scratch, "switchyard_prove_%d_%lx", (int)getpid(),
             (unsigned long)now.tv_nsec);
    if (count == 1 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
        fputs(help, stdout);
        code = 0;
    } else if (step_options_parse(&(struct step_words){ STEP_PROVE, count, words }, options, paths,
                                  slice_of(problem, sizeof problem)) != 0) {
        fprintf(stderr, "switchctl: %s\n", problem);
    } else if (options->corpus == NULL && options->command == NULL) {
        fputs("switchctl: db prove needs --corpus FILE or --command TEXT\n", stderr);
    } else {
        if (options->passfile != NULL && options->passfile[0] != '\0')
            (void)setenv("PGPASSFILE", options->passfile, 1);
        options->lint.time_max_us = 24 * 3600 * 1000000ull;
        code = look_first(options->dsn) ? supervise(&order) : 1;
    }
    free(paths);
    return code;
}
