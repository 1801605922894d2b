/*
 * The REST API over the real daemon: every documented route, every status, who may, what is repeated and what comes too
 * late, and that no GET leaves a trace.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/api_client.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/scene.h"

static const char usual[] = "health { interval = \"100ms\" timeout = \"1s\" rise = 1 fall = 1 }\n"
                            "tenant { from = { \"header:X-Tenant\" } }\n"
                            "signal load { critical = \"> 90\" action = alert }\n";

static const char actions[] =
    "action hello { kind = deploy command = \"/bin/echo hi there\" }\n"
    "action run { kind = apply command = \"/bin/echo applied\" }\n"
    "action bad { kind = fix command = \"/bin/false\" }\n"
    "action slow { kind = deploy command = \"/bin/sleep 30\" timeout = 200ms }\n"
    "action ping { kind = test command = \"/bin/echo pong\" }\n"
    "action boss { kind = deploy command = \"/bin/true\" level = admin }\n";

static const struct stage_options options = { .globals = api_client_globals,
                                              .lines = usual,
                                              .more = actions };

static struct stage stage;

static void expect_status(const char *method, const char *path, const char *body, int status)
{
    struct api_said said = api_ask(stage.daemon, method, path, NULL, body);

    cr_expect_eq(said.status, status, "%s %s: %d %s", method, path, said.status,
                 said.body != NULL ? said.body : "");
    cr_expect_eq(status >= 400, *api_text(&said, "error.code") != '\0', "%s %s", method, path);
    if (said.head != NULL) {
        cr_expect_not_null(strstr(said.head, "Cache-Control: no-store\r\n"));
        cr_expect_not_null(strstr(said.head, "X-Content-Type-Options: nosniff\r\n"));
        cr_expect_null(strstr(said.head, "Access-Control-"));
    }
    api_said_free(&said);
}

Test(api, statuses)
{
    stage_open(&stage, &options);
    expect_status("GET", "/v1/services", NULL, 200);
    expect_status("GET", "/v1/metrics-of-nobody", NULL, 404);
    expect_status("GET", "/v1/services/nobody/slots", NULL, 404);
    expect_status("GET", "/v1/history?limit=x", NULL, 400);
    expect_status("GET", "/v1/history?limit=%", NULL, 400);
    expect_status("GET", "/v1/services/%00", NULL, 400);
    expect_status("PUT", "/v1/services", NULL, 405);
    expect_status("GET", "/v1/reload", NULL, 405);
    expect_status("POST", "/v1/services/shop/switch", "{\"to\":\"purple\"}", 404);
    expect_status("POST", "/v1/services/shop/switch", "{\"to\":", 400);
    expect_status("POST", "/v1/services/shop/switch", "{\"to\":\"green\",\"to\":\"blue\"}", 400);
    expect_status("POST", "/v1/services/shop/switch", "[]", 400);
    expect_status("POST", "/v1/services/shop/switch?now=1", "{}", 400);
    expect_status("POST", "/v1/services/shop/canary/step", NULL, 422);
    expect_status("GET", "/v1/services/shop/slots/blue/drained?timeout=100ms", NULL, 200);
    cr_expect_eq(stage_epoch(&stage), 1, "one of these changed something");
    expect_status("POST", "/v1/services/shop/slots/green/drain", "{}", 200);
    expect_status("POST", "/v1/services/shop/switch", "{\"to\":\"green\"}", 422);
    expect_status("GET", "/v1/services/shop/slots/green/healthy?timeout=200ms", NULL, 504);
    cr_expect_eq(ctl_code(stage.daemon, "lock acquire --reason mine --as somebody"), 0);
    expect_status("POST", "/v1/services/shop/canary/start", "{\"timeout\":\"300ms\"}", 423);
    STOP_STAGE(&stage);
}

Test(api, a_change_is_made_once_and_in_its_epoch)
{
    struct api_said said;

    stage_open(&stage, &options);
    said = api_ask(stage.daemon, "POST", "/v1/services/shop/switch",
                   "If-Match: \"7\"\r\nIdempotency-Key: deploy-1\r\n", "{\"to\":\"green\"}");
    cr_expect_eq(said.status, 412, "%s", said.body);
    cr_expect_not_null(strstr(said.head, "ETag: \"1\"\r\n"));
    api_said_free(&said);
    for (unsigned i = 0; i < 3; i++) {
        said =
            api_ask(stage.daemon, "POST", "/v1/services/shop/switch",
                    "Idempotency-Key: deploy-1\r\nX-Reason: release 7\r\n", "{\"to\":\"green\"}");
        cr_expect_eq(said.status, 200, "%s", said.body);
        cr_expect_eq(api_number(&said, "epoch"), 2, "%s", said.body);
        api_said_free(&said);
    }
    said = api_ask(stage.daemon, "POST", "/v1/services/shop/rollback", "If-Match: \"2\"\r\n", NULL);
    cr_expect_eq(said.status, 200, "%s", said.body);
    api_said_free(&said);
    said = api_ask(stage.daemon, "GET", "/v1/history?kind=switch", NULL, NULL);
    cr_expect_not_null(strstr(said.body, "\"reason\":\"release 7\""), "%s", said.body);
    api_said_free(&said);
    said = api_ask(stage.daemon, "GET", "/v1/audit?kind=switch", NULL, NULL);
    cr_expect_not_null(strstr(said.body, "\"from\":\"unix:/"), "%s", said.body);
    api_said_free(&said);
    STOP_STAGE(&stage);
}

Test(api, what_is_not_waited_for_goes_on)
{
    struct api_said said;
    char *path = NULL;

    stage_open(&stage, &options);
    cr_expect_eq(ctl_code(stage.daemon, "lock acquire --reason mine --as somebody"), 0);
    said = api_ask(stage.daemon, "POST", "/v1/services/shop/switch?wait=0", NULL,
                   "{\"to\":\"green\"}");
    cr_expect_eq(said.status, 202, "%s", said.body);
    path = mem_format("/v1/operations/%.0f", api_number(&said, "operation"));
    api_said_free(&said);
    expect_status("GET", path, NULL, 202);
    expect_status("GET", "/v1/operations/77", NULL, 404);
    expect_status("GET", "/v1/operations/x", NULL, 404);
    cr_expect_eq(ctl_code(stage.daemon, "lock release --force --reason done"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "wait healthy shop"), 0);
    for (unsigned i = 0; i < 200 && api_status(stage.daemon, "GET", path, NULL) == 202; i++)
        scene_pause_us(20000);
    said = api_ask(stage.daemon, "GET", path, NULL, NULL);
    cr_expect_eq(said.status, 200, "%s", said.body);
    cr_expect_str_eq(api_text(&said, "result.to"), "green");
    api_said_free(&said);
    free(path);
    STOP_STAGE(&stage);
}

Test(api, actions_are_run_and_some_with_a_token)
{
    struct api_said said;
    char *body = NULL;

    stage_open(&stage, &options);
    said = api_ask(stage.daemon, "POST", "/api/deployment/deploy-hello", NULL, NULL);
    cr_expect_eq(said.status, 200, "%s", said.body);
    cr_expect_str_eq(api_text(&said, "result.output"), "hi there\n");
    api_said_free(&said);
    said = api_ask(stage.daemon, "POST", "/api/emergency/apply-run", NULL, NULL);
    cr_expect_eq(said.status, 409, "%s", said.body);
    cr_expect_str_eq(api_text(&said, "error.code"), "unconfirmed");
    body = mem_format("{\"token\":\"%s\"}", api_text(&said, "result.token"));
    api_said_free(&said);
    expect_status("POST", "/api/emergency/fix-bad", body, 409); /* of another action */
    expect_status("POST", "/api/emergency/apply-run", body, 200);
    expect_status("POST", "/api/emergency/apply-run", body, 409); /* once */
    free(body);
    said = api_ask(stage.daemon, "POST", "/v1/actions/bad/run", NULL, NULL);
    body = mem_format("{\"token\":\"%s\"}", api_text(&said, "result.token"));
    api_said_free(&said);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    expect_status("POST", "/v1/actions/bad/run", body, 409); /* the epoch is another one */
    free(body);
    said = api_ask(stage.daemon, "POST", "/v1/actions/bad/run", NULL, NULL);
    body = mem_format("{\"token\":\"%s\"}", api_text(&said, "result.token"));
    api_said_free(&said);
    said = api_ask(stage.daemon, "POST", "/v1/actions/bad/run", NULL, body);
    cr_expect_eq(said.status, 500, "%s", said.body);
    cr_expect_str_eq(api_text(&said, "error.code"), "action_failed");
    cr_expect_eq(api_number(&said, "result.exit"), 1);
    api_said_free(&said);
    free(body);
    expect_status("POST", "/v1/actions/slow/run", NULL, 504);
    expect_status("GET", "/api/emergency/test-ping", NULL, 200);
    expect_status("GET", "/api/emergency/test-hello", NULL, 404);
    expect_status("POST", "/api/emergency/fix-hello", NULL, 404);
    expect_status("POST", "/api/deployment/deploy-nobody", NULL, 404);
    expect_status("GET", "/v1/actions/hello/test", NULL, 400);
    cr_expect_eq(ctl_code(stage.daemon, "action run hello"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "action run run"), 3);
    STOP_STAGE(&stage);
}

