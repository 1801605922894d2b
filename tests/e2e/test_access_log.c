/*
 * The access log: one JSON object per request with every documented field, also for requests that failed, with the
 * fault that ended them; hostile text is escaped; and the combined form.
 */
#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/load.h"
#include "support/scene.h"

enum { WAIT_MS = 8000 };

/* The access line with that part, parsed; the caller deletes it. */
static cJSON *find_line(const struct daemon *daemon, const char *part)
{
    char *log = NULL;
    char *rest = NULL;
    char *line = NULL;
    cJSON *json = NULL;

    cr_assert(daemon_await_access(daemon, part, WAIT_MS), "no access line with %s", part);
    log = daemon_access_log(daemon);
    rest = log;
    while ((line = scene_cut(&rest, '\n')) != NULL && json == NULL) {
        if (strstr(line, part) != NULL)
            json = cJSON_Parse(line);
    }
    cr_expect(json != NULL, "the line with %s is no JSON", part);
    free(log);
    return json;
}

static const char *text_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return text != NULL ? text : "(none)";
}

static double number_of(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

Test(access_log, fields_of_a_good_request)
{
    struct raw_bench bench;
    cJSON *line = NULL;
    char stamp[5] = "";

    raw_start(&bench, NULL);
    cr_assert_eq(
        client_ask(bench.front,
                   "POST /good?x=1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: tester/1\r\n"
                   "Referer: http://r.test/\r\nX-Request-Id: id-77\r\nContent-Length: 5\r\n"
                   "Connection: close\r\n\r\nhello",
                   NULL),
        200);
    line = find_line(bench.daemon, "/good?x=1");
    cr_expect_str_eq(text_of(line, "client"), "127.0.0.1");
    cr_expect_str_eq(text_of(line, "method"), "POST");
    cr_expect_str_eq(text_of(line, "host"), "a.test");
    cr_expect_str_eq(text_of(line, "user_agent"), "tester/1");
    cr_expect_str_eq(text_of(line, "referer"), "http://r.test/");
    cr_expect_str_eq(text_of(line, "request_id"), "id-77");
    cr_expect_str_eq(text_of(line, "service"), "shop");
    cr_expect_str_eq(text_of(line, "slot"), "blue");
    cr_expect_str_eq(text_of(line, "target"), origin_address(bench.origin));
    cr_expect_str_eq(text_of(line, "listener"), "http");
    cr_expect_str_eq(text_of(line, "protocol"), "HTTP/1.1");
    cr_expect_str_eq(text_of(line, "fault"), "none");
    cr_expect_eq(number_of(line, "status"), 200);
    cr_expect(number_of(line, "epoch") >= 1);
    cr_expect(number_of(line, "bytes_in") > 100, "%g", number_of(line, "bytes_in"));
    cr_expect(number_of(line, "bytes_out") > 20, "%g", number_of(line, "bytes_out"));
    cr_expect(number_of(line, "total_us") > 0 && number_of(line, "total_us") < 10e6);
    cr_expect(number_of(line, "first_byte_us") > 0);
    snprintf(stamp, sizeof stamp, "%.4s", text_of(line, "time"));
    cr_expect(strcmp(stamp, "2020") > 0, "time is %s", text_of(line, "time"));
    cJSON_Delete(line);
    STOP_RAW(&bench);
}

struct fault_case {
    const char *mark; /* in the target */
    const char *request;
    const char *answer;
    enum origin_after after;
    const char *fault;
    int status;
};

static const struct fault_case fault_cases[] = {
    { "/f-bad", "GET /f-bad HTTP/1.1\r\nHost: a.test\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
      ORIGIN_CLOSES, "response_bad", 502 },
    { "/f-closed", "POST /f-closed HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n", "",
      ORIGIN_CLOSES, "target_closed", 502 },
    { "/f-cut", "GET /f-cut HTTP/1.1\r\nHost: a.test\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", ORIGIN_CLOSES, "target_truncated",
      200 },
    { "/f-upgrade",
      "POST /f-upgrade HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: x\r\n"
      "Content-Length: 2\r\n\r\nhi",
      NULL, ORIGIN_KEEPS, "upgrade_refused", 501 },
    { "/f-switch", "GET /f-switch HTTP/1.1\r\nHost: a.test\r\n\r\n",
      "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", ORIGIN_KEEPS,
      "response_upgrade", 502 },
};

Test(access_log, faults_are_named)
{
    struct raw_bench bench;

    raw_start(&bench, NULL);
    for (size_t i = 0; i < COUNT_OF(fault_cases); i++) {
        const struct fault_case *one = &fault_cases[i];
        struct client client;
        struct reply reply = { 0 };
        cJSON *line = NULL;

        origin_clear(bench.origin);
        if (one->answer != NULL)
            origin_answer(bench.origin, one->answer, strlen(one->answer), one->after);
        client_open(&client, bench.front);
        client_send_text(&client, one->request);
        client_reply(&client, false, WAIT_MS, &reply);
        line = find_line(bench.daemon, one->mark);
        cr_expect_str_eq(text_of(line, "fault"), one->fault, "%s: fault %s", one->mark,
                         text_of(line, "fault"));
        cr_expect_eq(number_of(line, "status"), one->status, "%s: status %g", one->mark,
                     number_of(line, "status"));
        cJSON_Delete(line);
        reply_fini(&reply);
        client_close(&client);
    }
    STOP_RAW(&bench);
}

/* Bytes that would break a line or a string are escaped. */
Test(access_log, hostile_text)
{
    struct raw_bench bench;
    cJSON *line = NULL;
    char *log = NULL;

    raw_start(&bench, NULL);
    cr_assert_eq(
        client_ask(bench.front,
                   "GET /hostile HTTP/1.1\r\nHost: a.test\r\n"
                   "User-Agent: \"},{\"x\":\"\\ \xff\xfe\t end\r\nConnection: close\r\n\r\n",
                   NULL),
        200);
    line = find_line(bench.daemon, "/hostile");
    cr_expect(strncmp(text_of(line, "user_agent"), "\"},{\"x\":\"\\ ", 11) == 0, "%s",
              text_of(line, "user_agent"));
    cJSON_Delete(line);
    log = daemon_access_log(bench.daemon);
    for (const char *at = log; at != NULL && *at != '\0'; at++)
        cr_expect((unsigned char)*at >= 0x20 || *at == '\n', "control byte 0x%02x in the log", *at);
    free(log);
    STOP_RAW(&bench);
}

/* Every request has exactly one line, in the middle of load. */
Test(access_log, one_line_per_request)
{
    static const struct stage_options usual = { .lines = "health { enabled = false }\n" };
    struct stage stage;
    struct load *load = NULL;
    size_t requests = 0;
    char *log = NULL;
    char *rest = NULL;
    char *line = NULL;
    size_t lines = 0;

    stage_open(&stage, &usual);
    load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                              .keep_alive = 16,
                                              .one_shot = 4,
                                              .rate = 1000,
                                              .max_requests = 2000,
                                              .seed = 501 });
    cr_assert(load_await_end(load, 30000));
    load_finish(load);
    load_records(load, &requests);
    cr_expect_eq(load_failed(load), 0);
    cr_expect(daemon_await_idle(stage.daemon, 5000));
    client_ask(daemon_front(stage.daemon), "GET /the-last HTTP/1.1\r\nHost: a\r\n\r\n", NULL);
    cr_expect(daemon_await_access(stage.daemon, "/the-last", WAIT_MS));
    for (int i = 0; i < 100 && lines < requests + 1; i++) {
        lines = 0;
        free(log);
        log = daemon_access_log(stage.daemon);
        rest = log;
        while ((line = scene_cut(&rest, '\n')) != NULL)
            lines++;
        scene_pause_us(20000);
    }
    cr_expect_eq(lines, requests + 1, "%zu lines for %zu requests", lines, requests + 1);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_access_log_dropped_total", ""), 0);
    free(log);
    load_free(load);
    STOP_STAGE(&stage);
}

