/* Kinds of values of the options about traffic, good and bad: src/config/option_value.c and its words. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases) (sizeof(cases) / sizeof(cases)[0])

/* Inside service s, on line 2. */
#define IN_SERVICE(words)                                                                          \
    LISTENER "service s { slot b { targets = { \"127.0.0.1:2\" } }\n" words "\n}\n"
#define IN_SLOT(words)    LISTENER "service s { slot b { targets = { \"a:1\" }\n" words "\n} }\n"
#define IN_TENANT(words)  IN_SERVICE("tenant { " words " }")
#define IN_CANARY(words)  IN_SERVICE("canary { " words " }")
#define IN_HEADERS(words) IN_SERVICE("headers { " words " }")

static const struct load_case good[] = {
    { IN_SERVICE("timeouts { tunnel = 30d } drain { tunnels = never tunnel_rate = 0 }"), NULL },
    { IN_SERVICE("drain { tunnels = \"0s\" tunnel_start = now }"), NULL },
    { IN_SERVICE("retry { budget = \"100%\" } slow_start = 30s"), NULL },
    { IN_SERVICE("limits { body_rate = 0 client_rate = 5 client_burst = 9 clients = 1024 }"),
      NULL },
    { IN_SERVICE("strip_prefix = \"\""), NULL },
    { IN_SLOT("role = none max_requests = 5 queue = 7 queue_timeout = 5ms"), NULL },
    { IN_SLOT("headers { request_set = { \"X-A: b\" } response_remove = { Server } }"), NULL },
    { IN_TENANT("from = { \"header:X-T\", \"cookie:t\", \"host-label:1\", \"path-segment:32\", "
                "\"query:t\" }"),
      NULL },
    { IN_TENANT("from = {}"), NULL },
    { IN_CANARY("key = { \"cookie:uid\", \"header:X-U\", client-ip }"), NULL },
    { IN_CANARY("key = { own-cookie } secret = \"0123456789abcdef\" cookie = \"id\""), NULL },
    { IN_CANARY("steps = { \"0.01%\", \"0.5%\", \"12.5%\", \"12.51%\", \"100.00%\" }"), NULL },
    { IN_CANARY("step_time = 10m shield = true"), NULL },
    { IN_SERVICE("preview { header = \"X-Switchyard-Slot\" secret = \"12345678\" }"), NULL },
    { IN_SERVICE("preview { cookie = p from = { \"10.0.0.0/8\", \"unix:\" } }"), NULL },
    { IN_SERVICE("hold { max = 1h count = 1 bytes = 64k pass_safe = true rate = 0 }"), NULL },
    { IN_SERVICE("maint { message = \"Zur\xc3\xbc"
                 "ck um 12: \xe2\x82\xac 0\" retry_after = 0 pass = { \"/status\" } }"),
      NULL },
    { IN_SERVICE("warmup { connections = 8 path = \"/?x=1\" requests = 9 concurrency = 9 p95 = "
                 "300ms timeout = 10s }"),
      NULL },
    { IN_HEADERS("request_set = { \"X-A: b c\", \"Cookie:\" } request_add = { \"Accept: */*\" } "
                 "request_remove = { X-B, Date }"),
      NULL },
    { IN_HEADERS("response_set = { \"Via: x\" } response_add = { \"Host: y\" } "
                 "response_remove = { Server, X-Forwarded-For }"),
      NULL },
    { REST "group g { services = { s } chain { from = { \"10.0.0.0/8\" } } }", NULL },
    { REST "group g { services = { s } chain { header = X-C secret = \"0123456789abcdef\" } }",
      NULL },
};

Test(option_value, accepts)
{
    expect_cases(good, COUNT(good));
}

