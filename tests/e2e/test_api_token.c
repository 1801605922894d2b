/*
 * R32 over HTTP: what every role may, command by command, with tokens of real keys over the loopback; what bad tokens get;
 * keys that are exchanged while the daemon runs; and that no token stands in a log.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/api_client.h"
#include "support/ctl.h"
#include "support/scene.h"
#include "support/token_maker.h"

static const char *const roles[] = { "none", "viewer", "deployer", "operator", "admin" };
enum { ROLES = sizeof roles / sizeof roles[0] };

static char folder[64];
static char *key_file;
static struct token_maker maker;
static struct stage stage;

static void open_with_key(void)
{
    struct stage_options options = { .lines = "health { enabled = false }\n",
                                     .more = "service other { hosts = { \"other.test\" }\n"
                                             "slot blue { targets = { \"127.0.0.1:9\" } }\n"
                                             "slot green { targets = { \"127.0.0.1:9\" } }\n"
                                             "health { enabled = false } }\n" };
    char *globals = NULL;

    snprintf(folder, sizeof folder, "/tmp/api-token-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    key_file = mem_format("%s/ci.pub", folder);
    token_maker_init(&maker, TOKEN_EDDSA);
    token_maker_write(&maker, key_file);
    globals = mem_format("run_dir = \"%%s/run\"\nstate_dir = \"%%s/state\"\nworkers = 1\n"
                         "log { access = \"%%s/access.log\" }\n"
                         "api { bind = \"127.0.0.1:0\"\n"
                         "key ci { alg = EdDSA file = \"%s\" audience = \"here\" } }\n",
                         key_file);
    options.globals = globals;
    stage_open(&stage, &options);
    free(globals);
}

static void close_with_key(void)
{
    STOP_STAGE(&stage);
    token_maker_fini(&maker);
    unlink(key_file);
    free(key_file);
    rmdir(folder);
}

/* A line of a head; index 0: none. */
static char *field_of(unsigned role, const char *aud, int exp)
{
    char *claims =
        mem_format("{\"sub\":\"ci\",\"role\":\"%s\",\"services\":[\"shop\"],\"aud\":\"%s\","
                   "\"exp\":%lld}",
                   roles[role], aud, (long long)time(NULL) + exp);
    char *token = token_maker_make(&maker, "ci", claims);
    char *field = role > 0 ? mem_format("Authorization: Bearer %s\r\n", token) : mem_text("");

    free(token);
    free(claims);
    return field;
}

static int status_of(const char *fields, const char *method, const char *path, const char *body)
{
    struct api_said said = api_ask(stage.daemon, method, path, fields, body);
    int status = said.status;

    api_said_free(&said);
    return status;
}

static unsigned rank_of(const char *level)
{
    for (unsigned i = 1; i < ROLES; i++)
        if (strcmp(roles[i], level) == 0)
            return i;
    cr_assert_fail("there is no role %s", level);
    return 0;
}

/* A command without its words: who may not is told so first; who may gets something else, and most need words. */
static void try_command(const char *name, unsigned least, unsigned role, const char *fields)
{
    static const char *const unserved[] = { "tenant load", "db begin", "db finish" };
    char *body = mem_format("{\"command\":\"%s\",\"args\":{\"timeout\":\"100ms\"}}", name);
    unsigned present = role > 0 ? role : 1; /* nobody reads on the loopback */
    int status = status_of(fields, "POST", "/v1/commands", body);
    bool is_served = true;

    for (size_t i = 0; i < COUNT_OF(unserved); i++)
        is_served = is_served && strcmp(name, unserved[i]) != 0;
    if (present < least && !is_served) /* has no lines, or is for switchctl */
        cr_expect(status >= 400, "%s as %s: %d", name, roles[role], status);
    else if (present < least)
        cr_expect_eq(status, role > 0 ? 403 : 401, "%s as %s: %d", name, roles[role], status);
    else
        cr_expect(status != 401 && status != 403 && status > 0, "%s as %s: %d", name, roles[role],
                  status);
    free(body);
}

Test(api_token, every_role_and_every_command)
{
    struct api_said help;
    const cJSON *command = NULL;
    unsigned count = 0;

    open_with_key();
    help = api_ask(stage.daemon, "GET", "/v1/help", NULL, NULL);
    cr_assert_eq(help.status, 200, "%s", help.body);
    for (unsigned role = 0; role < ROLES; role++) {
        char *fields = field_of(role, "here", 600);

        cJSON_ArrayForEach(command, api_member(&help, "result.commands"))
        {
            const char *name = cJSON_GetObjectItemCaseSensitive(command, "name")->valuestring;
            unsigned least =
                rank_of(cJSON_GetObjectItemCaseSensitive(command, "level")->valuestring);

            if (strcmp(name, "shutdown") == 0 && role >= least)
                continue;
            try_command(name, least, role, fields);
            count++;
        }
        free(fields);
        if (role < rank_of("operator"))
            cr_expect_eq(stage_epoch(&stage), 1, "a %s changed something", roles[role]);
    }
    cr_expect_gt(count, 300);
    api_said_free(&help);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0, "behind all that was not waited for");
    close_with_key();
}

