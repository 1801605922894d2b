/*
 * The page at "/" of the API in a real Chromium (tests/web/dashboard.mjs, driven by playwright-core): what it shows while
 * traffic runs and targets fail, changes through it with tokens of roles that may and may not, texts with markup, the
 * keyboard, a phone, a restart of the daemon.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "e2e/e2e.h"
#include "support/api_client.h"
#include "support/ctl.h"
#include "support/pem.h"
#include "support/scene.h"
#include "support/stage.h"

static struct stage stage;
static char folder[SCENE_PATH];

/* A port that nobody has now: the daemon must come back on the same one. */
static unsigned find_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

static bool can_run(const char *name)
{
    if (system("node --version >/dev/null 2>&1 && test -d " BUILD_DIR
               "/web/node_modules && test -x ${SWITCHYARD_CHROMIUM:-/usr/bin/chromium}") == 0)
        return true;
    scene_skip(name, "needs node, chromium and scripts/web-deps");
    return false;
}

/* A daemon that knows a key, with a second service whose version is markup. more: of the block api. */
static void start_with(const char *anonymous, const char *more)
{
    static const char lines[] =
        "health { interval = \"100ms\" timeout = \"1s\" rise = 1 fall = 1 }\n"
        "guard { auto = false }\n";
    static const char odd[] = "service odd {\n    hosts = { \"odd.test\" }\n"
                              "    slot a { targets = { \"127.0.0.1:1\" }\n"
                              "        version = '<img src=x onerror=\"window.owned=1\">' }\n"
                              "    slot b { targets = { \"127.0.0.1:1\" } }\n}\n";
    char *key = NULL;
    char *globals = NULL;

    key = mem_format("%s/key", folder);
    scene_write(key, "a-secret-of-this-test-and-no-other-0001", 39);
    cr_assert_eq(chmod(key, 0600), 0);
    globals = mem_format("run_dir = \"%%s/run\"\nstate_dir = \"%%s/state\"\nworkers = 1\n"
                         "log { access = \"%%s/access.log\" }\n"
                         "api { bind = \"127.0.0.1:%u\"  anonymous = %s\n"
                         "      key ci { alg = HS256 file = \"%s\" } %s }\n",
                         find_port(), anonymous, key, more);
    stage_open(&stage, &(struct stage_options){ .globals = globals, .lines = lines, .more = odd });
    free(globals);
    free(key);
}

static void start(const char *anonymous)
{
    scene_folder(folder);
    start_with(anonymous, "");
}

static char *token_of(const char *subject, const char *role)
{
    char *words = mem_format("token --key %s/key --alg HS256 --kid ci --subject %s --role %s",
                             folder, subject, role);
    struct ctl_result made = ctl_run(NULL, words);
    char *token = NULL;

    cr_assert_eq(made.code, 0, "%s", made.err);
    made.out[strcspn(made.out, "\n")] = '\0';
    token = mem_text(made.out);
    ctl_free(&made);
    free(words);
    return token;
}

/* What the script wants of the world around the page. */
static void follow(const char *line)
{
    int status = -1;

    if (strcmp(line, "do sick green\n") == 0) {
        origin_auto_set_health(stage.green, 500);
    } else if (strcmp(line, "do well green\n") == 0) {
        origin_auto_set_health(stage.green, 200);
    } else if (strcmp(line, "do restart\n") == 0) {
        daemon_signal(stage.daemon, SIGTERM);
        cr_assert(daemon_await_exit(stage.daemon, 20000, &status));
        daemon_restart(stage.daemon);
    }
}

static void run_words(const char *words)
{
    char *command = mem_format("SWITCHYARD_WEB=%s/web timeout 200 node %s/tests/web/%s 2>&1",
                               BUILD_DIR, SOURCE_DIR, words);
    FILE *pipe = popen(command, "r");
    struct text said;
    char line[4096];
    int status = -1;

    cr_assert_not_null(pipe);
    text_init(&said, 1 << 20);
    while (fgets(line, sizeof line, pipe) != NULL) {
        follow(line);
        text_add(&said, line);
    }
    status = pclose(pipe);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", said.bytes);
    cr_expect(said.bytes != NULL && strstr(said.bytes, "ok all\n") != NULL, "%s", said.bytes);
    text_fini(&said);
    free(command);
}

