/*
 * Who may do what on the admin socket, told by the peer's uid and groups as the kernel gives them: a stranger reads,
 * the group of operators changes, only the owner stops the daemon. Needs root to become somebody else.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/scene.h"

/* Groups that every Debian has: adm, tty, disk, www-data. */
enum { STRANGER = 65534, OPERATORS = 4, DEPLOYERS = 5, VIEWERS = 6, ADMINS = 33 };

static const char globals[] = "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
                              "log { access = \"%s/access.log\" }\napi { bind = \"127.0.0.1:0\" }\n"
                              "admin { mode = 0666  group = \"adm\" }\n";

static const struct stage_options options = { .globals = globals,
                                              .lines = "health { enabled = false }\n" };

/* Root, and a build folder that others may enter; else the test is skipped. */
static bool can_be_somebody_else(const char *test)
{
    const char *program = getenv("SWITCHCTL_BIN");
    char *command = mem_format("setpriv --reuid=%d --regid=%d --clear-groups test -x %s", STRANGER,
                               STRANGER, program != NULL ? program : BUILD_DIR "/switchctl");
    bool can = geteuid() == 0 && system(command) == 0;

    free(command);
    if (!can)
        scene_skip(test, "needs root and a build folder that everybody may enter");
    return can;
}

static void open_way(const struct daemon *daemon)
{
    char *run = mem_format("%s/run", daemon_folder(daemon));

    cr_assert_eq(chmod(daemon_folder(daemon), 0755), 0);
    cr_assert_eq(chmod(run, 0755), 0);
    free(run);
}

/* The exit code of switchctl as somebody else. */
static int run_as(const struct daemon *daemon, unsigned gid, const char *words)
{
    const char *program = getenv("SWITCHCTL_BIN");
    char *command = mem_format("setpriv --reuid=%d --regid=%u --clear-groups %s -s %s %s "
                               ">/dev/null 2>&1",
                               STRANGER, gid, program != NULL ? program : BUILD_DIR "/switchctl",
                               daemon_socket(daemon), words);
    int status = system(command);

    free(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(levels, by_uid_and_group)
{
    struct stage stage;

    if (!can_be_somebody_else("levels::by_uid_and_group"))
        return;
    stage_open(&stage, &options);
    open_way(stage.daemon);
    cr_expect_eq(run_as(stage.daemon, STRANGER, "status"), 0);
    cr_expect_eq(run_as(stage.daemon, STRANGER, "switch shop --to green"), 6);
    cr_expect_eq(run_as(stage.daemon, STRANGER, "shutdown"), 6);
    cr_expect_eq(stage_epoch(&stage), 1, "a stranger changed something");
    cr_expect_eq(run_as(stage.daemon, OPERATORS, "switch shop --to green"), 0);
    cr_expect_eq(run_as(stage.daemon, OPERATORS, "shutdown now"), 6);
    cr_expect_eq(stage_epoch(&stage), 2);
    {
        struct ctl_line line;
        const char *answer = NULL;

        cr_assert(ctl_open(&line, stage.daemon));
        answer = ctl_say(&line, "json show history 1", 5000);
        cr_expect(answer != NULL && strstr(answer, "uid=65534") != NULL, "%s",
                  answer != NULL ? answer : "no answer");
        ctl_close(&line);
    }
    STOP_STAGE(&stage);
}

/* The words that a refusal says, and its fault. */
Test(levels, a_refusal_is_not_authorised)
{
    const char *program = getenv("SWITCHCTL_BIN");
    struct stage stage;
    char *command = NULL;

    if (!can_be_somebody_else("levels::a_refusal_is_not_authorised"))
        return;
    stage_open(&stage, &options);
    open_way(stage.daemon);
    command = mem_format("setpriv --reuid=%d --regid=%d --clear-groups %s --json -s %s reload 2>&1 "
                         "| grep -q not_authorised",
                         STRANGER, STRANGER, program != NULL ? program : BUILD_DIR "/switchctl",
                         daemon_socket(stage.daemon));
    cr_expect_eq(system(command), 0, "%s", command);
    free(command);
    STOP_STAGE(&stage);
}

static const char groups[] =
    "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
    "log { access = \"%s/access.log\" }\napi { bind = \"127.0.0.1:0\" }\n"
    "admin { mode = 0666  operators = \"adm\"  deployers = \"tty\"  deployer_services = { \"shop\" "
    "}\n"
    "        viewers = \"disk\"  admins = \"www-data\" }\n"
    "service other { hosts = { \"other.test\" }\n"
    "    slot blue { targets = { \"127.0.0.1:9\" } } slot green { targets = { \"127.0.0.1:9\" } }\n"
    "    health { enabled = false } }\n";

static const struct stage_options with_groups = { .globals = groups,
                                                  .lines = "health { enabled = false }\n" };

/* What each role may of each kind of command; the exit code says whether it was let in. */
static const struct {
    const char *words;
    unsigned least; /* index into roles */
} cells[] = {
    { "status", 1 },
    { "--json show slots", 1 },
    { "slots", 1 },
    { "drain status", 1 },
    { "plan switch shop", 2 },
    { "canary status shop", 1 },
    { "pause shop --max 1s", 2 },
    { "resume shop", 2 },
    { "tenant list", 1 },
    { "drain other/green", 3 },
    { "pause other --max 1s", 3 },
    { "resume other", 3 },
    { "plan switch other", 3 },
    { "plan promote other", 3 },
    { "lock acquire --reason x", 3 },
    { "lock release", 3 },
    { "show config", 3 },
    { "reload", 3 },
    { "shutdown never", 4 },
};

Test(levels, every_role_by_its_group)
{
    static const unsigned roles[] = { STRANGER, VIEWERS, DEPLOYERS, OPERATORS, ADMINS };
    struct stage stage;

    if (!can_be_somebody_else("levels::every_role_by_its_group"))
        return;
    stage_open(&stage, &with_groups);
    open_way(stage.daemon);
    for (unsigned role = 0; role < sizeof roles / sizeof roles[0]; role++) {
        for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
            int code = run_as(stage.daemon, roles[role], cells[i].words);

            cr_expect_eq(code != 6, role >= cells[i].least, "%s by group %u: %d", cells[i].words,
                         roles[role], code);
        }
    }
    STOP_STAGE(&stage);
}