Test(api, older_shapes_are_served)
{
    static const struct {
        const char *method;
        const char *path;
        const char *member;
    } cases[] = {
        { "GET", "/api/deployment/status", "result.services" },
        { "GET", "/api/deployment/health", "result.targets" },
        { "GET", "/api/deployment/migration-plans", "result.migrations" },
        { "POST", "/api/deployment/deploy-hello", "result.exit" },
        { "POST", "/api/deployment/rollback", "result.epoch" },
        { "GET", "/api/emergency/test-ping", "result.exit" },
    };

    stage_open(&stage, &options);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_said said = api_ask(stage.daemon, cases[i].method, cases[i].path, NULL, NULL);

        cr_expect_eq(said.status, 200, "%s: %s", cases[i].path, said.body);
        cr_expect_not_null(api_member(&said, cases[i].member), "%s: %s", cases[i].path, said.body);
        api_said_free(&said);
    }
    STOP_STAGE(&stage);
}

/* What stands for {name} and so on in a documented path. */
static char *fill_path(const char *pattern)
{
    static const struct {
        const char *name;
        const char *value;
    } values[] = { { "name", "shop" },     { "slot", "green" },   { "target", "127.0.0.1:9" },
                   { "tenant", "acme" },   { "action", "hello" }, { "id", "1" },
                   { "database", "main" }, { "webhook", "chat" } };
    struct text path;
    const char *open = NULL;

    text_init(&path, 1024);
    while ((open = strchr(pattern, '{')) != NULL) {
        size_t len = strcspn(open + 1, "}");

        text_add_slice(&path, slice_of(pattern, (size_t)(open - pattern)));
        for (size_t i = 0; i < COUNT_OF(values); i++)
            if (slice_is_equal(slice_of(open + 1, len), slice_from(values[i].name)))
                text_add(&path, values[i].value);
        pattern = open + len + 2;
    }
    text_add(&path, pattern);
    return text_take(&path);
}

