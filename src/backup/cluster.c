/* See cluster_priv.h. Nothing of its settings is taken from where the data come from: those would open ports, write into
 * archives, and let a copied subscription take the changes that are meant for the live server. */
#include "backup/cluster_priv.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/backup_job_priv.h"
#include "backup/disk_file_priv.h"
#include "backup/pg_program_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/loop.h"
#include "net/timer.h"

enum { TICK_MS = 50, PASSWD_MAX = 16384, PIDFILE_MAX = 4096, NICE = 10, PREFIX_WORDS = 8 };

static const uint64_t start_us =
    600 * 1000000ull; /* what was written during the copy is replayed */
static const uint64_t stop_us = 120 * 1000000ull;

struct cluster {
    struct backup_job *job;
    char *folder;
    struct cluster_user user;
    char *pg_ctl;
    struct child *child; /* NULL: it has ended */
    struct timer *tick;
    uint64_t deadline_us;
    bool is_ready;
    char how[160]; /* it ended */
    char tail[JOB_TAIL + 1];
    size_t tail_len;
};

int cluster_find_user(struct backup_job *job, struct cluster_user *out)
{
    const char *name = job->database.server_user;
    char *bytes = NULL;
    struct passwd entry;
    struct passwd *found = NULL;
    int err = 0;

    *out = (struct cluster_user){ .uid = geteuid(), .gid = getegid() };
    if (name == NULL && out->uid != 0)
        return 0;
    snprintf(job->remedy, sizeof job->remedy,
             "snapshots { server_user = \"postgres\" } says as whom, when the daemon is root");
    if (name == NULL)
        return backup_job_fail(job, ERR_INVALID, "a server of PostgreSQL refuses to run as root");
    bytes = mem_zalloc(PASSWD_MAX);
    (void)getpwnam_r(name, &entry, bytes, PASSWD_MAX, &found);
    if (found == NULL)
        err = backup_job_fail(job, ERR_INVALID, "there is no user %.63s", name);
    else if (found->pw_uid == 0)
        err = backup_job_fail(job, ERR_INVALID, "a server of PostgreSQL refuses to run as %.63s",
                              name);
    else if (out->uid != 0 && out->uid != found->pw_uid)
        err = backup_job_fail(job, ERR_INVALID, "only root can start a server as %.63s", name);
    if (err == 0 && found != NULL) {
        out->is_other = out->uid == 0;
        out->uid = found->pw_uid;
        out->gid = found->pw_gid;
        job->remedy[0] = '\0';
    }
    free(bytes);
    return err;
}

char *cluster_program(const char *version, const char *name)
{
    char *path = mem_format("/usr/lib/postgresql/%.*s/bin/%s", (int)strspn(version, "0123456789"),
                            version, name);

    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return pg_program_find(name);
}

static int write_settings(const char *folder, const char *name, const char *bytes)
{
    char *path = mem_format("%s/%s", folder, name);
    char *fresh = mem_format("%s.tmp", path);
    int err = disk_file_replace(folder, fresh, path, slice_from(bytes));

    free(fresh);
    free(path);
    return err;
}

int cluster_configure(struct backup_job *job, const char *folder)
{
    char *settings = mem_format(
        "# Of switchctl db restore: nobody but the server's own user can reach it, on a socket in\n"
        "# this folder. It neither replicates nor archives.\n"
        "listen_addresses = ''\nport = %d\nunix_socket_directories = '%s'\n"
        "unix_socket_permissions = 0700\nhba_file = '%s/switchyard_hba.conf'\n"
        "archive_mode = off\nmax_logical_replication_workers = 0\n"
        "default_transaction_read_only = on\nautovacuum = off\nlogging_collector = off\n"
        "log_destination = 'stderr'\nmax_connections = 20\nmax_prepared_transactions = 100\n"
        "shared_buffers = '32MB'\nhuge_pages = off\n",
        CLUSTER_PORT, folder, folder);
    int err = write_settings(folder, "switchyard.conf", settings);

    if (err == 0)
        err = write_settings(folder, "switchyard_hba.conf", "local all all trust\n");
    free(settings);
    return err == 0 ? 0
                    : backup_job_fail(job, ERR_IO, "cannot write the settings in %.200s: %s",
                                      folder, strerror(errno));
}

