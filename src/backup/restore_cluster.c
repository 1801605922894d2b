/*
 * A physical snapshot into a new folder beside the live server: copied, compared with its manifest, started once as a
 * private server, its databases and tables counted, and stopped. The live server is only asked. On the thread of a job.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backup/backup_job_priv.h"
#include "backup/cluster_priv.h"
#include "backup/disk_file_priv.h"
#include "backup/pg_dsn_priv.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

enum { ANSWER_MAX = 1 << 20 };

static const uint64_t copy_us = 24 * 3600 * 1000000ull;

/* Where it goes to. */
struct place {
    char *parent;
    char *folder;
    struct cluster_user user;
};

static void init_place(const struct backup_job *job, struct place *out)
{
    const char *folder = job->database.restore_folder;

    *out = (struct place){ .parent = NULL };
    if (folder != NULL)
        out->parent = mem_text(folder);
    else
        out->parent =
            mem_format("%.*s/restored", (int)(strrchr(job->record.path, '/') - job->record.path),
                       job->record.path);
    out->folder = mem_format("%s/%s", out->parent, job->record.id);
}

static void fini_place(struct place *place)
{
    free(place->parent);
    free(place->folder);
}

/* --- may it be? --- */

/* Settings hold it in quotes, and the kernel has little room for the name of a socket. */
static int check_name(struct backup_job *job, const struct place *place)
{
    struct sockaddr_un address;

    snprintf(job->remedy, sizeof job->remedy, "name another one: snapshots { restore_folder }");
    if (strlen(place->folder) + sizeof "/.s.PGSQL.5432.lock" > sizeof address.sun_path)
        return backup_job_fail(job, ERR_INVALID, "%.200s is too long for the socket of a server",
                               place->folder);
    if (place->folder[0] != '/' || strpbrk(place->folder, "'\"\\,\n") != NULL)
        return backup_job_fail(job, ERR_INVALID,
                               "%.200s is no absolute path without quotes and commas",
                               place->folder);
    snprintf(job->remedy, sizeof job->remedy, "move it away, or remove it, then once more");
    if (disk_file_is_there(place->folder))
        return backup_job_fail(job, ERR_EXISTS, "%.200s lies there already", place->folder);
    job->remedy[0] = '\0';
    return 0;
}

/* A link in a copy leads to where the live server writes. */
static int check_source(struct backup_job *job)
{
    const struct snapshot_record *record = &job->record;
    char *map = mem_format("%s/tablespace_map", record->path);
    uint64_t bytes = disk_file_size(record->path);
    int err = 0;

    if (bytes != record->bytes)
        err = backup_job_fail(job, ERR_CORRUPT,
                              "%.200s is not what it was: %" PRIu64 " bytes instead of %" PRIu64,
                              record->path, bytes, record->bytes);
    else if (disk_file_size(map) > 0 || disk_file_has_link(record->path)) {
        snprintf(job->remedy, sizeof job->remedy, "restore it by hand: docs/snapshots.md");
        err = backup_job_fail(job, ERR_INVALID,
                              "%s has tablespaces or links to other folders, which a copy would "
                              "share with the live server",
                              record->id);
    }
    free(map);
    return err;
}

static int check_room(struct backup_job *job, const struct place *place)
{
    uint64_t room = 0;
    uint64_t needed = job->record.bytes + job->record.bytes / 5;

    if (disk_file_make_folder(place->parent) != 0 ||
        disk_file_free_bytes(place->parent, &room) != 0)
        return backup_job_fail(job, ERR_IO, "cannot use the folder %.200s: %s", place->parent,
                               strerror(errno));
    if (room >= needed)
        return 0;
    return backup_job_fail(job, ERR_NO_SPACE,
                           "%.200s has %" PRIu64 " bytes left, %" PRIu64 " are needed",
                           place->parent, room, needed);
}

/* The parent is made by root: the server's user must be able to go through. */
static int check_way(struct backup_job *job, const struct place *place)
{
    char uid[40];
    char gid[40];
    const char *const words[] = { "setpriv", uid,           gid, "--clear-groups", "--", "test",
                                  "-x",      place->parent, NULL };
    struct job_run run = { .words = words, .timeout_us = 10 * 1000000ull };

    if (!place->user.is_other)
        return 0;
    snprintf(uid, sizeof uid, "--reuid=%u", (unsigned)place->user.uid);
    snprintf(gid, sizeof gid, "--regid=%u", (unsigned)place->user.gid);
    if (backup_job_run(job, &run) == 0)
        return 0;
    snprintf(job->remedy, sizeof job->remedy,
             "name another one, snapshots { restore_folder }, or chmod a+x its parents");
    return backup_job_fail(job, ERR_DENIED, "%s cannot go into %.200s", job->database.server_user,
                           place->parent);
}

