/*
 * What Prometheus gets and what it makes of it: a real scrape passes promtool, and every metric that the rules and the
 * dashboard name is one that a daemon exports.
 */
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"
#include "support/tool.h"

enum { TOOL_MS = 60000, NAME_MAX_BYTES = 160 };

#define FOLDER SOURCE_DIR "/conf/prometheus"
#define BOARD  SOURCE_DIR "/conf/grafana/switchyard.json"

#define DOWN   "GET /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

/* Nobody is told of anything, but what waits is measured; and of databases that nobody reaches it is known that. */
static const struct stage_options usual = {
    .more = "webhook chat { url = \"http://127.0.0.1:1/\" events = { \"action\" } }\n"
            "hook mail { command = \"/bin/true\" events = { \"action\" } }\n"
            "database main { dsn = \"host=127.0.0.1 port=1 user=u dbname=d\" interval = \"1m\"\n"
            "  snapshots { folder = \"/nowhere/snapshots\" } }\n"
            "database copy { dsn = \"host=127.0.0.1 port=1 user=u dbname=e\" interval = \"1m\"\n"
            "  publisher = \"main\" subscription = \"s\" }\n",
};

static char *scrape(const struct daemon *daemon)
{
    struct text body;

    text_init(&body, 16 << 20);
    cr_assert_eq(client_ask(daemon_api(daemon),
                            "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &body),
                 200);
    return body.bytes != NULL ? text_take(&body) : mem_text("");
}

/* Something of everything that a small daemon can have. */
static void make_history(struct stage *stage)
{
    for (int i = 0; i < 20; i++)
        client_ask(daemon_front(stage->daemon), DOWN, NULL);
    client_ask(daemon_front(stage->daemon),
               "BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", NULL);
    client_ask(daemon_front(stage->daemon), "GET / HTTP/1.1\r\nHost : a\r\n\r\n", NULL);
    cr_expect_eq(ctl_code(stage->daemon, "switch shop --to green"), 0);
    cr_expect_eq(ctl_code(stage->daemon, "canary start shop 10% --to blue"), 0);
    cr_expect_eq(ctl_code(stage->daemon, "canary abort shop"), 0);
    cr_expect_neq(ctl_code(stage->daemon, "switch nothing"), 0);
    cr_expect_eq(ctl_code(stage->daemon, "rollback shop"), 0);
}

Test(prometheus, promtool_accepts_a_scrape)
{
    static const char *const words[] = { "promtool", "check", "metrics", NULL };
    struct stage stage;
    char *text = NULL;
    char *said = NULL;
    int code = 0;

    if (!tool_exists("promtool"))
        return;
    stage_open(&stage, &usual);
    make_history(&stage);
    text = scrape(stage.daemon);
    code = tool_run(&(struct tool){ .words = words, .input = text, .ms = TOOL_MS }, &said);
    cr_expect_eq(code, 0, "promtool check metrics: %d\n%s", code, said);
    cr_expect_str_empty(said, "promtool has something to say:\n%s", said);
    free(said);
    free(text);
    STOP_STAGE(&stage);
}

/* The name of the family that a line "# TYPE NAME …" opens; "" : it is none. */
static void read_family(const char *line, char out[NAME_MAX_BYTES])
{
    out[0] = '\0';
    if (strncmp(line, "# TYPE ", 7) == 0)
        snprintf(out, NAME_MAX_BYTES, "%.*s", (int)strcspn(line + 7, " "), line + 7);
}

/* Each sample stands behind the line of its own family, with an ending that its type has. */
static void check_open(const char *text)
{
    static const char *const endings[] = { "", "_total", "_info", "_bucket", "_sum", "_count" };
    char family[NAME_MAX_BYTES] = "";
    unsigned samples = 0;

    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        char opened[NAME_MAX_BYTES];
        size_t len = strcspn(at, "{ ");
        bool is_of_it = false;

        read_family(at, opened);
        if (opened[0] != '\0')
            snprintf(family, sizeof family, "%s", opened);
        if (at[0] == '#')
            continue;
        for (size_t i = 0; i < COUNT_OF(endings) && !is_of_it; i++)
            is_of_it = len == strlen(family) + strlen(endings[i]) &&
                       strncmp(at, family, strlen(family)) == 0 &&
                       strncmp(at + strlen(family), endings[i], strlen(endings[i])) == 0;
        cr_expect(is_of_it, "%.*s is not of %s", (int)len, at, family);
        samples++;
    }
    cr_expect_gt(samples, 100);
}