/* --- the child --- */

static void on_bytes(void *arg, enum child_source source, const char *bytes, size_t len)
{
    struct cluster *cluster = arg;
    size_t gone = 0;

    if (source != CHILD_ERR)
        return;
    if (len > JOB_TAIL) {
        bytes += len - JOB_TAIL;
        len = JOB_TAIL;
    }
    gone = cluster->tail_len + len > JOB_TAIL ? cluster->tail_len + len - JOB_TAIL : 0;
    memmove(cluster->tail, cluster->tail + gone, cluster->tail_len - gone);
    memcpy(cluster->tail + cluster->tail_len - gone, bytes, len);
    cluster->tail_len += len - gone;
}

/* It may end while another child of the job is waited for, whose loop that is. */
static void on_done(void *arg, const struct child_result *result)
{
    struct cluster *cluster = arg;

    cluster->child = NULL;
    snprintf(cluster->how, sizeof cluster->how, "%s", result->words);
}

/* The server writes its state into its pid file; "ready" is the last line. */
static bool is_ready(const struct cluster *cluster)
{
    char *path = mem_format("%s/postmaster.pid", cluster->folder);
    struct text bytes;
    bool is = false;

    text_init(&bytes, PIDFILE_MAX);
    is = disk_file_read(path, &bytes) == 0 && bytes.bytes != NULL &&
         strstr(bytes.bytes, "\nready") != NULL;
    text_fini(&bytes);
    free(path);
    return is;
}

static void on_tick(void *arg)
{
    struct cluster *cluster = arg;
    bool is_over = clock_monotonic_us() > cluster->deadline_us;

    cluster->is_ready = cluster->child != NULL && is_ready(cluster);
    if (cluster->is_ready || cluster->child == NULL || is_over ||
        atomic_load(&cluster->job->is_cancelled))
        loop_stop(cluster->job->loop);
    else
        timer_arm(cluster->tick, TICK_MS);
}

/* The last line that says what is fatal, else the last one. */
static struct slice last_words(struct cluster *cluster)
{
    struct slice rest = slice_of(cluster->tail, cluster->tail_len);
    struct slice line = { 0 };
    struct slice found = { 0 };
    bool is_fatal = false;

    while (slice_next(&rest, '\n', &line)) {
        bool has = memmem(line.ptr, line.len, "FATAL", 5) != NULL ||
                   memmem(line.ptr, line.len, "PANIC", 5) != NULL;

        if (line.len > 0 && (has || !is_fatal))
            found = line;
        is_fatal = is_fatal || has;
    }
    return found.len < 300 ? found : slice_of(found.ptr, 300);
}

/* As the server's user, and gone with us: words of setpriv in front. Numbers are kept in text. */
static unsigned fill_prefix(const struct cluster *cluster, const char **words, char text[2][40])
{
    unsigned count = 0;

    words[count++] = "setpriv";
    words[count++] = "--pdeathsig";
    words[count++] = "INT";
    if (cluster->user.is_other) {
        snprintf(text[0], sizeof text[0], "--reuid=%u", (unsigned)cluster->user.uid);
        snprintf(text[1], sizeof text[1], "--regid=%u", (unsigned)cluster->user.gid);
        words[count++] = text[0];
        words[count++] = text[1];
        words[count++] = "--clear-groups";
    }
    words[count++] = "--";
    CHECK(count <= PREFIX_WORDS);
    return count;
}

static void free_cluster(struct cluster *cluster)
{
    child_cancel(cluster->child);
    timer_free(cluster->tick);
    free(cluster->folder);
    free(cluster->pg_ctl);
    free(cluster);
}

static void launch(struct cluster *cluster, const char *setpriv, const char *postgres)
{
    static const char *const more[] = { "LC_ALL=C", "PGTZ=UTC", NULL };
    const char *words[PREFIX_WORDS + 8] = { NULL };
    char text[2][40];
    char *settings = mem_format("config_file=%s/switchyard.conf", cluster->folder);
    unsigned count = fill_prefix(cluster, words, text);
    struct child_spec spec = { .words = words,
                               .more = more,
                               .timeout_us = 24 * 3600 * 1000000ull,
                               .nice = NICE,
                               .on_bytes = on_bytes,
                               .bytes_arg = cluster };

    words[0] = setpriv;
    words[count++] = postgres;
    words[count++] = "-D";
    words[count++] = cluster->folder;
    words[count++] = "-c";
    words[count++] = settings;
    cluster->child = child_start(cluster->job->loop, &spec, on_done, cluster);
    free(settings);
}