static int check(struct backup_job *job, struct place *place)
{
    int err = cluster_find_user(job, &place->user);

    if (err == 0)
        err = check_name(job, place);
    if (err == 0)
        err = check_source(job);
    if (err == 0)
        err = check_room(job, place);
    return err == 0 ? check_way(job, place) : err;
}

int restore_cluster_estimate(struct backup_job *job)
{
    uint64_t live_rows = 0;
    struct place place;
    int err = 0;

    init_place(job, &place);
    err = check(job, &place);
    if (err == 0)
        err = restore_ask_live_rows(job, &live_rows);
    if (err == 0) {
        text_add_format(&job->report,
                        "restore %s (%" PRIu64 " bytes, a whole server) into the new folder %s, "
                        "start it once on a socket in there, count its tables and stop it; the "
                        "live one is not touched\n",
                        job->record.id, job->record.bytes, place.folder);
        restore_say_loss(job, live_rows);
        snprintf(job->words, sizeof job->words, "nothing is done yet");
    }
    fini_place(&place);
    return err;
}

/* --- the copy --- */

static int run_words(struct backup_job *job, const char *const *words)
{
    struct job_run run = { .words = words, .timeout_us = copy_us };

    return backup_job_run(job, &run);
}

static int copy(struct backup_job *job, const struct place *place)
{
    char *source = mem_format("%s/.", job->record.path);
    const char *const words[] = { "cp", "-a", "--reflink=auto", "--", source, place->folder, NULL };
    const char *const verify[] = { "pg_verifybackup", "-q", place->folder, NULL };
    int err = run_words(job, words);

    if (err == 0 && chmod(place->folder, 0700) != 0)
        err = backup_job_fail(job, ERR_IO, "cannot set the mode of %.200s: %s", place->folder,
                              strerror(errno));
    if (err == 0)
        err = run_words(job, verify);
    free(source);
    return err == ERR_IO ? ERR_CORRUPT : err;
}

/* The copy is a server of its own: what made the other one a follower, and what was set on it, stays aside. */
static int put_aside(struct backup_job *job, const struct place *place)
{
    static const char *const names[] = { "standby.signal", "recovery.signal",
                                         "postgresql.auto.conf" };
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof names / sizeof names[0]; i++) {
        char *from = mem_format("%s/%s", place->folder, names[i]);
        char *to = mem_format("%s.snapshot", from);

        if (rename(from, to) != 0 && errno != ENOENT)
            err = backup_job_fail(job, ERR_IO, "cannot rename %.200s: %s", from, strerror(errno));
        free(to);
        free(from);
    }
    return err;
}

static int give_away(struct backup_job *job, const struct place *place)
{
    char owner[40];
    const char *const words[] = { "chown", "-R", "-h", "--", owner, place->folder, NULL };

    snprintf(owner, sizeof owner, "%u:%u", (unsigned)place->user.uid, (unsigned)place->user.gid);
    return place->user.is_other ? run_words(job, words) : 0;
}

/* --- what is in it --- */

/* One number of one database. */
static int ask_number(struct backup_job *job, const char *dsn, const char *sql, uint64_t *out)
{
    struct text answer;
    int err = 0;

    text_init(&answer, ANSWER_MAX);
    err = backup_job_query(job, dsn, sql, &answer);
    if (err == 0 &&
        (answer.bytes == NULL ||
         num_parse_u64(slice_of(answer.bytes, strcspn(answer.bytes, "\n")), UINT64_MAX, out) != 0))
        err = backup_job_fail(job, ERR_CORRUPT, "the restored server's answer is no number");
    text_fini(&answer);
    return err;
}

/* Every column of every table is read on the way. */
static const char count_query[] =
    "SELECT count(DISTINCT c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind IN ('r', 'p', 'm') AND "
    "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

static int count_tables(struct backup_job *job, const char *dsn, uint64_t counts[2])
{
    struct text answer;
    struct slice rest = { 0 };
    struct slice name = { 0 };
    int err = 0;

    text_init(&answer, ANSWER_MAX);
    err = backup_job_query(job, dsn,
                           "SELECT datname FROM pg_database WHERE datallowconn AND NOT "
                           "datistemplate AND has_database_privilege(datname, 'CONNECT')",
                           &answer);
    rest = text_slice(&answer);
    while (err == 0 && slice_next(&rest, '\n', &name) && name.len > 0) {
        char *text = mem_text_of(name.ptr, name.len);
        char *other = pg_dsn_with_database(dsn, text);
        uint64_t tables = 0;

        err = ask_number(job, other, count_query, &tables);
        counts[0]++;
        counts[1] += tables;
        free(other);
        free(text);
    }
    text_fini(&answer);
    return err;
}