static const struct load_case bad[] = {
    { REST "listener m { bind = \"0.0.0.0:9\" client_connections = x }",
      "t.conf:2: client_connections: 'x' is no number" },
    { IN_SERVICE("timeouts { tunnel = 31d }"),
      "tunnel: '31d' is out of range; \"10ms\" to \"30d\"" },
    { IN_SERVICE("timeouts { tunnel = never }"), "t.conf:2: tunnel: 'never' is no duration" },
    { IN_SERVICE("drain { tunnels = nevr }"),
      "tunnels: 'nevr' is no duration; write \"5s\", \"10m\", \"48h\" or \"never\"" },
    { IN_SERVICE("drain { tunnels = 10 }"), "tunnels: '10' has no unit; write 10s" },
    { IN_SERVICE("drain { tunnels = 31d }"), "tunnels: '31d' is out of range; \"0s\" to \"30d\"" },
    { IN_SERVICE("drain { tunnel_start = soon }"),
      "tunnel_start: 'soon' is not one of late or now" },
    { IN_SERVICE("retry { budget = \"101%\" }"),
      "budget: '101%' is out of range; \"0%\" to \"100%\"" },
    { IN_SERVICE("limits { clients = 1023 }"), "clients: '1023' is out of range; 1024 to 4194304" },
    { IN_SERVICE("strip_prefix = shop"), "strip_prefix: 'shop' is no path" },
    { IN_SERVICE("https_redirect = on"), "https_redirect: 'on' is not one of false or true" },
    { IN_SLOT("queue_timeout = 0"), "queue_timeout: '0' is out of range; \"1ms\" to \"1h\"" },
    { IN_SLOT("headers { request_set = { \"X\" } }"),
      "request_set: 'X' is no header field; write \"Name: value\"" },

    { LISTENER "service s { slot b { targets = {\n\"a:1 max=0\" } } }",
      "t.conf:2: targets: 'max=0': max is 1 to 1000000" },
    { LISTENER "service s { slot b { targets = { \"a:1 max=1000001\" } } }",
      "max is 1 to 1000000" },
    { LISTENER "service s { slot b { targets = { \"a:1 max_connections=\" } } }",
      "'max_connections=': max_connections is 1 to 1000000" },
    { LISTENER "service s { slot b { targets = { \"a:1 max=1 max_connections=1 max=1\" } } }",
      "'max=1': this is given twice" },

    { IN_TENANT("from = { \"header:X-T\",\n\"host-label:0\" }"),
      "t.conf:3: from: 'host-label:0': write host-label:1 to host-label:32; the first one is 1" },
    { IN_TENANT("from = { \"path-segment:33\" }"),
      "from: 'path-segment:33': write path-segment:1" },
    { IN_TENANT("from = { \"host-label\" }"), "from: 'host-label': write host-label:1" },
    { IN_TENANT("from = { \"host-label:-1\" }"), "from: 'host-label:-1': write host-label:1" },
    { IN_TENANT("from = { \"header:\" }"), "from: 'header:': write \"header:NAME\"" },
    { IN_TENANT("from = { header }"), "from: 'header': write \"header:NAME\"" },
    { IN_TENANT("from = { \"cookie:a b\" }"), "from: 'cookie:a b': write" },
    { IN_TENANT("from = { \"ip:x\" }"), "from: 'ip:x': write" },
    { IN_TENANT("from = { \"query:a\", \"query:b\", \"query:c\", \"query:d\", \"query:e\", "
                "\"query:f\", \"query:g\", \"query:h\", \"query:i\" }"),
      "t.conf:2: from: 9 values; 0 to 8 are allowed" },
    { IN_TENANT("pins = pilots.list"), "pins: 'pilots.list' is no absolute path" },

    { IN_CANARY("key = {}"), "key: 0 values; 1 to 8 are allowed" },
    { IN_CANARY("key = { \"uid\" }"), "key: 'uid': write \"tenant\", \"cookie:NAME\"" },
    { IN_CANARY("key = { \"cookie\" }"), "key: 'cookie': write" },
    { IN_CANARY("key = { \"client-ip:1\" }"), "key: 'client-ip:1': write" },
    { IN_CANARY("steps = { \"0%\" }"), "steps: '0%' is out of range; 0.01% to 100%" },
    { IN_CANARY("steps = { \"0.00%\" }"), "steps: '0.00%' is out of range" },
    { IN_CANARY("steps = { \"100.01%\" }"), "steps: '100.01%' is out of range" },
    { IN_CANARY("steps = { \"101%\" }"), "steps: '101%' is no share" },
    { IN_CANARY("steps = { \"0.001%\" }"), "steps: '0.001%' is no share" },
    { IN_CANARY("steps = { \"5.%\" }"), "steps: '5.%' is no share" },
    { IN_CANARY("steps = { \".5%\" }"), "steps: '.5%' is no share" },
    { IN_CANARY("steps = { \"1.2.3%\" }"), "steps: '1.2.3%' is no share" },
    { IN_CANARY("steps = { 5 }"), "steps: '5' is no share; write \"5%\"" },
    { IN_CANARY("steps = { \"%\" }"), "steps: '%' is no share" },
    { IN_CANARY("steps = {}"), "steps: 0 values; 1 to 100" },
    { IN_CANARY("cookie = \"a;b\""), "cookie: 'a;b' is no name of a cookie" },
    { IN_CANARY("cookie = \"\""), "cookie: '' is empty" },
    { IN_SERVICE("preview { header = \"X Y\" secret = 12345678 }"),
      "header: 'X Y' is no name of a header field" },
    { IN_SERVICE("preview { header = host secret = 12345678 }"),
      "header: 'host' has a meaning of its own; choose another header field" },
    { IN_SERVICE("preview { header = X-Forwarded-For secret = 12345678 }"),
      "header: 'X-Forwarded-For' has a meaning of its own" },
    { IN_SERVICE("preview { cookie = \"a b\" secret = 12345678 }"),
      "'a b' is no name of a cookie" },
    { IN_SERVICE("hold { max = 0 }"), "max: '0' is out of range; \"10ms\" to \"1h\"" },
    { IN_SERVICE("hold { bytes = 1k }"), "bytes: '1k' is out of range; 64k to 64g" },
    { IN_SERVICE("hold { count = 0 }"), "count: '0' is out of range" },
    { IN_SERVICE("maint { message = \"\xc3\" }"), "message: '\xc3' is not UTF-8" },
    { IN_SERVICE("maint { page = \"x.html\" }"), "page: 'x.html' is no absolute path" },
    { IN_SERVICE("maint { pass = { status } }"), "pass: 'status' is no path" },
    { IN_SERVICE("warmup { path = x }"), "path: 'x' is no path" },
    { IN_SERVICE("warmup { requests = 0 concurrency = 1 }"), "requests: '0' is out of range" },

    { IN_HEADERS("request_set = { \"X-A: b\",\n\"host: z\" }"),
      "t.conf:3: request_set: 'host' cannot be changed" },
    { IN_HEADERS("request_add = { \"Content-Length: 1\" }"), "'Content-Length' cannot be changed" },
    { IN_HEADERS("request_remove = { transfer-encoding }"),
      "request_remove: 'transfer-encoding' cannot be changed" },
    { IN_HEADERS("request_remove = { X-Forwarded-For }"), "'X-Forwarded-For' cannot be changed" },
    { IN_HEADERS("request_remove = { X-Request-Id }"), "'X-Request-Id' cannot be changed" },
    { IN_HEADERS("request_set = { \"X-Switchyard-Slot: b\" }"),
      "'X-Switchyard-Slot' cannot be changed" },
    { IN_HEADERS("response_set = { \"Connection: close\" }"), "'Connection' cannot be changed" },
    { IN_HEADERS("response_set = { \"Date: x\" }"), "response_set: 'Date' cannot be changed" },
    { IN_HEADERS("response_remove = { \"Upgrade\" }"), "'Upgrade' cannot be changed" },
    { IN_HEADERS("response_remove = { \"A: b\" }"), "'A: b' is no name of a header field" },
    { IN_HEADERS("request_remove = { \"\" }"), "'' is no name of a header field" },
    { IN_HEADERS("request_set = { \"X Y: z\" }"), "'X Y' is no name of a header field" },
    { IN_HEADERS("request_set = { \": z\" }"), "'' is no name of a header field" },
    { IN_HEADERS("request_set = { \"X: \xc3\xa9\" }"), "is no header field; write" },
    { REST "group g { services = { s } chain { header = \"\" from = { \"::1\" } } }",
      "t.conf:2: header: '' is empty" },
};

