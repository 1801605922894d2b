/* Requests of our own through the front door: what they may ask of an answer, and listeners that speak TLS only. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/ctl.h"

#define HEALTH "    health { interval = \"100ms\"  timeout = \"500ms\"  rise = 1 }\n"

static void say(const struct daemon *daemon, const char *words, int code, const char *part)
{
    struct ctl_result result = ctl_run(daemon, words);

    cr_assert_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    cr_assert(part == NULL || strstr(result.out, part) != NULL || strstr(result.err, part) != NULL,
              "%s: %s%s", words, result.out, result.err);
    ctl_free(&result);
}

static void open_with(struct stage *stage, const char *rollout)
{
    char *lines = mem_format(HEALTH "    rollout { watch_minor = 0s %s }\n", rollout);

    stage_open(stage, &(struct stage_options){ .lines = lines });
    free(lines);
}

Test(front_door, what_is_asserted_decides_about_the_cutover)
{
    struct stage stage;

    open_with(&stage, "selfprobe_path = \"/thing\"\n selfprobe_json = { \"path=/thing\" }");
    say(stage.daemon, "rollout start shop --plan switch", 0, NULL);
    say(stage.daemon, "rollout wait shop --timeout 20s", 0, NULL);
    STOP_STAGE(&stage);
    open_with(&stage, "selfprobe_path = \"/thing\"\n selfprobe_json = { \"path=/other\" }");
    say(stage.daemon, "rollout start shop --plan switch", 0, NULL);
    say(stage.daemon, "rollout wait shop --timeout 20s", 7, NULL);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    say(stage.daemon, "show alerts", 0, "selfprobe");
    STOP_STAGE(&stage);
}

Test(front_door, another_status_than_the_wanted_one_is_wrong)
{
    struct stage stage;

    open_with(&stage, "selfprobe_path = \"/status?n=404\"");
    say(stage.daemon, "switch shop --to green", 0, NULL);
    say(stage.daemon, "rollback shop --emergency --reason test", 7, "status 404, expected 2xx");
    STOP_STAGE(&stage);
    open_with(&stage, "selfprobe_path = \"/status?n=404\" selfprobe_status = { \"404\" }");
    say(stage.daemon, "switch shop --to green", 0, NULL);
    say(stage.daemon, "rollback shop --emergency --reason test", 0, "verified");
    STOP_STAGE(&stage);
}

Test(front_door, an_answer_that_is_too_slow_is_wrong)
{
    struct stage stage;

    open_with(&stage, "selfprobe_path = \"/slow?us=2000000\" selfprobe_time = 50ms");
    say(stage.daemon, "switch shop --to green", 0, NULL);
    say(stage.daemon, "rollback shop --emergency --reason test", 7, "timeout after 50ms");
    STOP_STAGE(&stage);
}

struct secure {
    struct tls_stage stage;
    struct origin_auto *blue;
    struct origin_auto *green;
};

/* Only https, and more of the listener and the service. */
static void open_secure(struct secure *secure, const char *tls, const char *service)
{
    char *config = NULL;

    tls_stage_prepare(&secure->stage);
    secure->blue = origin_auto_start("127.0.0.1:0", "blue", 0);
    secure->green = origin_auto_start("127.0.0.1:0", "green", 0);
    config = mem_format("listener https { bind = \"127.0.0.1:0\"\n"
                        " tls { certificates = { \"%s/ec.pem\" } %s } }\n"
                        "service shop {\n%s    slot blue { targets = { \"%s\" } }\n"
                        "    slot green { targets = { \"%s\" } } %s }\n",
                        secure->stage.folder, tls, HEALTH, origin_auto_address(secure->blue),
                        origin_auto_address(secure->green), service);
    secure->stage.daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
    say(secure->stage.daemon, "wait healthy shop --timeout 10s", 0, NULL);
    say(secure->stage.daemon, "switch shop --to green", 0, NULL);
}

static void close_secure(struct secure *secure)
{
    origin_drop_connections(origin_auto_origin(secure->blue));
    origin_drop_connections(origin_auto_origin(secure->green));
    STOP_TLS(&secure->stage);
    origin_auto_stop(secure->blue);
    origin_auto_stop(secure->green);
}

Test(front_door, a_listener_with_tls_only_is_asked_over_tls)
{
    struct secure secure;

    open_secure(&secure, "", "hosts = { \"shop.test\" }");
    say(secure.stage.daemon, "rollback shop --emergency --reason test", 0, "verified");
    close_secure(&secure);
}

/* No host is configured, and names that no certificate is for are refused. */
Test(front_door, a_service_of_every_host_is_asked_by_a_name_of_the_certificate)
{
    struct secure secure;

    open_secure(&secure, "unknown_sni = \"refuse\"", "https_redirect = true");
    say(secure.stage.daemon, "rollback shop --emergency --reason test", 0, "verified");
    close_secure(&secure);
}

Test(front_door, a_listener_that_wants_our_certificate_cannot_be_asked)
{
    struct secure secure;
    char *tls = NULL;

    tls = mem_format("client_verify = \"required\" client_ca = \"%s\"",
                     "/etc/ssl/certs/ca-certificates.crt");
    if (!scene_exists("/etc/ssl/certs/ca-certificates.crt")) {
        scene_skip("a_listener_that_wants_our_certificate", "no store of authorities");
        free(tls);
        return;
    }
    open_secure(&secure, tls, "");
    say(secure.stage.daemon, "rollback shop --emergency --reason test", 0,
        "not verified: shop was not asked");
    close_secure(&secure);
    free(tls);
}
