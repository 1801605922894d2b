/*
 * The programs as programs: options and exit codes of switchyard and switchctl, the effective configuration, the modes
 * of the files they make.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/scene.h"

static const char good[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                           "service shop { slot blue { targets = { \"127.0.0.1:1\" } }\n"
                           "  slot green { targets = { \"127.0.0.1:2 weight=3\" } } }\n";

struct outcome {
    int code;
    char *out; /* both standard output and error */
};

/* Runs a program of ours with a configuration file's path for every "@". */
static struct outcome run(const char *program, const char *words, const char *config)
{
    const char *variable = strcmp(program, "switchyard") == 0 ? "SWITCHYARD_BIN" : "SWITCHCTL_BIN";
    const char *binary = getenv(variable);
    char folder[SCENE_PATH];
    char *path = NULL;
    char *output = NULL;
    char *command = NULL;
    const char *mark = strchr(words, '@');
    struct outcome outcome;
    int status = 0;

    scene_folder(folder);
    path = mem_format("%s/x.conf", folder);
    output = mem_format("%s/output", folder);
    scene_write(path, config, strlen(config));
    command = mem_format("%s%s %.*s%s%s >%s 2>&1 </dev/null", binary != NULL ? "" : BUILD_DIR "/",
                         binary != NULL ? binary : program,
                         (int)(mark != NULL ? mark - words : (long)strlen(words)), words,
                         mark != NULL ? path : "", mark != NULL ? mark + 1 : "", output);
    status = system(command);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome.out = scene_read(output, NULL);
    scene_remove(folder);
    free(path);
    free(output);
    free(command);
    return outcome;
}

static void expect_run(const char *program, const char *words, const char *config, int code,
                       const char *part)
{
    struct outcome outcome = run(program, words, config);

    cr_expect_eq(outcome.code, code, "%s %s: exit %d, wanted %d: %s", program, words, outcome.code,
                 code, outcome.out);
    cr_expect(strstr(outcome.out, part) != NULL, "%s %s: \"%s\" is not in: %s", program, words,
              part, outcome.out);
    free(outcome.out);
}

Test(program, switchyard_options)
{
    expect_run("switchyard", "-V", "", 0, "switchyard");
    expect_run("switchyard", "-t -c @", good, 0,
               "shop: health checks find a dead target within 5220ms at the most");
    expect_run("switchyard", "-t -c @",
               "listener http { bind = \"127.0.0.1:0\" }\nservice shop {"
               " slot blue { targets = { \"127.0.0.1:1\" } } health { enabled = false } }\n",
               0, "shop: no health checks");
    expect_run("switchyard", "-t -c @", "listener http { bind = \"127.0.0.1:0\" }\nnonsense = 1\n",
               1, "x.conf:2");
    expect_run("switchyard", "-t -c /nowhere/at/all.conf", "", 1, "/nowhere/at/all.conf");
    expect_run("switchyard", "--nonsense", "", 2, "");
    expect_run("switchyard", "-c", "", 2, "");
}

/* The examples that are shipped are taken as they are, without files of anybody's machine. */
Test(program, examples_pass_the_check)
{
    static const char *const names[] = { "minimal", "quickstart", "canary",    "tenants",
                                         "health",  "websocket",  "switchyard" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *words = mem_format("-t -c " SOURCE_DIR "/conf/%s.conf", names[i]);

        expect_run("switchyard", words, "", 0, "the configuration is valid");
        free(words);
    }
}

/* -t says every mistake, not only the first. */
Test(program, all_mistakes_at_once)
{
    static const char bad[] = "listener http { bind = \"127.0.0.1:0\" first_mistake = 1 }\n"
                              "service shop { slot blue { targets = { \"127.0.0.1:1\" } }\n"
                              "  timeouts { head = \"second_mistake\" } third_mistake = 2 }\n";
    struct outcome outcome = run("switchyard", "-t -c @", bad);

    cr_expect_eq(outcome.code, 1);
    cr_expect(strstr(outcome.out, "first_mistake") != NULL, "%s", outcome.out);
    cr_expect(strstr(outcome.out, "second_mistake") != NULL, "%s", outcome.out);
    cr_expect(strstr(outcome.out, "third_mistake") != NULL, "%s", outcome.out);
    free(outcome.out);
}

/* What -T prints is a configuration again, and means the same. */
Test(program, dump_is_a_configuration)
{
    struct outcome first = run("switchyard", "-T -c @", good);
    struct outcome second;

    cr_expect_eq(first.code, 0, "%s", first.out);
    cr_expect(strstr(first.out, "keepalive") != NULL, "defaults are missing: %s", first.out);
    second = run("switchyard", "-T -c @", first.out);
    cr_expect_eq(second.code, 0, "%s", second.out);
    cr_expect_str_eq(first.out, second.out);
    free(first.out);
    free(second.out);
}

Test(program, switchctl_options)
{
    expect_run("switchctl", "-s /nowhere/at/all.sock status", "", 8, "/nowhere/at/all.sock");
    expect_run("switchctl", "--nonsense", "", 2, "");
    expect_run("switchctl", "", "", 2, "");
}

/* Sockets and files are not open to everybody. */
Test(program, modes_of_files)
{
    static const char *const files[] = { "run/admin.sock", "state/state.json" };
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = good });

    ctl_code(daemon, "switch shop --to green --force --reason modes");
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char *path = mem_format("%s/%s", daemon_folder(daemon), files[i]);
        struct stat about;

        cr_expect_eq(stat(path, &about), 0, "%s is not there", path);
        cr_expect_eq(about.st_mode & 07, 0, "%s has mode %o", path, about.st_mode & 0777);
        free(path);
    }
    STOP(daemon);
}

/* A second daemon on the same folders is refused and harms nothing. */
Test(program, second_daemon_is_refused)
{
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = good });
    char *words = mem_format("-c %s", daemon_config_path(daemon));
    struct outcome outcome = run("switchyard", words, "");

    cr_expect(outcome.code > 0, "exit %d", outcome.code);
    cr_expect(outcome.out[0] != '\0', "refused without words");
    cr_expect(daemon_is_alive(daemon));
    cr_expect_eq(ctl_code(daemon, "status"), 0, "the first one was harmed: %s", outcome.out);
    free(outcome.out);
    free(words);
    STOP(daemon);
}
