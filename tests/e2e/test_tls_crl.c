/*
 * Lists of revoked certificates: clients and targets on one are refused and the others served, a new list counts for new
 * connections and for sessions of before, one that has ended lets nobody in; what `tls list`, the metrics and the log
 * say of them.
 */
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/tool.h"

enum { WAIT_MS = 15000, DAY_S = 86400 };

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* A root, an authority below it, and clients of that. */
struct people {
    struct pem root;
    struct pem desk;
    struct pem jane;
    struct pem joe;
};

static void make_people(struct people *people)
{
    pem_make(&(struct pem_options){ .subject = "/CN=Shop root", .is_authority = true },
             &people->root);
    pem_make(&(struct pem_options){ .subject = "/CN=Shop desk",
                                    .issuer = &people->root,
                                    .is_authority = true },
             &people->desk);
    pem_make(&(struct pem_options){ .subject = "/CN=jane", .issuer = &people->desk },
             &people->jane);
    pem_make(&(struct pem_options){ .subject = "/CN=joe", .issuer = &people->desk }, &people->joe);
}

static void free_people(struct people *people)
{
    pem_free(&people->root);
    pem_free(&people->desk);
    pem_free(&people->jane);
    pem_free(&people->joe);
}

/* The list of the desk, with these in it; the root's is empty and does not end. */
static void write_lists(const struct tls_stage *stage, const struct people *people,
                        const struct pem *revoked, int end_s)
{
    const struct pem_crl lists[] = {
        { .issuer = &people->root, .has_no_end = true },
        { .issuer = &people->desk,
          .revoked = { revoked != NULL ? revoked->cert : NULL },
          .begin_s = -2 * DAY_S,
          .end_s = end_s },
    };

    pem_crl_write(tls_stage_path(stage, "crl.pem"), lists, COUNT_OF(lists));
}

static void open_listed(struct tls_stage *stage, struct people *people, const char *more)
{
    char *lines =
        mem_format("client_ca = \"FOLDER/ca.pem\" client_crl = \"FOLDER/crl.pem\" %s", more);
    char *config = NULL;

    tls_stage_prepare(stage);
    make_people(people);
    pem_write(tls_stage_path(stage, "ca.pem"),
              &(struct pem_file){ .certs = { people->root.cert, people->desk.cert } });
    write_lists(stage, people, &people->joe, DAY_S);
    config = tls_stage_config(stage, &(struct tls_stage_options){ .tls = lines });
    stage->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
    free(lines);
}

static int ask_as(const struct tls_stage *stage, int version, const struct pem *certificate)
{
    return tls_client_ask(tls_stage_front(stage),
                          &(struct tls_client_options){
                              .sni = "shop.test", .most = version, .certificate = certificate },
                          "shop.test");
}

Test(tls_crl, clients_on_the_list_are_refused)
{
    static const char *const verify[] = { "required", "optional" };

    for (size_t i = 0; i < 2 * COUNT_OF(versions); i++) {
        char *more = mem_format("client_verify = \"%s\"", verify[i / 2]);
        int version = versions[i % 2];
        struct tls_stage stage;
        struct people people;

        open_listed(&stage, &people, more);
        cr_expect_eq(ask_as(&stage, version, &people.jane), 200);
        cr_expect_eq(ask_as(&stage, version, &people.joe), -1);
        cr_expect_eq(tls_stage_failed(&stage, "fault=\"tls_client_revoked\"", 1), 1);
        cr_expect_eq(ask_as(&stage, version, NULL), i / 2 == 0 ? -1 : 200);
        cr_expect_eq(tls_stage_failed(&stage, "fault=\"tls_client_crl\"", 0), 0);
        free(more);
        free_people(&people);
        STOP_TLS(&stage);
    }
}

/* A session that began before does not get around the new list. */
static SSL_SESSION *take_session(const struct tls_stage *stage, int version, const struct pem *who)
{
    struct tls_client client;
    SSL_SESSION *session = NULL;

    cr_assert(tls_client_open(
        &client, tls_stage_front(stage),
        &(struct tls_client_options){ .sni = "shop.test", .most = version, .certificate = who }));
    cr_expect_eq(tls_client_get(&client, "shop.test", "/"), 200);
    session = client.session;
    client.session = NULL;
    tls_client_close(&client);
    return session;
}