/* A body that has what is required, nothing else. */
static char *fill_body(const cJSON *operation)
{
    static const char *const way[] = { "requestBody", "content", "application/json", "schema",
                                       "required" };
    const cJSON *at = operation;
    const cJSON *name = NULL;
    struct text body;
    const char *comma = "";

    for (size_t i = 0; i < COUNT_OF(way); i++)
        at = cJSON_GetObjectItemCaseSensitive(at, way[i]);
    text_init(&body, 1024);
    text_add(&body, "{");
    cJSON_ArrayForEach(name, at)
    {
        text_add_format(&body, "%s\"%s\":\"%s\"", comma, name->valuestring,
                        strcmp(name->valuestring, "command") == 0 ? "list" : "blue");
        comma = ",";
    }
    text_add(&body, "}");
    return text_take(&body);
}

static void try_operation(const char *pattern, const cJSON *operation)
{
    bool is_get = strcmp(operation->string, "get") == 0;
    char *path = fill_path(pattern);
    char *body = is_get ? NULL : fill_body(operation);
    char status[16];
    struct api_said said = api_ask(stage.daemon, is_get ? "GET" : "POST", path, NULL, body);
    const cJSON *responses = cJSON_GetObjectItemCaseSensitive(operation, "responses");
    const char *code = api_text(&said, "error.code");

    snprintf(status, sizeof status, "%d", said.status);
    cr_expect_not_null(cJSON_GetObjectItemCaseSensitive(responses, status), "%s %s: %s %s",
                       operation->string, path, status, said.body);
    cr_expect(strcmp(code, "not_found") != 0 && strcmp(code, "method_refused") != 0, "%s", path);
    if (strcmp(pattern, "/metrics") != 0) {
        cr_expect_not_null(said.json, "%s: %s", path, said.body);
        if (said.status >= 400 && strcmp(pattern, "/readyz") != 0)
            cr_expect(*code != '\0' && *api_text(&said, "error.message") != '\0' &&
                          api_member(&said, "error.hint") != NULL &&
                          api_member(&said, "error.next") != NULL,
                      "%s: %s", path, said.body);
    }
    api_said_free(&said);
    free(path);
    free(body);
}

