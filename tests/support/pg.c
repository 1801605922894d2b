/* A PostgreSQL server for one test: see support/pg.h. */
#include "support/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/scene.h"

enum { READY_MS = 60000, WORDS_MAX = 40 };

/* Owner: the test. Ends by pg_stop. */
struct pg {
    char folder[SCENE_PATH];
    char *data;
    char *log;
    char *dsn;
    pid_t pid;
    char *settings[WORDS_MAX]; /* of ours, NULL at the end */
    uid_t user;                /* who runs it, 0: we are no root */
    gid_t group;
};

static char *program_path(const char *name)
{
    const char *folder = getenv("SWITCHYARD_PG_BIN");

    return mem_format("%s/%s", folder != NULL ? folder : "/usr/lib/postgresql/15/bin", name);
}

/* In the child: an ordinary user, quiet, with its words in the log. */
static void become_user(const struct pg *pg)
{
    int nothing = open("/dev/null", O_RDONLY);
    int log = open(pg->log, O_WRONLY | O_CREAT | O_APPEND, 0644);

    if (nothing < 0 || log < 0 || dup2(nothing, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    if (pg->user != 0 &&
        (setgroups(0, NULL) != 0 || setgid(pg->group) != 0 || setuid(pg->user) != 0))
        _exit(126);
    if (chdir(pg->folder) != 0)
        _exit(126);
    for (int i = 3; i < 1024; i++)
        close(i);
}

static pid_t launch(const struct pg *pg, char *const words[])
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    become_user(pg);
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* an immediate shutdown; changing the user had cleared it */
    execv(words[0], words);
    _exit(127);
}

static void show_log(const struct pg *pg)
{
    char *log = scene_read(pg->log, NULL);

    fprintf(stderr, "%s\n", log != NULL ? log : "(no log)");
    free(log);
}

static void find_user(struct pg *pg)
{
    const struct passwd *who = NULL;

    if (geteuid() != 0)
        return;
    who = getpwnam("postgres");
    if (who == NULL)
        who = getpwnam("nobody");
    if (who == NULL || who->pw_uid == 0)
        scene_fail("pg: no user postgres or nobody to run the server as");
    pg->user = who->pw_uid;
    pg->group = who->pw_gid;
    if (chown(pg->folder, pg->user, pg->group) != 0)
        scene_fail("pg: chown %s: %s", pg->folder, strerror(errno));
}

static void init_cluster(struct pg *pg)
{
    char *words[] = { program_path("initdb"), mem_text("-D"),        mem_text(pg->data),
                      mem_text("-U"),         mem_text("postgres"),  mem_text("-A"),
                      mem_text("trust"),      mem_text("--no-sync"), mem_text("--locale=C"),
                      mem_text("-E"),         mem_text("UTF8"),      NULL };
    int status = 0;
    pid_t pid = launch(pg, words);

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    for (int i = 0; words[i] != NULL; i++)
        free(words[i]);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        show_log(pg);
        scene_fail("pg: initdb ended with %d; scripts/install-deps --test installs PostgreSQL 15",
                   WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }
}

static void start_server(struct pg *pg)
{
    static const char *const own[] = { "listen_addresses=",
                                       "port=5432",
                                       "fsync=off",
                                       "synchronous_commit=off",
                                       "full_page_writes=off",
                                       "max_connections=50",
                                       "shared_buffers=16MB" };
    char *words[WORDS_MAX] = { program_path("postgres"), mem_text("-D"), mem_text(pg->data),
                               mem_text("-k"), mem_text(pg->folder) };
    int count = 5;

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        words[count++] = mem_text("-c");
        words[count++] = mem_text(own[i]);
    }
    for (int i = 0; pg->settings[i] != NULL && count < WORDS_MAX - 2; i++) {
        words[count++] = mem_text("-c");
        words[count++] = mem_text(pg->settings[i]);
    }
    pg->pid = launch(pg, words);
    for (int i = 0; i < count; i++)
        free(words[i]);
}