Test(prometheus, openmetrics_for_those_who_ask)
{
    static const char ask[] = "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                              "Accept: application/openmetrics-text;version=1.0.0\r\n\r\n";
    struct stage stage;
    struct client client;
    struct reply reply;

    stage_open(&stage, &usual);
    make_history(&stage);
    client_open(&client, daemon_api(stage.daemon));
    client_send_text(&client, ask);
    cr_assert_eq(client_reply(&client, false, TOOL_MS, &reply), REPLY_WHOLE);
    cr_expect(slice_is_equal(reply_value(&reply, "Content-Type"),
                             SLICE("application/openmetrics-text; version=1.0.0; charset=utf-8")));
    cr_expect(slice_is_equal(reply_value(&reply, "Vary"), SLICE("Accept")));
    cr_expect_not_null(strstr(reply.body.bytes, "\n# TYPE switchyard_http_requests counter\n"));
    cr_expect_not_null(strstr(reply.body.bytes, "\n# TYPE switchyard_slot info\n"));
    cr_expect_not_null(strstr(reply.body.bytes, "\n# UNIT process_cpu_seconds seconds\n"));
    cr_expect_str_eq(reply.body.bytes + reply.body.len - 7, "\n# EOF\n");
    cr_expect_eq(strstr(reply.body.bytes, "# EOF"), reply.body.bytes + reply.body.len - 6);
    check_open(reply.body.bytes);
    reply_fini(&reply);
    client_close(&client);
    STOP_STAGE(&stage);
}

Test(prometheus, commands_and_threads_are_counted)
{
    struct stage stage;

    stage_open(&stage, &usual);
    make_history(&stage);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_admin_requests_total",
                               "verb=\"switch\",role=\"admin\",result=\"done\""),
                 1);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_admin_requests_total",
                               "verb=\"rollback\",role=\"admin\",result=\"done\""),
                 1);
    cr_expect(daemon_metric(stage.daemon, "switchyard_event_loop_lag_seconds_count",
                            "thread=\"control\"") > 0);
    cr_expect(daemon_metric(stage.daemon, "switchyard_event_loop_lag_seconds_count",
                            "thread=\"worker-1\"") > 0);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_connections", "listener=\"http\""), 0);
    STOP_STAGE(&stage);
}

Test(prometheus, a_way_back_is_told)
{
    struct stage stage;

    stage_open(&stage, &usual);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_rollback_safe", "service=\"shop\""), 0);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_rollback_safe", "service=\"shop\""), 1);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_drain_remaining",
                               "slot=\"blue\",kind=\"requests\""),
                 0);
    STOP_STAGE(&stage);
}

/* Of its connections each listener tells its own. */
Test(prometheus, connections_by_listener)
{
    static const struct stage_options options = {
        .more = "listener other { bind = \"127.0.0.1:0\" }\n"
    };
    struct stage stage;
    struct client clients[3];

    stage_open(&stage, &options);
    for (int i = 0; i < 3; i++) {
        struct reply reply = { 0 };

        client_open(&clients[i],
                    i == 0 ? daemon_front(stage.daemon) : daemon_address(stage.daemon, "other"));
        client_send_text(&clients[i], "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n");
        cr_assert_eq(client_reply(&clients[i], false, 8000, &reply), REPLY_WHOLE);
        reply_fini(&reply);
    }
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_connections", "listener=\"http\""), 1);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_connections", "listener=\"other\""), 2);
    for (int i = 0; i < 3; i++)
        client_close(&clients[i]);
    STOP_STAGE(&stage);
}