static int wait_ready(struct cluster *cluster)
{
    struct backup_job *job = cluster->job;
    struct slice words = { 0 };

    cluster->tick = timer_new(job->loop, on_tick, cluster);
    cluster->deadline_us = clock_monotonic_us() + start_us;
    timer_arm(cluster->tick, TICK_MS);
    loop_run(job->loop);
    words = last_words(cluster);
    if (cluster->is_ready)
        return 0;
    if (atomic_load(&job->is_cancelled))
        return backup_job_fail(job, ERR_AGAIN, "the server was stopped");
    if (cluster->child == NULL)
        return backup_job_fail(job, ERR_CORRUPT, "the server did not come up: %s: %.*s",
                               cluster->how, SLICE_ARG(words));
    return backup_job_fail(job, ERR_TIMEOUT, "the server did not come up in time: %.*s",
                           SLICE_ARG(words));
}

/* True: it is gone within the time. */
static bool await_end(struct cluster *cluster)
{
    uint64_t until_us = clock_monotonic_us() + stop_us;

    while (cluster->child != NULL && clock_monotonic_us() < until_us) {
        cluster->deadline_us = clock_monotonic_us(); /* one tick */
        timer_arm(cluster->tick, TICK_MS);
        loop_run(cluster->job->loop);
    }
    return cluster->child == NULL;
}

int cluster_start(struct backup_job *job, const char *folder, const struct cluster_user *user,
                  struct cluster **out)
{
    struct cluster *cluster = mem_zalloc(sizeof *cluster);
    char *postgres = cluster_program(job->record.version, "postgres");
    char *setpriv = pg_program_find("setpriv");
    int err = 0;

    cluster->job = job;
    cluster->folder = mem_text(folder);
    cluster->user = *user;
    cluster->pg_ctl = cluster_program(job->record.version, "pg_ctl");
    if (postgres == NULL || cluster->pg_ctl == NULL || setpriv == NULL) {
        snprintf(job->remedy, sizeof job->remedy,
                 "install the packages of the server (postgresql) and util-linux");
        err = backup_job_fail(job, ERR_NOT_FOUND, "%s is not installed",
                              setpriv == NULL ? "setpriv" : "postgres");
    }
    if (err == 0) {
        launch(cluster, setpriv, postgres);
        err = wait_ready(cluster);
    }
    free(setpriv);
    free(postgres);
    if (err == 0) {
        *out = cluster;
        return 0;
    }
    if (cluster->child != NULL) {
        child_stop(cluster->child);
        (void)await_end(cluster);
    }
    free_cluster(cluster);
    return err;
}

int cluster_stop(struct cluster *cluster)
{
    struct backup_job *job = cluster->job;
    const char *words[PREFIX_WORDS + 12] = { NULL };
    char text[2][40];
    char kept[BACKUP_WORDS];
    unsigned count = fill_prefix(cluster, words, text);
    bool is_cancelled = atomic_exchange(&job->is_cancelled, false); /* for this one step */
    struct job_run run = { .words = words, .timeout_us = stop_us };
    int err = 0;

    memcpy(kept, job->words, sizeof kept);
    words[count++] = cluster->pg_ctl;
    words[count++] = "-D";
    words[count++] = cluster->folder;
    words[count++] = "-m";
    words[count++] = "fast";
    words[count++] = "-w";
    words[count++] = "-t";
    words[count++] = "100";
    words[count++] = "stop";
    err = backup_job_run(job, &run);
    if (err == 0 && !await_end(cluster))
        err = backup_job_fail(job, ERR_TIMEOUT, "the server does not stop");
    if (err == 0)
        memcpy(job->words, kept, sizeof kept);
    atomic_store(&job->is_cancelled, is_cancelled);
    free_cluster(cluster);
    return err;
}