Test(option_value, refuses)
{
    expect_cases(bad, COUNT(bad));
}

Test(option_value, defaults_are_filled_in_where_a_block_is_absent)
{
    struct config *config = expect_config(REST);
    const struct config_service *service = &config->services[0];

    cr_expect_eq(config->listeners[0].client_connections, 0);
    cr_expect_eq(service->slow_start, 0);
    cr_expect(service->strip_prefix == NULL);
    cr_expect_not(service->https_redirect);
    cr_expect_eq(service->slots[0].queue_timeout, 1000000);
    cr_expect_eq(service->tenant.from.count, 0);
    cr_expect(service->tenant.pins.file == NULL);
    cr_expect_eq(service->canary.key.count, 1, "the default has no tenant where there are none");
    cr_expect_eq(service->canary.key.items[0].kind, CONFIG_KEY_CLIENT_IP);
    cr_assert_eq(service->canary.steps.count, 5);
    cr_expect_eq(service->canary.steps.items[0], 100);
    cr_expect_eq(service->canary.steps.items[4], 10000);
    cr_expect_eq(service->canary.step_time, 0);
    cr_expect_str_eq(service->canary.cookie, "switchyard_id");
    cr_expect(service->canary.secret == NULL);
    cr_expect(service->preview.header == NULL && service->preview.cookie == NULL);
    cr_expect_eq(service->hold.max, 30000000);
    cr_expect_eq(service->hold.count, 1000);
    cr_expect_eq(service->hold.bytes, 67108864);
    cr_expect_eq(service->hold.rate, 1000);
    cr_expect(service->maint.message == NULL && service->maint.page == NULL);
    cr_expect_eq(service->maint.retry_after, 60000000);
    cr_expect_eq(service->warmup.requests, 50);
    cr_expect_eq(service->warmup.concurrency, 4);
    cr_expect_eq(service->warmup.timeout, 60000000);
    cr_expect(service->warmup.path == NULL);
    cr_expect_eq(service->retry.budget, 100);
    cr_expect_eq(service->limits.body_rate, 1024);
    cr_expect_eq(service->limits.clients, 65536);
    cr_expect_eq(service->timeouts.tunnel, 3600000000);
    cr_expect_eq(service->drain.tunnels, 600000000);
    cr_expect_eq(service->drain.tunnel_rate, 100);
    cr_expect_eq(service->drain.tunnel_start, CONFIG_TUNNELS_LATE);
    config_free(config);
}