static void promtool(const char *const *words)
{
    char *said = NULL;
    int code = tool_run(&(struct tool){ .words = words, .folder = FOLDER, .ms = TOOL_MS }, &said);

    cr_expect_eq(code, 0, "promtool %s %s: %d\n%s", words[1], words[2], code, said);
    free(said);
}

Test(prometheus, rules_do_what_their_tests_say)
{
    static const char *const config[] = { "promtool", "check", "config", "prometheus.yml", NULL };
    static const char *const rules[] = { "promtool", "test", "rules", "alerts_test.yml", NULL };

    if (!tool_exists("promtool"))
        return;
    promtool(config);
    promtool(rules);
}

/* The next thing of the text that can be a name; false at the end. */
static bool next_name(const char **at, char *out)
{
    size_t len = 0;

    while (**at != '\0' && !isalpha((unsigned char)**at) && **at != '_')
        ++*at;
    while (isalnum((unsigned char)(*at)[len]) || (*at)[len] == '_' || (*at)[len] == ':')
        len++;
    if (len == 0)
        return false;
    snprintf(out, NAME_MAX_BYTES, "%.*s", (int)len, *at);
    *at += len;
    return true;
}

Test(prometheus, every_alert_is_tested)
{
    char *rules = scene_read(FOLDER "/alerts.yml", NULL);
    char *tests = scene_read(FOLDER "/alerts_test.yml", NULL);
    unsigned count = 0;

    cr_assert(rules != NULL && tests != NULL);
    for (const char *at = rules; (at = strstr(at, "- alert: ")) != NULL;) {
        char name[NAME_MAX_BYTES];
        char *wanted = NULL;

        at += strlen("- alert: ");
        cr_assert(next_name(&at, name));
        wanted = mem_format("{alertname=\"%s\"}", name);
        cr_expect_not_null(strstr(tests, wanted), "%s is not fired by alerts_test.yml", name);
        free(wanted);
        count++;
    }
    cr_expect_gt(count, 20);
    free(rules);
    free(tests);
}

struct known {
    char *scrape;
    char *recording;
};

static bool has_type(const struct known *known, const char *name, const char *type)
{
    char *line = mem_format("\n# TYPE %s %s", name, type);
    bool is_there = strstr(known->scrape, line) != NULL;

    free(line);
    return is_there;
}

/* A family, a part of a histogram, or what a recording rule makes. */
static bool is_exported(const struct known *known, const char *name)
{
    static const char *const parts[] = { "_bucket", "_sum", "_count" };
    char *recorded = mem_format("record: %s\n", name);
    bool is_there = strstr(known->recording, recorded) != NULL || has_type(known, name, "");

    free(recorded);
    for (size_t i = 0; i < COUNT_OF(parts) && !is_there; i++) {
        size_t len = strlen(name);
        size_t part = strlen(parts[i]);
        char base[NAME_MAX_BYTES];

        if (len <= part || strcmp(name + len - part, parts[i]) != 0)
            continue;
        snprintf(base, sizeof base, "%.*s", (int)(len - part), name);
        is_there = has_type(known, base, "histogram");
    }
    return is_there;
}

/* How many metrics of ours a text names; each must be exported. */
static unsigned check_names(const struct known *known, const char *text, const char *where)
{
    char name[NAME_MAX_BYTES];
    unsigned count = 0;

    while (next_name(&text, name)) {
        if (strstr(name, "switchyard_") == NULL && strncmp(name, "process_", 8) != 0)
            continue;
        cr_expect(is_exported(known, name), "%s names %s, which nobody exports", where, name);
        count++;
    }
    return count;
}