static void run_script(const char *mode)
{
    char *operator_token = token_of("anna", "operator");
    char *viewer_token = token_of("eve", "viewer");
    char *deployer_token = token_of("ci", "deployer --services shop");
    char *words =
        mem_format("dashboard.mjs %s %s %s %s %s %s", mode, daemon_api(stage.daemon),
                   daemon_front(stage.daemon), operator_token, viewer_token, deployer_token);

    run_words(words);
    free(words);
    free(operator_token);
    free(viewer_token);
    free(deployer_token);
}

static void stop(void)
{
    STOP_STAGE(&stage);
    scene_remove(folder);
}

Test(dashboard, in_a_browser)
{
    if (!can_run("dashboard::in_a_browser"))
        return;
    start("local");
    run_script("open");
    stop();
}

Test(dashboard, shows_nothing_to_nobody)
{
    if (!can_run("dashboard::shows_nothing_to_nobody"))
        return;
    start("none");
    run_script("closed");
    stop();
}

/* Files of a server's and an operator's certificate, and the lines of the block api for them. */
static char *make_certificates(void)
{
    static const struct pem_options authority = { .subject = "/CN=people", .is_authority = true };
    struct pem people;
    struct pem ann;
    char *path = mem_format("%s/api.pem", folder);
    char *lines = NULL;

    pem_shop(path, "DNS:localhost,IP:127.0.0.1", PEM_EC);
    free(path);
    pem_make(&authority, &people);
    pem_make(&(struct pem_options){ .subject = "/O=Acme/CN=ann", .issuer = &people }, &ann);
    path = mem_format("%s/ca.pem", folder);
    pem_write(path, &(struct pem_file){ .certs = { people.cert } });
    free(path);
    path = mem_format("%s/ann.pem", folder);
    pem_write(path, &(struct pem_file){ .key = ann.key, .certs = { ann.cert } });
    free(path);
    pem_free(&people);
    pem_free(&ann);
    lines = mem_format("tls { certificates = { \"%s/api.pem\" } client_ca = \"%s/ca.pem\"\n"
                       "client_verify = optional }\n"
                       "subject ann { dn = \"CN=ann,O=Acme\" role = operator }\n",
                       folder, folder);
    return lines;
}

Test(dashboard, over_tls)
{
    char *viewer = NULL;
    char *lines = NULL;
    char *words = NULL;

    if (!can_run("dashboard::over_tls"))
        return;
    scene_folder(folder);
    lines = make_certificates();
    start_with("none", lines);
    viewer = token_of("eve", "viewer");
    words = mem_format("dashboard_tls.mjs %s %s/ann.pem %s/ann.pem %s", daemon_api(stage.daemon),
                       folder, folder, viewer);
    run_words(words);
    free(words);
    free(viewer);
    free(lines);
    stop();
}

/* The page itself is for everybody who reaches the API under a name of its own; its files are kept by their tags. */
Test(dashboard, files_are_served_and_kept)
{
    static const char *const paths[] = { "/", "/dashboard/app.js", "/dashboard/style.css",
                                         "/dashboard/icon.svg" };

    start("none");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct api_said said = api_ask(stage.daemon, "GET", paths[i], NULL, NULL);
        const char *tag = said.head != NULL ? strstr(said.head, "ETag: ") : NULL;
        char *fields = NULL;

        cr_assert_eq(said.status, 200, "%s: %d", paths[i], said.status);
        cr_assert_not_null(tag);
        fields = mem_format("If-None-Match: %.*s\r\n", (int)strcspn(tag + 6, "\r"), tag + 6);
        api_said_free(&said);
        said = api_ask(stage.daemon, "HEAD", paths[i], fields, NULL);
        cr_expect_eq(said.status, 304, "%s: %d", paths[i], said.status);
        api_said_free(&said);
        free(fields);
    }
    cr_expect_eq(api_status(stage.daemon, "GET", "/dashboard/none.js", NULL), 404);
    cr_expect_eq(api_status(stage.daemon, "POST", "/", "{}"), 405);
    cr_expect_eq(api_status(stage.daemon, "GET", "/v1/status", NULL), 401);
    stop();
}