/* All of the document but what ends the daemon or waits for long, and the stream, which does not end. */
static void each_operation(bool wants_get, bool wants_post)
{
    struct api_said document = api_ask(stage.daemon, "GET", "/v1/openapi.json", NULL, NULL);
    const cJSON *path = NULL;
    const cJSON *operation = NULL;

    cr_assert_eq(document.status, 200);
    cJSON_ArrayForEach(path, api_member(&document, "paths"))
    {
        if (strcmp(path->string, "/v1/shutdown") == 0 || strcmp(path->string, "/v1/events") == 0 ||
            strstr(path->string, "wait") != NULL || strstr(path->string, "healthy") != NULL)
            continue;
        cJSON_ArrayForEach(operation,
                           path) if (strcmp(operation->string, "get") == 0 ? wants_get : wants_post)
            try_operation(path->string, operation);
    }
    api_said_free(&document);
}

Test(api, every_documented_route_is_served)
{
    stage_open(&stage, &options);
    each_operation(true, true);
    STOP_STAGE(&stage);
}

Test(api, no_get_leaves_a_trace)
{
    char *state_path = NULL;
    char *before = NULL;
    char *after = NULL;

    stage_open(&stage, &options);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    state_path = mem_format("%s/state/state.json", daemon_folder(stage.daemon));
    before = scene_read(state_path, NULL);
    each_operation(true, false);
    after = scene_read(state_path, NULL);
    cr_expect_str_eq(after, before);
    cr_expect_eq(stage_epoch(&stage), 2);
    free(before);
    free(after);
    free(state_path);
    STOP_STAGE(&stage);
}

/* Over TCP nobody is known. */
Test(api, strangers_read_and_change_nothing)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        { "GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:1\r\n", 200 },
        { "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n", 200 },
        { "GET /v1/status HTTP/1.1\r\nHost: switch.example\r\n", 200 },
        { "GET /v1/status HTTP/1.1\r\nHost: evil.example\r\n", 421 },
        { "GET /livez HTTP/1.1\r\nHost: evil.example\r\n", 200 },
        { "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n", 200 },
        { "GET /v1/config HTTP/1.1\r\nHost: localhost\r\n", 401 },
        { "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n", 403 },
        { "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n", 200 },
        { "POST /v1/services/shop/switch HTTP/1.1\r\nHost: localhost\r\n", 401 },
        { "POST /v1/services/shop/rollback?wait=0 HTTP/1.1\r\nHost: localhost\r\n", 401 },
        { "POST /v1/shutdown HTTP/1.1\r\nHost: localhost\r\n", 401 },
        { "POST /v1/plan HTTP/1.1\r\nHost: localhost\r\n", 401 },
        { "POST /api/emergency/apply-run HTTP/1.1\r\nHost: localhost\r\n", 401 },
        { "GET /api/emergency/test-ping HTTP/1.1\r\nHost: localhost\r\n", 401 },
        { "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n", 401 },
        { "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n"
          "Authorization: Bearer y\r\n",
          400 },
        { "POST /v1/services/shop/switch HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
          "2000000\r\n",
          413 },
    };
    struct stage_options wish = options;

    wish.globals = "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
                   "log { access = \"%s/access.log\" }\n"
                   "api { bind = \"127.0.0.1:0\" hosts = { \"switch.example\" } }\n";
    stage_open(&stage, &wish);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *request = mem_format("%sConnection: close\r\n\r\n", cases[i].request);
        int status = client_ask(daemon_api(stage.daemon), request, NULL);

        cr_expect_eq(status, cases[i].status, "%s: %d", cases[i].request, status);
        free(request);
    }
    cr_expect_eq(stage_epoch(&stage), 1);
    STOP_STAGE(&stage);
}

