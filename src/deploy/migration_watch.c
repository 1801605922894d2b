/*
 * See migration_watch_priv.h. For each folder a child lists its files every few seconds (a disk that hangs hangs nobody
 * else), and another one judges them when the list is a new one.
 */
#include "deploy/migration_watch_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "deploy/databases.h"
#include "deploy/deploy_priv.h"
#include "deploy/migration_report_priv.h"
#include "deploy/migrations_view.h"
#include "net/child.h"
#include "net/timer.h"
#include "store/look.h"

enum {
    TICK_MS = 200,
    LIST_US = 2 * 1000 * 1000,
    LIST_LIMIT_US = 10 * 1000 * 1000,
    STALE_US = 30 * 1000 * 1000, /* what could not be judged anew for so long is unknown */
    RETRY_US = 5 * 1000 * 1000,
    JUDGE_LIMIT_US = 90 * 1000 * 1000, /* the linter ends itself before that */
    OUTPUT_MAX = 8 << 20,
    NICE = 10,
    VARIABLES_MAX = 32,
    TROUBLE_SIZE = 240,
};

enum watch_work { WATCH_REST, WATCH_LIST, WATCH_JUDGE };

/* One database. Texts are copies. */
struct watched {
    TAILQ_ENTRY(watched) link;
    struct migration_watch *watch;
    char *name;
    char *dsn;
    char *passfile;    /* NULL: none is configured */
    char *environment; /* NULL: likewise */
    char *folder;
    bool is_kept; /* while a configuration is taken over */

    struct child *child; /* NULL with WATCH_REST */
    enum watch_work work;
    struct text output;
    uint64_t begun_us;
    uint64_t begun_mark; /* of the list that is being judged */
    uint64_t begun_key;

    uint64_t list_us; /* the next list, and the next try to judge */
    uint64_t retry_us;
    bool has_mark;
    uint64_t mark;                   /* of names, sizes, and times of change */
    char list_trouble[TROUBLE_SIZE]; /* "": the last list was read */
    char judge_trouble[TROUBLE_SIZE];

    struct migration_report *report; /* NULL: none yet */
    char *plan;                      /* as the tool printed it; NULL: none yet */
    uint64_t judged_mark;
    uint64_t judged_key;
    uint64_t current_us; /* when it was last seen that the report is of what is there */
};

struct migration_watch {
    struct deploy *deploy;
    struct timer *tick;
    char *program;
    TAILQ_HEAD(, watched) all;
};

/* The tool that was built and installed with us. */
static char *find_program(void)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    char *beside = NULL;

    if (len > 0) {
        path[len] = '\0';
        beside = mem_format("%.*s/switchctl", (int)(strrchr(path, '/') - path), path);
    }
    if (beside != NULL && access(beside, X_OK) == 0)
        return beside;
    free(beside);
    return mem_text("/usr/bin/switchctl");
}

