/*
 * R35: secrets are planted wherever one can be given: in the configuration (previews, chains, canaries, seals, keys of
 * the API), in heads of requests, in commands, in tokens. Then everything that the daemon has written or says is
 * searched for them.
 */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

/* Each in one place, so that a hit tells whose it is. */
#define MARK         "PlAnTeD"
#define PREVIEW      MARK "-preview-0123456789abcdef"
#define CANARY       MARK "-canary-0123456789abcdef"
#define CHAIN        MARK "-chain-0123456789abcdef"
#define SEAL_KEY     MARK "-audit-0123456789abcdef0123456789"
#define TOKEN_KEY    MARK "-jwt-0123456789abcdef0123456789ab"
#define COOKIE       MARK "-cookie"
#define BASIC        MARK "-authorization"
#define GUESS        MARK "-guess"
#define QUERY_SECRET MARK "-query"
#define PASSWORD     MARK "-password"
#define URL_PASSWORD MARK "-url"

static char keys[SCENE_PATH]; /* the folder of key files, which is not searched */

static const char services[] =
    "tenant { from = { \"header:X-Tenant\" } }\n"
    "health { enabled = false }\n"
    "canary { key = { \"own-cookie\" }  secret = \"" CANARY "\" }\n"
    "preview { header = \"X-Try\"  cookie = \"try\"  secret = \"" PREVIEW "\" }\n";

static void put_key(const char *name, const char *bytes)
{
    char *path = mem_format("%s/%s", keys, name);

    scene_write(path, bytes, strlen(bytes));
    cr_assert_eq(chmod(path, 0600), 0);
    free(path);
}

static void open_stage(struct stage *stage)
{
    char *globals = NULL;
    struct stage_options options = { .lines = services };

    scene_folder(keys);
    put_key("audit.key", SEAL_KEY);
    put_key("jwt.key", TOKEN_KEY);
    globals = mem_format("run_dir = \"%%s/run\"\nstate_dir = \"%%s/state\"\nworkers = 1\n"
                         "log { access = \"%%s/access.log\" level = \"debug\" }\n"
                         "api { bind = \"127.0.0.1:0\"  key ci { alg = \"HS256\" file = "
                         "\"%s/jwt.key\" audience = \"x\" } }\n"
                         "audit { key = \"%s/audit.key\"  anchor = \"%%s/anchor\" }\n",
                         keys, keys);
    options.globals = globals;
    options.more = "group pair { services = { \"shop\" }  chain { header = \"X-Chain\"  secret = "
                   "\"" CHAIN "\" } }\n";
    stage_open(stage, &options);
    free(globals);
}

/* Adds what was said to what is searched. */
static void hear(struct text *said, const char *what, const char *bytes)
{
    text_add(said, what);
    text_add(said, ": ");
    text_add(said, bytes != NULL ? bytes : "");
    text_add(said, "\n");
}

static void ask_client(const struct stage *stage, const char *fields, struct text *said)
{
    char *request = mem_format("GET /a?token=" QUERY_SECRET " HTTP/1.1\r\nHost: shop.test\r\n%s"
                               "Connection: close\r\n\r\n",
                               fields);
    struct text body;

    text_init(&body, 1 << 20);
    (void)client_ask(daemon_front(stage->daemon), request, &body);
    /* what an app answers is its own business; ours are those of refused requests */
    if (strstr(fields, "\r\n \r\n") != NULL || strstr(fields, "Content-Length: x") != NULL)
        hear(said, "body", body.bytes);
    text_fini(&body);
    free(request);
}

static void ask_api(const struct stage *stage, const char *token, struct text *said)
{
    char *request = mem_format("GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
                               "Connection: close\r\n\r\n",
                               token);
    struct text body;

    text_init(&body, 1 << 20);
    (void)client_ask(daemon_api(stage->daemon), request, &body);
    hear(said, "api", body.bytes);
    text_fini(&body);
    free(request);
}

static void tell(const struct stage *stage, const char *const *words, struct text *said)
{
    struct ctl_result result = ctl_run_words(stage->daemon, words);

    hear(said, words[0], result.out);
    hear(said, words[0], result.err);
    ctl_free(&result);
}

static void ask_clients(const struct stage *stage, struct text *said)
{
    static const char *const fields[] = {
        "X-Try: green:" PREVIEW "\r\n",
        "X-Try: green:" GUESS "\r\n",
        "Cookie: session=" COOKIE "; try=green:" PREVIEW "\r\n",
        "Authorization: Basic " BASIC "\r\n",
        "X-Chain: green." GUESS "\r\n",
        "Authorization: " BASIC "\r\n \r\n",             /* a folded line: refused */
        "Cookie: a=" COOKIE "\r\nContent-Length: x\r\n", /* refused */
    };

    for (size_t i = 0; i < COUNT_OF(fields); i++)
        ask_client(stage, fields[i], said);
    ask_api(stage, "Bearer " GUESS, said);
    ask_api(stage, "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0." GUESS, said);
    ask_api(stage, "Basic " BASIC, said);
}