Test(option_value, a_chain_is_there_only_with_its_block)
{
    struct config *without = expect_config(REST "group g { services = { s } }");
    struct config *with =
        expect_config(REST "group g { services = { s } chain { from = { \"::1\" } } }");

    cr_expect(without->groups[0].chain.header == NULL);
    cr_expect_str_eq(with->groups[0].chain.header, "X-Switchyard-Slot");
    config_free(without);
    config_free(with);
}

static void set_secret(void)
{
    setenv("SY_TEST_SECRET", "from the environment", 1);
}

Test(option_value, fills_the_tree, .init = set_secret)
{
    struct config *config = expect_config(
        REST "limits { client_rate = 10 }\n"
             "service t { paths = { \"/t\" }\n"
             "  slot a { targets = { \"a:1 max=7 weight=2 max_connections=9\" } queue = 3\n"
             "    max_requests = 5 headers { response_add = { \"X-A:  1\" } } }\n"
             "  slot st { role = staging allow_live = true targets = { \"a:2\" } }\n"
             "  tenant { from = { \"header:X-T\", \"path-segment:2\" } }\n"
             "  canary { key = { tenant, \"cookie:uid\", own-cookie }\n"
             "    steps = { \"0.25%\", \"7%\" } secret = \"${SY_TEST_SECRET}\" }\n"
             "  drain { tunnels = never } limits { client_burst = 20 } active = st\n"
             "  headers { request_remove = { X-B } } }\n");
    const struct config_service *service = &config->services[1];
    const struct config_slot *slot = &service->slots[0];

    cr_expect_eq(slot->targets.items[0].max_requests, 7);
    cr_expect_eq(slot->targets.items[0].max_connections, 9);
    cr_expect_eq(slot->targets.items[0].weight, 2);
    cr_expect_eq(slot->queue, 3);
    cr_expect_str_eq(slot->headers.response_add.items[0], "X-A: 1");
    cr_expect_str_eq(service->headers.request_remove.items[0], "X-B");
    cr_expect_eq(service->active, 1, "allow_live");
    cr_expect_eq(service->tenant.from.items[0].kind, CONFIG_TENANT_HEADER);
    cr_expect_str_eq(service->tenant.from.items[0].name, "X-T");
    cr_expect_eq(service->tenant.from.items[1].kind, CONFIG_TENANT_PATH_SEGMENT);
    cr_expect_eq(service->tenant.from.items[1].index, 2);
    cr_expect_eq(service->canary.key.count, 3);
    cr_expect_str_eq(service->canary.key.items[1].name, "uid");
    cr_expect_eq(service->canary.steps.items[0], 25);
    cr_expect_eq(service->canary.steps.items[1], 700);
    cr_expect_str_eq(service->canary.secret, "from the environment");
    cr_expect_eq(service->drain.tunnels, UINT64_MAX);
    cr_expect_eq(service->limits.client_rate, 10, "inherited");
    cr_expect_eq(service->limits.client_burst, 20);
    config_free(config);
}