/* The server writes its state into its pid file; "ready" is the last line. */
static bool is_ready(void *arg)
{
    const struct pg *pg = arg;
    char *path = mem_format("%s/postmaster.pid", pg->data);
    char *text = scene_read(path, NULL);
    bool is_up = text != NULL && strstr(text, "\nready") != NULL;

    free(path);
    free(text);
    return is_up || waitpid(pg->pid, NULL, WNOHANG) != 0;
}

static void start_and_wait(struct pg *pg)
{
    start_server(pg);
    if (!scene_await(is_ready, pg, READY_MS) || kill(pg->pid, 0) != 0) {
        show_log(pg);
        scene_fail("pg: the server in %s does not come up", pg->folder);
    }
}

struct pg *pg_start(const char *const *settings)
{
    struct pg *pg = mem_zalloc(sizeof *pg);

    scene_folder(pg->folder);
    pg->data = mem_format("%s/data", pg->folder);
    pg->log = mem_format("%s/log", pg->folder);
    for (int i = 0; settings != NULL && settings[i] != NULL && i < WORDS_MAX - 1; i++)
        pg->settings[i] = mem_text(settings[i]);
    find_user(pg);
    init_cluster(pg);
    start_and_wait(pg);
    return pg;
}

void pg_signal(struct pg *pg, int number)
{
    char *path = mem_format("/proc/%d/task/%d/children", (int)pg->pid, (int)pg->pid);
    char *list = scene_read(path, NULL);
    char *rest = list;

    (void)kill(pg->pid, number);
    for (char *word = NULL; rest != NULL && (word = scene_cut(&rest, ' ')) != NULL;)
        (void)kill((pid_t)strtol(word, NULL, 10), number);
    free(list);
    free(path);
}

void pg_crash(struct pg *pg)
{
    (void)kill(pg->pid, SIGQUIT);
    while (waitpid(pg->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

void pg_restart(struct pg *pg)
{
    start_and_wait(pg);
}

static char *make_dsn(const struct pg *pg, const char *database)
{
    return mem_format("host=%s port=5432 user=postgres dbname=%s", pg->folder,
                      database != NULL ? database : "postgres");
}

const char *pg_dsn(struct pg *pg, const char *database)
{
    free(pg->dsn);
    pg->dsn = make_dsn(pg, database);
    return pg->dsn;
}

const char *pg_folder(const struct pg *pg)
{
    return pg->folder;
}

pid_t pg_pid(const struct pg *pg)
{
    return pg->pid;
}

static char *read_pipe(int fd)
{
    struct text text;
    char bytes[16384];
    ssize_t count = 0;
    char *all = NULL;

    text_init(&text, 64 << 20);
    while ((count = read(fd, bytes, sizeof bytes)) > 0 || (count < 0 && errno == EINTR))
        if (count > 0)
            text_add_slice(&text, slice_of(bytes, (size_t)count));
    all = text.bytes != NULL ? text_take(&text) : mem_text("");
    text_fini(&text);
    return all;
}

char *pg_psql(struct pg *pg, const char *database, const char *sql)
{
    char *dsn = make_dsn(pg, database); /* of this call: several threads may be here */
    int ends[2] = { -1, -1 };
    char *printed = NULL;
    int status = 0;
    pid_t pid = 0;

    if (pipe2(ends, O_CLOEXEC) != 0)
        scene_fail("pg: no pipe: %s", strerror(errno));
    pid = fork();
    if (pid == 0) {
        if (dup2(ends[1], 1) < 0)
            _exit(126);
        execlp("psql", "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c",
               sql, (char *)NULL);
        _exit(127);
    }
    free(dsn);
    close(ends[1]);
    printed = read_pipe(ends[0]);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return printed;
    free(printed);
    return NULL;
}

bool pg_stop(struct pg *pg)
{
    int status = -1;
    bool is_clean = false;

    (void)kill(pg->pid, SIGINT); /* fast: sessions are ended, then a checkpoint */
    while (waitpid(pg->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!is_clean)
        show_log(pg);
    scene_remove(pg->folder);
    for (int i = 0; pg->settings[i] != NULL; i++)
        free(pg->settings[i]);
    free(pg->data);
    free(pg->log);
    free(pg->dsn);
    free(pg);
    return is_clean;
}