Test(access_log, combined_form)
{
    static const struct stage_options combined = {
        .globals = "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
                   "log { access = \"%s/access.log\" format = \"combined\" }\n"
                   "api { bind = \"127.0.0.1:0\" }\n",
        .lines = "health { enabled = false }\n"
    };
    struct stage stage;
    char *log = NULL;

    stage_open(&stage, &combined);
    client_ask(daemon_front(stage.daemon),
               "GET /combined HTTP/1.1\r\nHost: a\r\nUser-Agent: x\"y\r\nConnection: close\r\n\r\n",
               NULL);
    cr_expect(daemon_await_access(stage.daemon, "/combined", WAIT_MS));
    log = daemon_access_log(stage.daemon);
    cr_expect(strncmp(log, "127.0.0.1 - - [", 15) == 0, "%s", log);
    cr_expect(strstr(log, "\"GET /combined HTTP/1.1\" 200 ") != NULL, "%s", log);
    cr_expect(strstr(log, "x\"y") == NULL, "a quote was not escaped: %s", log);
    free(log);
    STOP_STAGE(&stage);
}

/* The folder of the log vanishes: traffic goes on, and the log comes back. */
Test(access_log, folder_vanishes)
{
    static const struct stage_options apart = {
        .globals = "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
                   "log { access = \"%s/logs/access.log\" }\napi { bind = \"127.0.0.1:0\" }\n",
        .lines = "health { enabled = false }\n"
    };
    static const char *const log_errors[] = { "log", NULL };
    struct stage stage;
    char *folder = NULL;
    char *path = NULL;

    stage_open(&stage, &apart);
    daemon_expect_errors(stage.daemon, log_errors);
    folder = mem_format("%s/logs", daemon_folder(stage.daemon));
    path = mem_format("%s/access.log", folder);
    cr_expect(scene_exists(path), "the folder of the log was not made");
    scene_remove(folder);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    daemon_signal(stage.daemon, SIGUSR1);
    for (int i = 0; i < 300 && !scene_exists(path); i++) {
        cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
        scene_pause_us(10000);
    }
    cr_expect(scene_exists(path), "the log did not come back");
    free(folder);
    free(path);
    STOP_STAGE(&stage);
}