static int look_inside(struct backup_job *job, const struct place *place, uint64_t counts[2])
{
    char *dsn = pg_dsn_with_socket(job->database.dsn, place->folder, CLUSTER_PORT);
    uint64_t system_id = 0;
    uint64_t expected = 0;
    int err = 0;

    backup_job_enter(job, BACKUP_COMPARING);
    err = ask_number(job, dsn, "SELECT system_identifier FROM pg_control_system()", &system_id);
    if (err == 0 && (num_parse_u64(slice_from(job->record.system_id), UINT64_MAX, &expected) != 0 ||
                     expected != system_id))
        err = backup_job_fail(job, ERR_CORRUPT,
                              "the restored server is system %" PRIu64 ", the snapshot is of %s",
                              system_id, job->record.system_id);
    if (err == 0)
        err = count_tables(job, dsn, counts);
    free(dsn);
    return err;
}

/* --- the whole --- */

static int sync_folder(struct backup_job *job, const struct place *place)
{
    int fd = open(place->folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    int err = fd < 0 || syncfs(fd) != 0 ? ERR_IO : 0;

    if (err != 0)
        err =
            backup_job_fail(job, ERR_IO, "cannot sync %.200s: %s", place->folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err;
}

static int fill(struct backup_job *job, const struct place *place, uint64_t counts[2])
{
    struct cluster *cluster = NULL;
    int err = 0;
    int end = 0;

    backup_job_enter(job, BACKUP_RESTORING);
    err = copy(job, place);
    if (err == 0)
        err = put_aside(job, place);
    if (err == 0)
        err = cluster_configure(job, place->folder);
    if (err == 0)
        err = give_away(job, place);
    if (err == 0)
        err = cluster_start(job, place->folder, &place->user, &cluster);
    if (err != 0)
        return err;
    err = look_inside(job, place, counts);
    end = cluster_stop(cluster);
    if (err == 0)
        err = end;
    return err == 0 ? sync_folder(job, place) : err;
}

static void say_done(struct backup_job *job, const struct place *place, const uint64_t counts[2])
{
    char *pg_ctl = cluster_program(job->record.version, "pg_ctl");
    char *prefix = place->user.is_other ? mem_format("runuser -u %s -- ", job->database.server_user)
                                        : mem_text("");

    snprintf(job->words, sizeof job->words,
             "%s is restored into %.200s: a server of system %s with %" PRIu64
             " databases and %" PRIu64 " tables; it was started, read, and stopped",
             job->record.id, place->folder, job->record.system_id, counts[0], counts[1]);
    text_add_format(&job->report,
                    "start it (read-only, on a socket in its folder): %s%s -D %s -o '-c "
                    "config_file=%s/switchyard.conf' -w start\n"
                    "ask it: psql -h %s -p %d\nstop it: %s%s -D %s -m fast stop\n",
                    prefix, pg_ctl != NULL ? pg_ctl : "pg_ctl", place->folder, place->folder,
                    place->folder, CLUSTER_PORT, prefix, pg_ctl != NULL ? pg_ctl : "pg_ctl",
                    place->folder);
    free(prefix);
    free(pg_ctl);
}

/* It is ours: nobody had it when we made it. */
static void clean(struct backup_job *job, const struct place *place)
{
    backup_job_enter(job, BACKUP_CLEANING);
    if (disk_file_remove(place->folder) != 0)
        LOG_WARN("restore", "cannot remove %s: %s", place->folder, strerror(errno));
}

int restore_cluster_run(struct backup_job *job)
{
    uint64_t counts[2] = { 0, 0 };
    uint64_t live_rows = 0;
    struct place place;
    int err = 0;

    init_place(job, &place);
    err = check(job, &place);
    if (err == 0)
        err = restore_ask_live_rows(job, &live_rows);
    if (err == 0 && mkdir(place.folder, 0700) != 0)
        err = backup_job_fail(job, ERR_EXISTS, "cannot make %.200s: %s", place.folder,
                              strerror(errno));
    else if (err == 0) {
        err = fill(job, &place, counts);
        if (err != 0)
            clean(job, &place);
    }
    if (err == 0) {
        say_done(job, &place, counts);
        restore_say_loss(job, live_rows);
    }
    fini_place(&place);
    return err;
}
