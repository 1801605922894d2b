/* The tree as text again: config/dump.h. Loading a dump yields an equal tree. */
#include "config/dump.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config.h"
#include "expect_load.h"

#define COUNT(items) (sizeof(items) / sizeof(items)[0])

static char *dump(const struct config *config)
{
    struct text out;
    char *bytes = NULL;

    text_init(&out, 1u << 20);
    dump_config(config, &out);
    bytes = text_take(&out);
    text_fini(&out);
    return bytes;
}

/* Everything that differs from a default at least once. */
static const char *const full =
    "workers = 3 max_connections = 7 run_dir = \"/r \\\"x\\\" \\$ \\\\\" state_dir = \"/s\"\n"
    "log { level = debug access = \"/a\" format = combined file = \"/f\" }\n"
    "admin { mode = 0600 group = g } api { bind = \"unix:/api\" } shutdown { requests = 1500ms }\n"
    "timeouts { head = 11s body = 1h idle = 90s } limits { head = 33k fields = 9 body = 1g }\n"
    "listener a { bind = \"[::1]:81\" proxy_protocol = true trusted = { \"10.9.9.9/8\", "
    "\"::1\", \"unix:\", \"2001:db8::/33\" } backlog = 5 }\n"
    "service s { hosts = { A.example, \"*.a.example\" } paths = { \"/\", \"/x\" } active = green\n"
    "  balance = hash hash = \"cookie:sid\" when_unfit = refuse\n"
    "  slot blue { targets = { \"A:1\", \"[::1]:2 proxy=v1 weight=7\", \"unix:/t\" } version = "
    "\"v 1\" hosts = { blue } }\n"
    "  slot green { targets = { \"a:1\" } } slot st { targets = { \"a:1\" } role = staging }\n"
    "  health { enabled = false type = tcp port = 9 headers = { \"A:  b\" } rise = 4 fall = 5\n"
    "    status = { 2xx, 200, \"200-298\" } jitter = \"3%\" interval = 100ms timeout = 99ms }\n"
    "  timeouts { connect = 1234ms } limits { target = 100 } retry { attempts = 0 }\n"
    "  drain { requests = 0 } forward { via = false x_forwarded = false epoch_header = true }\n"
    "  pool { idle = 1 idle_timeout = 10s requests = 3 }\n"
    "  tenant { from = { \"header:X-T\", \"host-label:2\", \"query:t\" } }\n"
    "  canary { key = { tenant, \"cookie:u\", client-ip } steps = { \"0.05%\", \"12.5%\", \"100%\" "
    "}\n"
    "    step_time = 90s cookie = c shield = true }\n"
    "  evidence { enabled = false key = \"header:X-U\" inflight_error = 4s }\n"
    "  preview { header = X-P cookie = p from = { \"10.0.0.0/8\" } }\n"
    "  hold { max = 1m count = 5 bytes = 1m pass_safe = true rate = 7 }\n"
    "  maint { message = \"a \\\"b\\\"\" retry_after = 5s pass = { \"/s\" } }\n"
    "  warmup { connections = 3 path = \"/w\" requests = 9 concurrency = 2 p95 = 10ms timeout = 9s "
    "}\n"
    "  headers { request_set = { \"A:  b\" } response_remove = { Server } }\n"
    "  slow_start = 3s https_redirect = true }\n"
    "service t { paths = { \"/t/u\" } strip_prefix = \"/t\" slot x { allow_live = true\n"
    "  role = staging max_requests = 4 queue = 3 queue_timeout = 2s headers { request_add = { \"A: "
    "c\" } }\n"
    "  targets = { \"a:9 max_connections=6 max=5\" } } slot y { targets = { \"a:1\" } }\n"
    "  tenant { from = { \"header:X-T\", \"host-label:2\", \"query:t\" } }\n"
    "  drain { tunnels = never tunnel_rate = 0 tunnel_start = now } }\n"
    "group g2 { services = { t, s } chain { from = { \"::1\" } } }\n";

static const char *const texts[] = { REST, NULL };

static void expect_round_trip(const char *text)
{
    struct config *first = expect_config(text);
    char *once = dump(first);
    struct config *second = expect_config(once);
    char *twice = dump(second);

    cr_expect_str_eq(once, twice);
    cr_expect_eq(dump_hash(first), dump_hash(second));
    free(once);
    free(twice);
    config_free(first);
    config_free(second);
}

Test(dump, loads_as_the_same_tree)
{
    expect_round_trip(texts[0]);
    expect_round_trip(full);
}