/* Every text under the keys expr and query. */
static unsigned check_board(const struct known *known, const cJSON *item)
{
    unsigned count = 0;
    bool is_expr = item->string != NULL && cJSON_IsString(item) &&
                   (strcmp(item->string, "expr") == 0 || strcmp(item->string, "query") == 0);

    if (is_expr)
        count += check_names(known, item->valuestring, "switchyard.json");
    for (const cJSON *child = item->child; child != NULL; child = child->next)
        count += check_board(known, child);
    return count;
}

Test(prometheus, rules_and_dashboard_name_what_is_exported)
{
    static const char *const files[] = { FOLDER "/recording.yml", FOLDER "/alerts.yml",
                                         FOLDER "/alerts_test.yml" };
    struct stage stage;
    struct known known = { .recording = scene_read(FOLDER "/recording.yml", NULL) };
    char *bytes = scene_read(BOARD, NULL);
    cJSON *board = cJSON_Parse(bytes);

    cr_assert(known.recording != NULL && board != NULL);
    stage_open(&stage, &usual);
    make_history(&stage);
    known.scrape = scrape(stage.daemon);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char *text = scene_read(files[i], NULL);

        cr_assert_not_null(text, "%s", files[i]);
        cr_expect_gt(check_names(&known, text, files[i]), 5);
        free(text);
    }
    cr_expect_gt(check_board(&known, board), 80);
    cr_expect_not(is_exported(&known, "switchyard_nothing_total"), "this test sees nothing");
    cr_expect_not(is_exported(&known, "switchyard_epoch_bucket"));
    free(known.scrape);
    free(known.recording);
    cJSON_Delete(board);
    free(bytes);
    STOP_STAGE(&stage);
}

/* A port that nobody has now. */
static unsigned find_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

struct prometheus {
    char folder[SCENE_PATH];
    char address[64];
    pid_t pid;
};

static void start_prometheus(struct prometheus *server, const struct daemon *daemon)
{
    char *config = NULL;
    char *path = NULL;
    char *log = NULL;
    char *words[8] = { mem_text("prometheus") };

    scene_folder(server->folder);
    snprintf(server->address, sizeof server->address, "127.0.0.1:%u", find_port());
    config = mem_format("global: { scrape_interval: 1s, evaluation_interval: 1s }\n"
                        "rule_files: ['%s/recording.yml', '%s/alerts.yml']\n"
                        "scrape_configs:\n"
                        "  - job_name: switchyard\n"
                        "    static_configs: [ { targets: ['%s'] } ]\n",
                        FOLDER, FOLDER, daemon_api(daemon));
    path = mem_format("%s/prometheus.yml", server->folder);
    log = mem_format("%s/log", server->folder);
    scene_write(path, config, strlen(config));
    words[1] = mem_format("--config.file=%s", path);
    words[2] = mem_format("--storage.tsdb.path=%s/data", server->folder);
    words[3] = mem_format("--web.listen-address=%s", server->address);
    words[4] = mem_text("--web.max-connections=16");
    server->pid = tool_start(&(struct tool){ .words = (const char *const *)(uintptr_t)words }, log);
    for (int i = 0; i < 5; i++)
        free(words[i]);
    free(config);
    free(path);
    free(log);
}