/* Routes that change one service: for the deployer of shop, and not for that of another. */
Test(api_token, a_deployer_over_routes)
{
    static const struct {
        const char *path;
        const char *body;
        int shop;
        int other;
    } rows[] = {
        { "/v1/services/%s/pause", "{\"max\":\"1s\"}", 200, 403 },
        { "/v1/services/%s/resume", "{}", 200, 403 },
        { "/v1/services/%s/slots/green/drain", "{}", 200, 403 },
    };
    char *deployer = NULL;
    char *operator= NULL;

    open_with_key();
    deployer = field_of(2, "here", 600);
    operator= field_of(3, "here", 600);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = strstr(rows[i].path, "%s");
        char *shop = mem_format("%.*sshop%s", (int)(at - rows[i].path), rows[i].path, at + 2);
        char *other = mem_format("%.*sother%s", (int)(at - rows[i].path), rows[i].path, at + 2);

        cr_expect_eq(status_of("", "POST", shop, rows[i].body), 401, "%s", shop);
        cr_expect_eq(status_of(deployer, "POST", shop, rows[i].body), rows[i].shop, "%s", shop);
        cr_expect_eq(status_of(deployer, "POST", other, rows[i].body), rows[i].other, "%s", other);
        cr_expect_eq(status_of(operator, "POST", other, rows[i].body), rows[i].shop, "%s", other);
        free(shop);
        free(other);
    }
    {
        struct api_said said = api_ask(stage.daemon, "POST", "/v1/plan", deployer,
                                       "{\"command\":\"switch\",\"args\":{\"words\":[\"other\"]}}");

        cr_expect_eq(said.status, 403, "%d %s", said.status, said.body);
        api_said_free(&said);
    }
    cr_expect_eq(status_of(deployer, "POST", "/v1/reload", "{}"), 403);
    {
        struct api_said said = api_ask(stage.daemon, "GET", "/v1/history?limit=1", deployer, NULL);

        cr_expect(said.body != NULL && strstr(said.body, "sub=ci key=ci") != NULL, "%s", said.body);
        api_said_free(&said);
        said = api_ask(stage.daemon, "GET", "/v1/audit?outcome=denied&limit=1", operator, NULL);
        cr_expect(said.body != NULL && strstr(said.body, "\"from\":\"127.0.0.1:") != NULL, "%s",
                  said.body);
        api_said_free(&said);
    }
    free(deployer);
    free(operator);
    close_with_key();
}

Test(api_token, bad_tokens_get_401_and_too_many_429)
{
    struct token_maker other;
    char *fields[8];
    char *good = NULL;
    struct api_said said;
    unsigned count = 0;

    open_with_key();
    good = field_of(4, "here", 600);
    fields[count++] = field_of(4, "there", 600);
    fields[count++] = field_of(4, "here", -100);
    fields[count++] = field_of(4, "here", 7200);
    fields[count++] = mem_text("Authorization: Bearer a.b.c\r\n");
    fields[count++] = mem_text("Authorization: Basic cm9vdDpyb290\r\n");
    token_maker_init(&other, TOKEN_EDDSA);
    {
        char *token =
            token_maker_make(&other, "ci", "{\"sub\":\"x\",\"role\":\"admin\",\"exp\":9999999999}");

        fields[count++] = mem_format("Authorization: Bearer %s\r\n", token);
        free(token);
    }
    for (unsigned i = 0; i < count; i++) {
        said = api_ask(stage.daemon, "GET", "/v1/status", fields[i], NULL);
        cr_expect_eq(said.status, 401, "%u: %d", i, said.status);
        cr_expect_not_null(strstr(said.head, "WWW-Authenticate: Bearer"));
        api_said_free(&said);
    }
    for (unsigned i = count; i < 10; i++)
        cr_expect_eq(status_of(fields[3], "POST", "/v1/reload", "{}"), 401);
    said = api_ask(stage.daemon, "GET", "/v1/status", fields[0], NULL);
    cr_expect_eq(said.status, 429);
    cr_expect_not_null(strstr(said.head, "Retry-After: "), "%s", said.head);
    api_said_free(&said);
    cr_expect_eq(status_of(good, "GET", "/v1/status", NULL), 200, "others are kept out");
    cr_expect_eq(status_of("", "GET", "/v1/status", NULL), 200);
    good[strcspn(good, "\r")] = '\0';
    {
        char *twice = mem_format("%s\r\n%s\r\n", good, good);
        char *command =
            mem_format("grep -rqsF %s %s", strrchr(good, '.') + 1, daemon_folder(stage.daemon));

        cr_expect_eq(status_of(twice, "GET", "/v1/status", NULL), 400);
        cr_expect_neq(system(command), 0, "a token lies in a file of the daemon");
        free(command);
        /* What was refused before it was too much is in the audit trail; this record comes behind them. */
        cr_expect_eq(ctl_code(stage.daemon, "lock acquire --reason test"), 0);
        command = mem_format("test $(grep -c '\"verb\":\"login\",\"outcome\":\"denied\"' "
                             "%s/state/audit.jsonl) = 10",
                             daemon_folder(stage.daemon));
        cr_expect_eq(system(command), 0, "not every refused token is in the audit trail");
        free(twice);
        free(command);
    }
    for (unsigned i = 0; i < count; i++)
        free(fields[i]);
    free(good);
    token_maker_fini(&other);
    close_with_key();
}

Test(api_token, keys_are_exchanged_by_a_reload)
{
    struct token_maker fresh;
    struct token_maker old;
    char *before = NULL;
    char *after = NULL;

    open_with_key();
    before = field_of(3, "here", 600);
    cr_expect_eq(status_of(before, "POST", "/v1/services/shop/pause", "{\"max\":\"1s\"}"), 200);
    token_maker_init(&fresh, TOKEN_EDDSA);
    token_maker_write(&fresh, key_file);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(status_of(before, "POST", "/v1/services/shop/resume", "{}"), 401);
    old = maker;
    maker = fresh;
    after = field_of(3, "here", 600);
    cr_expect_eq(status_of(after, "POST", "/v1/services/shop/resume", "{}"), 200);
    unlink(key_file);
    cr_expect_neq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(status_of(after, "POST", "/v1/services/shop/resume", "{}"), 200);
    token_maker_write(&maker, key_file);
    free(before);
    free(after);
    token_maker_fini(&old);
    close_with_key();
}