static void give_commands(const struct stage *stage, struct text *said)
{
    static const char *const commands[][8] = {
        { "switch", "shop", "--to", "green", "--reason", "password=" PASSWORD, NULL },
        { "switch", "shop", "--to", "blue", "--reason", "see postgres://ann:" URL_PASSWORD "@db/x",
          "--as", NULL },
        { "rollback", "shop", "--reason", "see postgres://ann:" URL_PASSWORD "@db/x", NULL },
        { "rollback", "shop", "--force", "--reason", "Authorization: Bearer " PASSWORD, NULL },
        { "tenant", "pin", "t1", "nowhere", "shop", "--reason", "token=" PASSWORD, NULL },
        { "apply", PASSWORD, NULL },
        { "reject", "shop", "--reason", "secret: " PASSWORD, NULL },
    };

    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct ctl_result result = ctl_run_words(stage->daemon, commands[i]);

        ctl_free(&result); /* whoever has typed it may see it again */
    }
    (void)said;
}

/* A configuration that is refused because of the option with the secret in it. */
static void reload_badly(struct stage *stage, struct text *said)
{
    char *was = scene_read(daemon_config_path(stage->daemon), NULL);
    char *bad = mem_text(stage->config);
    char *spot = strstr(bad, PREVIEW);

    cr_assert_not_null(was);
    cr_assert_not_null(spot);
    spot[4] = ' '; /* a blank, which a cookie cannot carry */
    daemon_set_config(stage->daemon, bad);
    tell(stage, (const char *const[]){ "reload", NULL }, said);
    daemon_set_config(stage->daemon, stage->config);
    tell(stage, (const char *const[]){ "reload", NULL }, said);
    free(bad);
    free(was);
}

static void look_everywhere(const struct stage *stage, struct text *said)
{
    static const char *const views[][5] = {
        { "show", "config", NULL },
        { "show", "errors", NULL },
        { "history", "100", NULL },
        { "audit", "show", "100", NULL },
        { "audit", "export", NULL },
        { "state", "export", NULL },
        { "status", NULL },
        { "show", "info", NULL },
        { "--json", "show", "config", NULL },
    };
    struct text body;

    for (size_t i = 0; i < COUNT_OF(views); i++)
        tell(stage, views[i], said);
    text_init(&body, 8 << 20);
    (void)client_ask(daemon_api(stage->daemon),
                     "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                     &body);
    cr_expect_not_null(strstr(body.bytes, "switchyard_audit_records_total"));
    hear(said, "metrics", body.bytes);
    text_fini(&body);
}

/* -T of the program, and what the process list shows of the daemon. */
static void look_at_process(const struct stage *stage, struct text *said)
{
    const char *program = getenv("SWITCHYARD_BIN");
    char *command =
        mem_format("%s -T -c %s 2>&1", program != NULL ? program : BUILD_DIR "/switchyard",
                   daemon_config_path(stage->daemon));
    char *path = mem_format("/proc/%d/cmdline", (int)daemon_pid(stage->daemon));
    FILE *dump = popen(command, "r");
    char part[4096];
    size_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, part, sizeof part);

    for (ssize_t i = 0; i < len; i++)
        part[i] = part[i] == '\0' ? ' ' : part[i];
    text_add_slice(said, slice_of(part, len > 0 ? (size_t)len : 0));
    close(fd);
    cr_assert_not_null(dump);
    while ((got = fread(part, 1, sizeof part, dump)) > 0)
        text_add_slice(said, slice_of(part, got));
    cr_expect_eq(pclose(dump), 0);
    cr_expect_not_null(strstr(said->bytes, "(secret)"), "-T does not show where a secret is");
    free(path);
    free(command);
}

static unsigned files_seen;

/* Every file of the scene but the configuration, which the secrets are in. */
static int search_file(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    size_t size = 0;
    char *bytes = NULL;

    (void)walk;
    if (kind != FTW_F || !S_ISREG(status->st_mode) || strstr(path, ".conf") != NULL)
        return 0;
    bytes = scene_read(path, &size);
    if (bytes == NULL)
        return 0;
    files_seen++;
    if (memmem(bytes, size, MARK, sizeof MARK - 1) != NULL)
        cr_expect(false, "%s has %.60s", path,
                  (const char *)memmem(bytes, size, MARK, sizeof MARK - 1));
    free(bytes);
    return 0;
}

Test(secrets, r35_planted_ones_are_nowhere)
{
    struct stage stage;
    struct text said;
    const char *hit = NULL;

    text_init(&said, 64 << 20);
    open_stage(&stage);
    ask_clients(&stage, &said);
    give_commands(&stage, &said);
    reload_badly(&stage, &said);
    look_everywhere(&stage, &said);
    look_at_process(&stage, &said);
    hit = strstr(said.bytes, MARK);
    cr_expect_null(hit, "it says %.200s", hit != NULL && hit - said.bytes > 60 ? hit - 60 : hit);
    daemon_signal(stage.daemon, SIGTERM);
    cr_assert(daemon_await_exit(stage.daemon, 20000, NULL));
    cr_assert_eq(nftw(daemon_folder(stage.daemon), search_file, 16, FTW_PHYS), 0);
    cr_expect_gt(files_seen, 6);
    daemon_restart(stage.daemon);
    text_fini(&said);
    STOP_STAGE(&stage);
    scene_remove(keys);
}