/* The answer to a query, parsed; NULL when the server is not there yet. The caller deletes it. */
static cJSON *query(const struct prometheus *server, const char *expr)
{
    struct client probe;
    struct text request;
    struct text body;
    cJSON *answer = NULL;

    if (!client_try(&probe, server->address))
        return NULL;
    client_close(&probe);
    text_init(&request, 64 * 1024);
    text_init(&body, 16 << 20);
    text_add(&request, "GET /api/v1/query?query=");
    for (; *expr != '\0'; expr++)
        text_add_format(&request, isalnum((unsigned char)*expr) ? "%c" : "%%%02X",
                        (unsigned char)*expr);
    text_add(&request, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    (void)client_ask(server->address, request.bytes, &body);
    answer = body.len > 0 ? cJSON_Parse(body.bytes) : NULL;
    text_fini(&request);
    text_fini(&body);
    return answer;
}

static bool is_success(const cJSON *answer)
{
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(answer, "status");

    return cJSON_IsString(status) && strcmp(status->valuestring, "success") == 0;
}

/* The value of the first sample, -1 without one. */
static double first_value(const cJSON *answer)
{
    const cJSON *results = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(answer, "data"), "result");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(results, 0), "value");
    const cJSON *text = cJSON_GetArrayItem(value, 1);

    return cJSON_IsString(text) ? strtod(text->valuestring, NULL) : -1;
}

struct wish {
    const struct prometheus *server;
    const char *expr;
    double value;
};

static bool is_fulfilled(void *arg)
{
    const struct wish *wish = arg;
    cJSON *answer = query(wish->server, wish->expr);
    bool is_so = is_success(answer) && first_value(answer) == wish->value;

    cJSON_Delete(answer);
    return is_so;
}

/* What Grafana puts in the place of its variables. */
static char *fill_variables(const char *expr)
{
    struct text text;

    text_init(&text, 64 * 1024);
    while (*expr != '\0') {
        if (strncmp(expr, "$__rate_interval", 16) == 0) {
            text_add(&text, "1m");
            expr += 16;
        } else if (strncmp(expr, "$instance", 9) == 0) {
            text_add(&text, ".*");
            expr += 9;
        } else if (strncmp(expr, "$service", 8) == 0) {
            text_add(&text, "shop|api");
            expr += 8;
        } else {
            text_add_slice(&text, slice_of(expr++, 1));
        }
    }
    return text_take(&text);
}

static unsigned ask_board(const struct prometheus *server, const cJSON *item)
{
    unsigned count = 0;

    if (item->string != NULL && strcmp(item->string, "expr") == 0) {
        char *expr = fill_variables(item->valuestring);
        cJSON *answer = query(server, expr);
        char *words = answer != NULL ? cJSON_PrintUnformatted(answer) : NULL;

        cr_expect(is_success(answer), "%s\n%s", expr, words);
        free(words);
        cJSON_Delete(answer);
        free(expr);
        count++;
    }
    for (const cJSON *child = item->child; child != NULL; child = child->next)
        count += ask_board(server, child);
    return count;
}

/* A real Prometheus scrapes, records and judges; and it understands every expression of the dashboard. */
Test(prometheus, a_real_one_scrapes)
{
    struct prometheus server;
    struct stage stage;
    char *bytes = scene_read(BOARD, NULL);
    cJSON *board = cJSON_Parse(bytes);
    struct wish wishes[] = {
        { &server, "sum(switchyard_http_requests_total{service=\"shop\",slot=\"blue\"})", 21 },
        { &server, "switchyard_slot_state{state=\"live\",slot=\"blue\"}", 1 },
        { &server, "up{job=\"switchyard\"}", 1 },
        { &server, "count(service_slot:switchyard_http_requests:rate1m)", 1 },
        { &server, "count(ALERTS{alertname=\"SwitchyardStateNotOnDisk\"}) or vector(0)", 0 },
    };

    if (!tool_exists("prometheus"))
        return;
    stage_open(&stage, &usual);
    make_history(&stage);
    start_prometheus(&server, stage.daemon);
    for (size_t i = 0; i < COUNT_OF(wishes); i++)
        cr_expect(scene_await(is_fulfilled, &wishes[i], TOOL_MS), "%s", wishes[i].expr);
    cr_expect_gt(ask_board(&server, board), 60);
    tool_stop(server.pid);
    scene_remove(server.folder);
    cJSON_Delete(board);
    free(bytes);
    STOP_STAGE(&stage);
}