/* A token of switchctl for a role; the caller frees. */
static char *make_token(const char *key, const char *role)
{
    char *words = mem_format("token --key %s --alg HS256 --kid ci --subject ann --ttl 5m --role %s",
                             key, role);
    struct ctl_result made = ctl_run(NULL, words);
    char *field = NULL;

    cr_assert_eq(made.code, 0, "%s", made.err);
    field = mem_format("Authorization: Bearer %.*s\r\n", (int)strcspn(made.out, "\n"), made.out);
    ctl_free(&made);
    free(words);
    return field;
}

/* The status of a request with that field. */
static int status_with(const char *field, const char *method, const char *path)
{
    struct api_said said = api_ask(stage.daemon, method, path, field, NULL);
    int status = said.status;

    api_said_free(&said);
    return status;
}

Test(api, tokens_give_their_role_over_tcp)
{
    static const char secret[] = "a secret of this test that is long enough";
    char folder[SCENE_PATH];
    char *key = NULL;
    char *wrong = NULL;
    char *globals = NULL;
    char *viewer = NULL;
    char *deployer = NULL;
    char *strange = NULL;
    char *operators = NULL;
    struct stage_options wish = options;

    scene_folder(folder);
    key = mem_format("%s/key", folder);
    wrong = mem_format("%s/wrong", folder);
    scene_write(key, secret, sizeof secret - 1);
    scene_write(wrong, secret, sizeof secret - 2);
    cr_assert(chmod(key, 0600) == 0 && chmod(wrong, 0600) == 0);
    globals = mem_format("run_dir = \"%%s/run\"\nstate_dir = \"%%s/state\"\nworkers = 1\n"
                         "log { access = \"%%s/access.log\" }\napi { bind = \"127.0.0.1:0\"\n"
                         "key ci { alg = HS256 file = \"%s\" } }\n",
                         key);
    wish.globals = globals;
    stage_open(&stage, &wish);
    viewer = make_token(key, "viewer");
    deployer = make_token(key, "deployer --services other");
    operators = make_token(key, "operator");
    strange = make_token(wrong, "admin");
    cr_expect_eq(status_with(viewer, "GET", "/v1/status"), 200);
    cr_expect_eq(status_with(viewer, "POST", "/v1/services/shop/switch"), 403);
    cr_expect_eq(status_with(deployer, "POST", "/v1/services/shop/switch"), 403);
    cr_expect_eq(status_with(strange, "GET", "/v1/status"), 401);
    cr_expect_eq(stage_epoch(&stage), 1);
    cr_expect_eq(status_with(operators, "POST", "/v1/services/shop/switch"), 200);
    cr_expect_eq(status_with(operators, "POST", "/v1/shutdown"), 403);
    cr_expect_eq(stage_epoch(&stage), 2);
    STOP_STAGE(&stage);
    scene_remove(folder);
    free(key);
    free(wrong);
    free(globals);
    free(viewer);
    free(deployer);
    free(operators);
    free(strange);
}

Test(api, bodies_have_their_rules)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        { "POST /v1/plan HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
          "Content-Length: 2\r\nConnection: close\r\n\r\n{}",
          415 },
        { "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\n"
          "Content-Type: Application/JSON; charset=utf-8\r\n"
          "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
          "9\r\n{\"command\r\n9\r\n\":\"list\"}\r\n0\r\n\r\n",
          200 },
        { "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          "Transfer-Encoding: chunked\r\n\r\nx\r\n",
          400 },
        { "GET /v1/list HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          "Content-Length: 2\r\n\r\n{}",
          400 },
        { "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
          "Transfer-Encoding: chunked\r\n\r\n",
          400 },
        { "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          "Content-Length: 1048577\r\n\r\n",
          413 },
    };

    stage_open(&stage, &options);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int status = client_ask(daemon_api(stage.daemon), cases[i].request, NULL);

        cr_expect_eq(status, cases[i].status, "%s: %d", cases[i].request, status);
    }
    STOP_STAGE(&stage);
}

