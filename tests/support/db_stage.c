/* See support/db_stage.h. */
#include "support/db_stage.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/origin_auto.h"
#include "support/scene.h"

enum { SETTLE_MS = 20000 };

static const char service_lines[] =
    "    health { interval = \"100ms\"  timeout = \"1s\"  rise = 1 }\n";
static const char guard_lines[] = "    guard { auto = false }\n";

void db_stage_folder(struct db_stage *stage)
{
    memset(stage, 0, sizeof *stage);
    scene_folder(stage->folder);
}

char *db_stage_file(const struct db_stage *stage, const char *name, const char *content)
{
    char *path = mem_format("%s/%s", stage->folder, name);

    scene_write(path, content, strlen(content));
    return path;
}

static const char *or_none(const char *text)
{
    return text != NULL ? text : "";
}

/* A slot that says nothing of a database has "main". */
static char *make_slot(const char *name, const char *address, const char *more)
{
    bool has_database = more != NULL && strstr(more, "database =") != NULL;

    return mem_format("    slot %s { targets = { \"%s\" } %s %s }\n", name, address,
                      has_database ? "" : "database = \"main\"", or_none(more));
}

void db_stage_open(struct db_stage *stage, struct pg *pg, const struct db_stage_options *options)
{
    struct stage *inner = &stage->stage;
    char *blue = NULL;
    char *green = NULL;

    stage->pg = pg;
    if (options->sql != NULL)
        db_stage_sql(pg, NULL, options->sql);
    inner->blue = origin_auto_start("127.0.0.1:0", "blue", 0);
    inner->green = origin_auto_start("127.0.0.1:0", "green", 0);
    blue = make_slot("blue", origin_auto_address(inner->blue), options->blue);
    green = make_slot("green", origin_auto_address(inner->green), options->green);
    inner->config = mem_format(
        "listener http { bind = \"127.0.0.1:0\" }\n"
        "service shop {\n%s%s%s%s%s}\n"
        "database main {\n    dsn = \"%s\"\n    interval = \"200ms\"\n%s}\n%s",
        blue, green, service_lines, options->has_guard ? "" : guard_lines, or_none(options->lines),
        pg_dsn(pg, NULL), or_none(options->main), or_none(options->blocks));
    free(blue);
    free(green);
    inner->daemon = daemon_start(
        &(struct daemon_options){ .config = inner->config, .keeps_descriptors = true });
    if (ctl_code(inner->daemon, "wait healthy shop --timeout 10s") != 0)
        scene_fail("the app servers did not become healthy");
    if (!db_stage_await(stage, "db status", " up ", SETTLE_MS) ||
        !db_stage_await(stage, "db check shop", "database", SETTLE_MS))
        scene_fail("the database was not seen");
}

char *db_stage_close(struct db_stage *stage)
{
    char *why = stage_close(&stage->stage);

    if (!pg_stop(stage->pg) && why == NULL)
        why = mem_text("the server did not end well");
    if (stage->folder[0] != '\0')
        scene_remove(stage->folder);
    return why;
}

/* The parent of a process, by /proc; 0: it is gone. */
static pid_t find_parent(const char *pid)
{
    char *path = mem_format("/proc/%s/stat", pid);
    char *stat = scene_read(path, NULL);
    const char *end = stat != NULL ? strrchr(stat, ')') : NULL;
    pid_t parent = end != NULL && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;

    free(stat);
    free(path);
    return parent;
}

void db_stage_freeze(struct pg *pg, bool is_frozen)
{
    int number = is_frozen ? SIGSTOP : SIGCONT;
    DIR *folder = opendir("/proc");
    const struct dirent *entry = NULL;

    if (folder == NULL || kill(pg_pid(pg), number) != 0)
        scene_fail("the server cannot be stopped or continued");
    while ((entry = readdir(folder)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (pid > 0 && find_parent(entry->d_name) == pg_pid(pg))
            (void)kill(pid, number); /* a session may end meanwhile */
    }
    closedir(folder);
}

void db_stage_sql(struct pg *pg, const char *database, const char *sql)
{
    char *printed = pg_psql(pg, database, sql);

    if (printed == NULL)
        scene_fail("this SQL failed: %s", sql);
    free(printed);
}

char *db_stage_say(const struct db_stage *stage, const char *words, int *code)
{
    struct ctl_result result = ctl_run(stage->stage.daemon, words);
    char *said = mem_format("%s%s", result.out, result.err);

    if (code != NULL)
        *code = result.code;
    ctl_free(&result);
    return said;
}

struct wanted {
    const struct db_stage *stage;
    const char *words;
    const char *part;
};

static bool has_part(void *arg)
{
    const struct wanted *wanted = arg;
    char *said = db_stage_say(wanted->stage, wanted->words, NULL);
    bool is_there = strstr(said, wanted->part) != NULL;

    free(said);
    return is_there;
}

bool db_stage_await(const struct db_stage *stage, const char *words, const char *part, unsigned ms)
{
    struct wanted wanted = { .stage = stage, .words = words, .part = part };

    return scene_await(has_part, &wanted, ms);
}