static int resume_as(const struct tls_stage *stage, int version, const struct pem *who,
                     SSL_SESSION *session)
{
    return tls_client_ask(
        tls_stage_front(stage),
        &(struct tls_client_options){
            .sni = "shop.test", .most = version, .certificate = who, .session = session },
        "shop.test");
}

Test(tls_crl, a_new_list_counts_from_then_on)
{
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        struct tls_stage stage;
        struct people people;
        struct tls_client old;
        SSL_SESSION *session = NULL;

        open_listed(&stage, &people, "client_verify = \"required\" watch = \"0s\"");
        session = take_session(&stage, versions[v], &people.jane);
        cr_assert_neq(session, NULL);
        cr_assert(tls_client_open(&old, tls_stage_front(&stage),
                                  &(struct tls_client_options){ .sni = "shop.test",
                                                                .most = versions[v],
                                                                .certificate = &people.jane }));
        cr_expect_eq(resume_as(&stage, versions[v], &people.jane, session), 200);
        cr_expect_eq(tls_stage_done(&stage, "session=\"resumed\""), 1);
        write_lists(&stage, &people, &people.jane, DAY_S);
        cr_expect_eq(ctl_code(stage.daemon, v == 0 ? "reload" : "tls reload"), 0);
        cr_expect_eq(resume_as(&stage, versions[v], &people.jane, session), -1);
        cr_expect_eq(tls_stage_failed(&stage, "fault=\"tls_client_revoked\"", 1), 1);
        cr_expect_eq(ask_as(&stage, versions[v], &people.joe), 200, "who is not on it any more");
        cr_expect_eq(tls_client_get(&old, "shop.test", "/"), 200, "open connections go on");
        tls_client_close(&old);
        SSL_SESSION_free(session);
        free_people(&people);
        STOP_TLS(&stage);
    }
}

struct asked {
    const struct tls_stage *stage;
    const struct pem *who;
    int wanted;
};

static bool is_answered_so(void *arg)
{
    const struct asked *asked = arg;

    return ask_as(asked->stage, TLS1_3_VERSION, asked->who) == asked->wanted;
}

Test(tls_crl, the_file_is_watched)
{
    struct tls_stage stage;
    struct people people;
    struct asked asked = { .stage = &stage, .wanted = -1 };

    open_listed(&stage, &people, "client_verify = \"required\" watch = \"100ms\"");
    asked.who = &people.jane;
    write_lists(&stage, &people, &people.jane, DAY_S);
    cr_expect(scene_await(is_answered_so, &asked, WAIT_MS));
    scene_write(tls_stage_path(&stage, "crl.pem"), "rubbish", 7);
    cr_expect(daemon_await_log(stage.daemon, "warn tls_reload refused, nothing changed: listener",
                               WAIT_MS));
    cr_expect_eq(ask_as(&stage, TLS1_3_VERSION, &people.joe), 200, "the last good one holds");
    cr_expect_eq(ask_as(&stage, TLS1_3_VERSION, &people.jane), -1);
    free_people(&people);
    STOP_TLS(&stage);
}

Test(tls_crl, one_that_has_ended_lets_nobody_in)
{
    struct tls_stage stage;
    struct people people;
    SSL_SESSION *session = NULL;
    struct ctl_result result;

    open_listed(&stage, &people, "client_verify = \"optional\" watch = \"0s\"");
    write_lists(&stage, &people, NULL, -DAY_S);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    cr_expect(daemon_await_log(stage.daemon, "warn tls_crl listener=https file=", WAIT_MS));
    cr_expect(daemon_await_log(stage.daemon, "issuer=\"Shop desk\" ended=20", WAIT_MS));
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        cr_expect_eq(ask_as(&stage, versions[v], &people.jane), -1);
        cr_expect_eq(ask_as(&stage, versions[v], NULL), 200, "who shows none is not asked");
    }
    cr_expect_eq(tls_stage_failed(&stage, "fault=\"tls_client_crl\"", 2), 2);
    result = ctl_run(stage.daemon, "tls list");
    cr_expect_eq(result.code, 0);
    cr_expect(strstr(result.out, "Shop desk") != NULL && strstr(result.out, "ENDED") != NULL, "%s",
              result.out);
    ctl_free(&result);
    /* one that ends while it is in force: its sessions end, too */
    write_lists(&stage, &people, NULL, 3);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    session = take_session(&stage, TLS1_3_VERSION, &people.jane);
    {
        struct asked asked = { .stage = &stage, .who = &people.jane, .wanted = -1 };

        cr_expect(scene_await(is_answered_so, &asked, WAIT_MS));
    }
    cr_expect_eq(resume_as(&stage, TLS1_3_VERSION, &people.jane, session), -1);
    SSL_SESSION_free(session);
    free_people(&people);
    STOP_TLS(&stage);
}

