/* Webhooks and hooks: what no single value shows. src/config/crosscheck_event.c */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config.h"
#include "config/dump.h"
#include "expect_load.h"

#define COUNT(cases)        (sizeof(cases) / sizeof(cases)[0])
#define NAMED(block, words) LISTENER SERVICE block " {\n" words "\n}\n"
#define URL                 "url = \"https://hooks.test/T/planted-secret\" "
#define WEBHOOK(words)      NAMED("webhook w", URL words)
#define TO(url)             NAMED("webhook w", "url = \"" url "\"")
#define HOOK(words)         NAMED("hook h", "command = \"/bin/mail ops\" " words)

static const struct load_case cases[] = {
    { WEBHOOK(""), NULL },
    { WEBHOOK("events = { \"all\" } services = { \"s\" } template = \"slack\" attempts = 3"),
      NULL },
    { WEBHOOK("template = \"/etc/t.json\" secret_file = \"/etc/s\" ca = \"/etc/ca\""), NULL },
    { WEBHOOK("services = { \"g\" }") "group g { services = { \"s\" } }\n", NULL },
    { TO("http://127.0.0.1:8080/x?y=1"), NULL },
    { TO("http://[::1]:8080"), NULL },
    { NAMED("webhook w", ""), "url" },
    { TO(""), "the url is empty" },
    { TO("ftp://x/planted-secret"), "begins with neither http:// nor https://" },
    { TO("file:///etc/passwd"), "begins with neither" },
    { TO("https://"), "has no host" },
    { TO("https://:80/planted-secret"), "has no host" },
    { TO("https://user:planted-secret@x/"), "has a user or password in it" },
    { TO("https://x@/"), "has a user or password in it" },
    { TO("https://x\\\\y/"), "signs that no host has" },
    { TO("https://x/a b"), "has a '#' or a blank" },
    { TO("https://x/#planted-secret"), "has a '#' or a blank" },
    { NAMED("webhook ../w", URL), "choose another one" },
    { NAMED("webhook .w", URL), "choose another one" },
    { WEBHOOK("events = { \"swich\" }"), "events: 'swich' is no event; they are switch, rollback" },
    { WEBHOOK("events = {}"), "events" },
    { WEBHOOK("services = { \"t\" }"), "there is no service or group 't'" },
    { WEBHOOK("template = \"xml\""), "'xml' is neither json nor slack" },
    { WEBHOOK("min_severity = \"bad\""), "'bad' is not one of info, warn or critical" },
    { WEBHOOK("headers = { \"authorization: planted-secret\" }"), "use the option authorization" },
    { WEBHOOK("headers = { \"Host: x\" }"), "cannot be changed" },
    { WEBHOOK("timeout = \"2m\""), "timeout" },
    { WEBHOOK("queue = 0"), "queue" },
    { HOOK(""), NULL },
    { NAMED("hook h", "command = \"mail ops\""), "does not begin with an absolute path" },
    { NAMED("hook h", ""), "command" },
    { HOOK("events = { \"nothing\" }"), "'nothing' is no event" },
    { HOOK("services = { \"t\" }"), "there is no service or group 't'" },
    { NAMED("hook -h", "command = \"/bin/mail\""), "choose another one" },
};

Test(crosscheck_event, finds_what_no_value_shows)
{
    expect_cases(cases, COUNT(cases));
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *report = expect_report(cases[i].text);

        cr_expect_null(strstr(report, "planted-secret"), "%s", report);
        free(report);
    }
}

Test(crosscheck_event, plain_http_is_warned_of)
{
    char *report = expect_report(TO("http://chat.test/planted-secret"));

    cr_expect_not_null(strstr(report, "everybody on the way reads what is sent"));
    cr_expect_null(strstr(report, "planted-secret"), "%s", report);
    free(report);
}

Test(crosscheck_event, the_defaults_are_what_people_want)
{
    struct config *config = expect_config(WEBHOOK("") "hook h { command = \"/bin/mail\" }\n");
    const struct config_webhook *webhook = &config->webhooks[0];

    cr_assert_eq(config->webhook_count, 1);
    cr_assert_eq(webhook->choice.events.count, 5);
    cr_expect_str_eq(webhook->choice.events.items[1], "rollback");
    cr_expect_eq(webhook->choice.min_severity, CONFIG_SEVERITY_WARN);
    cr_expect_eq(webhook->timeout, 5000000);
    cr_expect_eq(webhook->give_up_after, 24ull * 3600 * 1000000);
    cr_expect_str_eq(webhook->template, "json");
    cr_expect_null(webhook->secret_file);
    cr_expect_eq(config->hooks[0].every, 1000000);
    cr_expect_eq(config->hooks[0].choice.events.count, 5);
    config_free(config);
}

Test(crosscheck_event, a_dump_has_neither_the_address_nor_the_token)
{
    struct config *config = expect_config(WEBHOOK("authorization = \"Bearer planted-secret\""));
    struct text text;

    text_init(&text, 1 << 20);
    dump_config(config, &text);
    cr_expect_not_null(strstr(text.bytes, "webhook w"));
    cr_expect_null(strstr(text.bytes, "planted-secret"));
    text_fini(&text);
    config_free(config);
}