static char *copy_text(const char *text)
{
    return text != NULL ? mem_text(text) : NULL;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void free_watched(struct watched *watched)
{
    child_cancel(watched->child);
    migration_report_free(watched->report);
    free(watched->plan);
    text_fini(&watched->output);
    free(watched->name);
    free(watched->dsn);
    free(watched->passfile);
    free(watched->environment);
    free(watched->folder);
    free(watched);
}

/* --- the children --- */

/* The first line of what it said, else how it ended. */
static void note_trouble(const struct child_result *result, char out[TROUBLE_SIZE])
{
    size_t len = strcspn(result->output, "\n");
    size_t skipped = strncmp(result->output, "switchctl: ", 11) == 0 ? 11 : 0;

    if (len > skipped)
        snprintf(out, TROUBLE_SIZE, "%.*s", (int)(len - skipped < 200 ? len - skipped : 200),
                 result->output + skipped);
    else
        snprintf(out, TROUBLE_SIZE, "%s", result->words);
}

static void on_bytes(void *arg, enum child_source source, const char *bytes, size_t len)
{
    struct watched *watched = arg;

    if (source == CHILD_OUT)
        text_add_slice(&watched->output, slice_of(bytes, len));
}

static void end_list(struct watched *watched, const struct child_result *result)
{
    const struct slice list = text_slice(&watched->output);

    watched->list_us = clock_monotonic_us() + LIST_US;
    watched->list_trouble[0] = '\0';
    if (result->code != 0 || text_is_cut(&watched->output)) {
        note_trouble(result, watched->list_trouble);
        return;
    }
    watched->mark = hash_bytes(1, list.ptr, list.len);
    watched->has_mark = true;
    if (watched->report != NULL && watched->mark == watched->judged_mark)
        watched->current_us = watched->begun_us;
}

static void end_judge(struct watched *watched, const struct child_result *result)
{
    struct migration_report *report = NULL;

    watched->judge_trouble[0] = '\0';
    if ((result->code != 0 && result->code != 3) || text_is_cut(&watched->output))
        note_trouble(result, watched->judge_trouble);
    else if (migration_report_parse(text_slice(&watched->output), &report, watched->judge_trouble,
                                    sizeof watched->judge_trouble) == 0) {
        migration_report_free(watched->report);
        watched->report = report;
        free(watched->plan);
        watched->plan = text_take(&watched->output);
        watched->judged_mark = watched->begun_mark;
        watched->judged_key = watched->begun_key;
        watched->current_us = watched->begun_us;
        LOG_INFO("migrations_judged", "database=%s folder=\"%s\" us=%llu", watched->name,
                 watched->folder, (unsigned long long)result->duration_us);
        return;
    }
    watched->retry_us = clock_monotonic_us() + RETRY_US;
    LOG_WARN("migrations_not_judged", "database=%s folder=\"%s\" words=\"%s\"", watched->name,
             watched->folder, watched->judge_trouble);
}

static void on_done(void *arg, const struct child_result *result)
{
    struct watched *watched = arg;
    enum watch_work work = watched->work;

    watched->child = NULL;
    watched->work = WATCH_REST;
    if (work == WATCH_LIST)
        end_list(watched, result);
    else
        end_judge(watched, result);
    text_fini(&watched->output);
    text_init(&watched->output, OUTPUT_MAX);
}

static void launch(struct watched *watched, enum watch_work work, const char *const *words,
                   const char *const *more)
{
    struct child_spec spec = {
        .words = words,
        .more = more,
        .timeout_us = work == WATCH_LIST ? LIST_LIMIT_US : JUDGE_LIMIT_US,
        .nice = NICE,
        .on_bytes = on_bytes,
        .bytes_arg = watched,
    };

    watched->work = work;
    watched->begun_us = clock_monotonic_us();
    watched->child = child_start(watched->watch->deploy->options.loop, &spec, on_done, watched);
}

/* Names, sizes, numbers and times of change, which nobody can set back. */
static void launch_list(struct watched *watched)
{
    const char *const words[] = {
        "/usr/bin/find", "-L", watched->folder, "-maxdepth",       "3", "-name", "*.sql",
        "-type",         "f",  "-printf",       "%p %s %i %C@\\n", NULL
    };

    launch(watched, WATCH_LIST, words, NULL);
}

/* libpq's settings of ours hold for it as well. */
static void find_variables(const char *out[VARIABLES_MAX])
{
    size_t count = 0;

    for (char **at = environ; *at != NULL && count < VARIABLES_MAX - 1; at++)
        if (strncmp(*at, "PG", 2) == 0)
            out[count++] = *at;
    out[count] = NULL;
}

static void launch_judge(struct watched *watched, uint64_t key)
{
    const char *variables[VARIABLES_MAX];
    const char *words[16] = {
        watched->watch->program, "db", "plan", "--json", "--dsn", watched->dsn
    };
    size_t count = 6;

    if (watched->passfile != NULL) {
        words[count++] = "--passfile";
        words[count++] = watched->passfile;
    }
    if (watched->environment != NULL) {
        words[count++] = "--environment";
        words[count++] = watched->environment;
    }
    words[count] = watched->folder;
    find_variables(variables);
    watched->begun_mark = watched->mark;
    watched->begun_key = key;
    launch(watched, WATCH_JUDGE, words, variables);
}

/* --- when --- */

/* Of the versions that are applied there; false: it cannot be asked now. */
static bool find_key(const struct watched *watched, uint64_t *out)
{
    const struct deploy_options *options = &watched->watch->deploy->options;
    struct deploy_database found = { 0 };
    struct look_versions versions;

    if (options->databases == NULL ||
        !options->databases->find(options->databases_arg, watched->name, &found) ||
        found.look == NULL || found.trouble[0] != '\0')
        return false;
    look_versions(found.look, "", &versions);
    *out = hash_bytes(versions.bad_count + 2, versions.version, strlen(versions.version));
    *out = hash_bytes(*out, versions.bad, strlen(versions.bad));
    return true;
}

static bool is_judging(const struct migration_watch *watch)
{
    const struct watched *watched = NULL;

    TAILQ_FOREACH(watched, &watch->all, link)
    if (watched->work == WATCH_JUDGE)
        return true;
    return false;
}

static void step(struct watched *watched, uint64_t now_us)
{
    uint64_t key = 0;
    bool has_key = false;

    if (watched->work != WATCH_REST)
        return;
    has_key = find_key(watched, &key);
    if (has_key && watched->has_mark && now_us >= watched->retry_us &&
        (watched->report == NULL || watched->mark != watched->judged_mark ||
         key != watched->judged_key) &&
        !is_judging(watched->watch))
        launch_judge(watched, key);
    else if (now_us >= watched->list_us)
        launch_list(watched);
}

static void on_tick(void *arg)
{
    struct migration_watch *watch = arg;
    struct watched *watched = NULL;
    uint64_t now_us = clock_monotonic_us();

    TAILQ_FOREACH(watched, &watch->all, link)
    step(watched, now_us);
    timer_arm(watch->tick, TICK_MS);
}

/* --- what is watched --- */

/* Where versions are in no table that the tool reads, it cannot tell what is pending. */
static bool is_wanted(const struct config_database *database)
{
    return database->migrations != NULL && strcmp(database->versions, "none") != 0 &&
           strncasecmp(database->versions, "select", 6) != 0;
}

static bool is_same(const struct watched *watched, const struct config_database *database)
{
    return is_same_text(watched->name, database->name) &&
           is_same_text(watched->dsn, database->dsn) &&
           is_same_text(watched->passfile, database->passfile) &&
           is_same_text(watched->environment, database->environment) &&
           is_same_text(watched->folder, database->migrations);
}

static void keep_or_add(struct migration_watch *watch, const struct config_database *database)
{
    struct watched *watched = NULL;

    TAILQ_FOREACH(watched, &watch->all, link)
    if (is_same(watched, database)) {
        watched->is_kept = true;
        return;
    }
    watched = mem_zalloc(sizeof *watched);
    *watched = (struct watched){
        .watch = watch,
        .name = mem_text(database->name),
        .dsn = mem_text(database->dsn),
        .passfile = copy_text(database->passfile),
        .environment = copy_text(database->environment),
        .folder = mem_text(database->migrations),
        .is_kept = true,
    };
    text_init(&watched->output, OUTPUT_MAX);
    TAILQ_INSERT_TAIL(&watch->all, watched, link);
}

void migration_watch_reload(struct migration_watch *watch)
{
    const struct config *config = watch->deploy->config;
    struct watched *watched = NULL;
    struct watched *next = NULL;

    TAILQ_FOREACH(watched, &watch->all, link)
    watched->is_kept = false;
    for (size_t i = 0; i < config->database_count; i++)
        if (is_wanted(&config->databases[i]))
            keep_or_add(watch, &config->databases[i]);
    for (watched = TAILQ_FIRST(&watch->all); watched != NULL; watched = next) {
        next = TAILQ_NEXT(watched, link);
        if (watched->is_kept)
            continue;
        TAILQ_REMOVE(&watch->all, watched, link);
        free_watched(watched);
    }
    if (TAILQ_EMPTY(&watch->all))
        timer_disarm(watch->tick);
    else
        timer_arm(watch->tick, TICK_MS);
}

struct migration_watch *migration_watch_new(struct deploy *deploy)
{
    struct migration_watch *watch = mem_zalloc(sizeof *watch);

    watch->deploy = deploy;
    watch->tick = timer_new(deploy->options.loop, on_tick, watch);
    watch->program = find_program();
    TAILQ_INIT(&watch->all);
    migration_watch_reload(watch);
    return watch;
}

void migration_watch_free(struct migration_watch *watch)
{
    struct watched *watched = NULL;

    if (watch == NULL)
        return;
    while ((watched = TAILQ_FIRST(&watch->all)) != NULL) {
        TAILQ_REMOVE(&watch->all, watched, link);
        free_watched(watched);
    }
    timer_free(watch->tick);
    free(watch->program);
    free(watch);
}

/* --- what is known --- */

static const struct watched *find_watched(const struct migration_watch *watch, const char *name)
{
    const struct watched *watched = NULL;

    TAILQ_FOREACH(watched, &watch->all, link)
    if (strcmp(watched->name, name) == 0)
        return watched;
    return NULL;
}

void migration_watch_judge(const struct migration_watch *watch,
                           const struct config_service *service, const char *database,
                           struct word_finding *out)
{
    const struct watched *watched = watch != NULL ? find_watched(watch, database) : NULL;
    const char *trouble = NULL;
    uint64_t age_us = 0;

    *out = (struct word_finding){ .age_us = UINT64_MAX };
    if (watched == NULL)
        return;
    trouble = watched->list_trouble[0] != '\0' ? watched->list_trouble : watched->judge_trouble;
    age_us = clock_monotonic_us() - watched->current_us;
    if (watched->report != NULL && watched->list_trouble[0] == '\0' && age_us <= STALE_US) {
        migration_report_judge(watched->report, service, database, out);
        out->age_us = age_us;
        return;
    }
    out->is_asked = true;
    out->answer = WORD_UNKNOWN;
    snprintf(out->words, sizeof out->words, "the migrations of database %s are not judged%s%s%s",
             database, watched->report == NULL ? " yet" : " as they are now",
             trouble[0] != '\0' ? ": " : "", trouble);
    snprintf(out->remedy, sizeof out->remedy, "%s",
             trouble[0] != '\0' ? "switchctl db plan says the same and more"
                                : "try again in a moment");
}

bool deploy_view_migrations(const struct deploy *deploy, unsigned index,
                            struct deploy_migrations_view *out)
{
    const struct watched *watched = NULL;

    if (deploy->migrations == NULL)
        return false;
    TAILQ_FOREACH(watched, &deploy->migrations->all, link)
    {
        if (index-- > 0)
            continue;
        *out = (struct deploy_migrations_view){
            .database = watched->name,
            .folder = watched->folder,
            .plan = watched->plan,
            .trouble =
                watched->list_trouble[0] != '\0' ? watched->list_trouble : watched->judge_trouble,
            .age_us =
                watched->plan != NULL ? clock_monotonic_us() - watched->current_us : UINT64_MAX,
        };
        return true;
    }
    return false;
}