static const cJSON *find_list(const cJSON *answer, const char *issuer)
{
    const cJSON *list = cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "result"), "crls");

    for (int i = 0; i < cJSON_GetArraySize(list); i++) {
        const cJSON *item = cJSON_GetArrayItem(list, i);

        if (strcmp(cJSON_GetObjectItem(item, "issuer")->valuestring, issuer) == 0)
            return item;
    }
    return NULL;
}

Test(tls_crl, listed_and_measured)
{
    struct tls_stage stage;
    struct people people;
    const cJSON *desk = NULL;
    cJSON *answer = NULL;
    double end = 0;

    open_listed(&stage, &people, "client_verify = \"required\"");
    answer = ctl_json(stage.daemon, "tls list", NULL);
    desk = find_list(answer, "Shop desk");
    cr_assert_neq(desk, NULL);
    cr_expect_str_eq(cJSON_GetObjectItem(desk, "used_by")->valuestring, "listener https");
    cr_expect_eq(cJSON_GetObjectItem(desk, "revoked")->valueint, 1);
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(desk, "is_over")));
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(find_list(answer, "Shop root"), "not_after")),
              "it does not say");
    cJSON_Delete(answer);
    end = daemon_metric(stage.daemon, "switchyard_tls_crl_next_update_timestamp_seconds",
                        "used_by=\"listener https\",issuer=\"Shop desk\"");
    cr_expect(end > (double)time(NULL) && end <= (double)time(NULL) + DAY_S, "%f", end);
    free_people(&people);
    STOP_TLS(&stage);
}

static void write_target_list(const struct target_stage *stage, const X509 *revoked, int end_s)
{
    pem_crl_write(
        target_stage_path(stage, "crl.pem"),
        &(struct pem_crl){
            .issuer = &stage->ca, .revoked = { revoked }, .begin_s = -2 * DAY_S, .end_s = end_s },
        1);
}

static void open_targets(struct target_stage *stage, struct pem *app, const char *health)
{
    target_stage_prepare(stage);
    pem_make(&(struct pem_options){ .subject = "/CN=app",
                                    .names = "IP:127.0.0.1",
                                    .issuer = &stage->ca },
             app);
    pem_write(target_stage_path(stage, "app.pem"),
              &(struct pem_file){ .key = app->key, .certs = { app->cert } });
    origin_secure(stage->origin,
                  &(struct origin_tls_options){ .file = target_stage_path(stage, "app.pem") });
    write_target_list(stage, NULL, DAY_S);
    target_stage_start(stage, &(struct target_stage_options){
                                  .tls = "ca = \"FOLDER/ca.pem\" crl = \"FOLDER/crl.pem\" "
                                         "watch = \"0s\"",
                                  .service = health });
}

struct told {
    const struct target_stage *stage;
    const char *words;
};

static bool is_told(void *arg)
{
    const struct told *told = arg;
    struct ctl_result result = ctl_run(told->stage->daemon, "--json targets");
    bool is_there = strstr(result.out, told->words) != NULL;

    ctl_free(&result);
    return is_there;
}