static const char *const lines[] = {
    "workers = 3\n",
    "run_dir = \"/r \\\"x\\\" \\$ \\\\\"\n",
    "    mode = 0600\n",
    "    requests = \"1500ms\"\n",
    "    head = 33k\n",
    "    body = 1g\n",
    "trusted = { \"10.0.0.0/8\", \"::1/128\", \"unix:\", \"2001:db8::/33\" }\n",
    "    hosts = { \"a.example\", \"*.a.example\" }\n",
    "    active = \"green\"\n",
    "    hash = \"cookie:sid\"\n",
    "targets = { \"A:1\", \"[::1]:2 weight=7 proxy=v1\", \"unix:/t\" }\n",
    "        role = \"staging\"\n",
    "        headers = { \"A: b\" }\n",
    "        status = { \"2xx\", \"200\", \"200-298\" }\n",
    "        jitter = \"3%\"\n",
    "        head = \"11s\"\n",
    "        target = 100\n",
    "        epoch_header = true\n",
    "targets = { \"a:9 max=5 max_connections=6\" }\n",
    "from = { \"header:X-T\", \"host-label:2\", \"query:t\" }\n",
    "key = { \"tenant\", \"cookie:u\", \"client-ip\" }\n",
    "steps = { \"0.05%\", \"12.5%\", \"100%\" }\n",
    "        key = \"header:X-U\"\n",
    "        inflight_error = \"4s\"\n",
    "        key = \"client-ip\"\n",
    "        message = \"a \\\"b\\\"\"\n",
    "        request_set = { \"A: b\" }\n",
    "            request_add = { \"A: c\" }\n",
    "        tunnels = \"never\"\n",
    "        tunnel_start = \"now\"\n",
    "    preview {\n        header = \"X-P\"\n",
    "group g2 {\n    services = { \"t\", \"s\" }\n    chain {\n",
    "        header = \"X-Switchyard-Slot\"\n        secret = \"\"\n",
};

Test(dump, prints_values_as_a_file_has_them)
{
    struct config *config = expect_config(full);
    char *words = dump(config);

    for (size_t i = 0; i < COUNT(lines); i++)
        cr_expect(strstr(words, lines[i]) != NULL, "missing %s in\n%s", lines[i], words);
    free(words);
    config_free(config);
}

Test(dump, leaves_out_what_is_off)
{
    struct config *config = expect_config(REST "group g { services = { s } }");
    char *words = dump(config);

    cr_expect(strstr(words, "preview") == NULL);
    cr_expect(strstr(words, "chain") == NULL);
    cr_expect(strstr(words, "canary {") != NULL);
    free(words);
    config_free(config);
}

Test(dump, the_hash_sees_every_change_but_not_the_layout)
{
    struct config *a = expect_config(REST);
    struct config *b = expect_config("# x\n" SERVICE "\n\n" LISTENER "workers = 0");
    struct config *c = expect_config(REST "timeouts { idle = 61s }");

    cr_expect_eq(dump_hash(a), dump_hash(b));
    cr_expect_neq(dump_hash(a), dump_hash(c));
    config_free(a);
    config_free(b);
    config_free(c);
}

static void expect_restart(const char *was, const char *is, const char *names)
{
    struct config *before = expect_config(was);
    struct config *after = expect_config(is);
    struct text out;
    size_t count = 0;

    text_init(&out, 1000);
    count = dump_restart_needed(before, after, &out);
    cr_expect_str_eq(out.len > 0 ? out.bytes : "", names);
    cr_expect_eq(count > 0, names[0] != '\0');
    text_fini(&out);
    config_free(before);
    config_free(after);
}

Test(dump, names_what_needs_a_restart)
{
    expect_restart(REST, REST, "");
    expect_restart(REST, REST "timeouts { idle = 61s }", "");
    expect_restart(REST, REST "workers = 2", "workers\n");
    expect_restart(REST, REST "api { bind = \"127.0.0.1:9\" } admin { mode = 0600 }",
                   "admin.mode\napi.bind\n");
    expect_restart(REST, REST "listener m { bind = \"127.0.0.1:9\" }", "listener m\n");
    expect_restart(REST "listener m { bind = \"127.0.0.1:9\" }", REST, "listener m\n");
    expect_restart(REST "listener m { bind = \"127.0.0.1:9\" }",
                   REST "listener m { bind = \"127.0.0.1:8\" trusted = { \"::1\" } }",
                   "listener m.bind\n");
}