Test(api, pins_are_loaded_and_exported)
{
    struct api_said said;

    stage_open(&stage, &options);
    expect_status("POST", "/v1/services/shop/tenants/load",
                  "{\"lines\":\"acme green\\nzeta blue\\n\"}", 200);
    expect_status("POST", "/v1/services/shop/tenants/load", "{\"lines\":\"acme purple\\n\"}", 400);
    said = api_ask(stage.daemon, "GET", "/v1/services/shop/tenants/export", NULL, NULL);
    cr_expect_eq(said.status, 200);
    cr_expect_not_null(strstr(said.head, "Transfer-Encoding: chunked"));
    cr_expect_str_eq(api_text(&said, "result.pins.acme"), "green");
    cr_expect_eq(api_number(&said, "result.count"), 2);
    api_said_free(&said);
    expect_status("POST", "/v1/services/shop/tenants/acme/unpin", "{}", 200);
    STOP_STAGE(&stage);
}

Test(api, requests_sent_ahead_are_answered_in_order)
{
    struct client client = { .fd = -1 };
    struct reply reply = { 0 };
    static const char *const parts[] = { "\"up\"", "\"switches\"", "\"live\"" };

    stage_open(&stage, &options);
    client_open(&client, daemon_api(stage.daemon));
    cr_assert(client_send_text(&client,
                               "GET /v1/services/shop/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
                               "GET /v1/list HTTP/1.1\r\nHost: localhost\r\n\r\n"
                               "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        cr_assert_eq(client_reply(&client, false, 5000, &reply), REPLY_WHOLE);
        cr_expect_not_null(strstr(reply.body.bytes, parts[i]), "%s", reply.body.bytes);
    }
    reply_fini(&reply);
    client_close(&client);
    STOP_STAGE(&stage);
}

/* Readers that wait take 18 of the 22 places and no more. */
Test(api, a_crowd_that_waits_keeps_no_change_out)
{
    enum { CROWD = 20 };
    struct client crowd[CROWD];
    struct stage_options wish = options;
    unsigned refused = 0;

    wish.more = "service sick { hosts = { \"sick.example\" } slot one { targets = { "
                "\"127.0.0.1:1\" } } }\n";
    stage_open(&stage, &wish);
    for (unsigned i = 0; i < CROWD; i++) {
        client_open(&crowd[i], daemon_api(stage.daemon));
        cr_assert(client_send_text(&crowd[i], "GET /v1/services/sick/healthy?timeout=1h "
                                              "HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }
    for (unsigned i = 0; i < 50 * CROWD && refused < 2; i++)
        refused += client_pull(&crowd[i % CROWD], 10);
    cr_expect_eq(refused, 2, "the others wait");
    expect_status("GET", "/v1/services/sick/healthy?timeout=1h", NULL, 429);
    expect_status("GET", "/v1/status", NULL, 200);
    expect_status("POST", "/v1/services/shop/switch", "{\"to\":\"green\"}", 200);
    for (unsigned i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    STOP_STAGE(&stage);
}

/* Also by who does not wait: what is decided is answered, and not an operation of which nobody is told to stop. */
Test(api, shutdown_is_answered_and_done)
{
    static const char *const paths[] = { "/v1/shutdown", "/v1/shutdown?wait=0",
                                         "/v1/shutdown?wait=1ms" };
    struct client client;
    int status = -1;

    stage_open(&stage, &options);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        expect_status("POST", paths[i], "{\"now\":true}", 200);
        cr_assert(daemon_await_exit(stage.daemon, 10000, &status), "%s", paths[i]);
        cr_expect_eq(status, 0);
        daemon_restart(stage.daemon);
    }
    client_open(&client,
                daemon_api(stage.daemon)); /* whoever leaves at once has still asked for it */
    cr_assert(client_send_text(&client, "POST /v1/shutdown HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    client_close(&client);
    cr_assert(daemon_await_exit(stage.daemon, 10000, &status));
    daemon_restart(stage.daemon);
    STOP_STAGE(&stage);
}