/* What is kept open goes with the old list; health says what is wrong. */
Test(tls_crl, a_target_on_the_list_gets_nothing)
{
    struct target_stage stage;
    struct pem app;
    struct client client;
    struct reply reply = { .status = -1 };
    struct told told = { .stage = &stage,
                         .words = "revoked: the certificate of app is on the list" };
    unsigned before = 0;

    open_targets(&stage, &app,
                 "health { path = \"/health\" interval = \"50ms\" timeout = \"2s\" }");
    client_open(&client, daemon_front(stage.daemon));
    cr_assert(client_send_text(&client, "GET /first HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    cr_expect_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 200);
    reply_fini(&reply);
    write_target_list(&stage, app.cert, DAY_S);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    cr_expect_eq(target_stage_get(&stage), 502, "the kept connection is not used any more");
    cr_expect(scene_await(is_told, &told, WAIT_MS));
    told.words = "\"last_fault\":\"target_cert\"";
    cr_expect(scene_await(is_told, &told, WAIT_MS));
    cr_expect(target_stage_await_fault(&stage, "target_cert"));
    before = origin_requests(stage.origin);
    cr_expect_eq(target_stage_get(&stage), 502);
    cr_expect_eq(origin_requests(stage.origin), before);
    write_target_list(&stage, NULL, DAY_S);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    cr_expect_eq(target_stage_get(&stage), 200, "and back");
    client_close(&client);
    pem_free(&app);
    STOP_TARGET(&stage);
}

Test(tls_crl, a_list_of_targets_that_has_ended)
{
    struct target_stage stage;
    struct pem app;
    cJSON *answer = NULL;

    open_targets(&stage, &app, "health { enabled = false }");
    cr_expect_eq(target_stage_get(&stage), 200);
    write_target_list(&stage, NULL, -DAY_S);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect(daemon_await_log(stage.daemon, "warn tls_crl service=shop slot=blue file=", WAIT_MS));
    cr_expect_eq(target_stage_get(&stage), 502);
    cr_expect(target_stage_await_fault(&stage, "target_cert"));
    cr_expect(daemon_await_log(
        stage.daemon,
        "no list of revoked certificates of Our authority that holds: CRL has expired", WAIT_MS));
    answer = ctl_json(stage.daemon, "tls list", NULL);
    cr_expect_str_eq(
        cJSON_GetObjectItem(find_list(answer, "Our authority"), "used_by")->valuestring,
        "slot shop/blue");
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(find_list(answer, "Our authority"), "is_over")));
    cJSON_Delete(answer);
    pem_free(&app);
    STOP_TARGET(&stage);
}

/* What `switchyard -t` says of the configuration; 0 in every case here. */
static void expect_checked(const char *config, const char *part)
{
    const char *binary = getenv("SWITCHYARD_BIN");
    char folder[SCENE_PATH];
    char *path = NULL;
    char *said = NULL;
    int code = -1;

    scene_folder(folder);
    path = mem_format("%s/x.conf", folder);
    scene_write(path, config, strlen(config));
    code = tool_run(
        &(struct tool){
            .words = (const char *const[]){ binary != NULL ? binary : BUILD_DIR "/switchyard", "-t",
                                            "-c", path, NULL },
            .ms = WAIT_MS },
        &said);
    cr_expect_eq(code, 0, "%s", said);
    cr_expect(said != NULL && strstr(said, part) != NULL, "%s", said);
    free(said);
    free(path);
    scene_remove(folder);
}

Test(tls_crl, the_check_warns_of_one_that_has_ended)
{
    struct target_stage stage;
    char *config = NULL;

    target_stage_prepare(&stage);
    write_target_list(&stage, NULL, -DAY_S);
    config = target_stage_config(
        &stage,
        &(struct target_stage_options){ .tls = "ca = \"FOLDER/ca.pem\" crl = \"FOLDER/crl.pem\"" });
    expect_checked(config, "warning: service=shop slot=blue: the list of Our authority in ");
    expect_checked(config, "the configuration is valid");
    write_target_list(&stage, NULL, DAY_S);
    expect_checked(config, "the configuration is valid");
    free(config);
    origin_stop(stage.origin);
    pem_free(&stage.ca);
    pem_free(&stage.other);
    scene_remove(stage.folder);
}

/* At the start. */
Test(tls_crl, a_bad_file_is_refused_at_the_start)
{
    struct tls_stage stage;
    struct people people;
    char *config = NULL;
    char *words = NULL;

    tls_stage_prepare(&stage);
    make_people(&people);
    pem_write(tls_stage_path(&stage, "ca.pem"),
              &(struct pem_file){ .certs = { people.root.cert, people.desk.cert } });
    pem_crl_write(tls_stage_path(&stage, "crl.pem"), &(struct pem_crl){ .issuer = &people.root },
                  1);
    config = tls_stage_config(
        &stage, &(struct tls_stage_options){ .tls = "client_ca = \"FOLDER/ca.pem\" client_crl = "
                                                    "\"FOLDER/crl.pem\" client_verify = "
                                                    "\"required\"" });
    cr_expect_eq(daemon_refusal(&(struct daemon_options){ .config = config }, &words), 1);
    cr_expect(words != NULL && strstr(words, "has no list of Shop desk, an authority of") != NULL,
              "%s", words);
    free(words);
    free(config);
    free_people(&people);
    scene_remove(stage.folder);
    origin_stop(stage.origin);
}
