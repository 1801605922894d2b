/* Values, words and forms of the file, good and bad: config/loader.h. */
#include "config/loader.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases) (sizeof(cases) / sizeof(cases)[0])

/* Inside service s, on line 2. */
#define CERTS        "certificates = { \"/a.pem\" }\n"
#define IN_TLS(text) REST "listener m { bind = \"0.0.0.0:9\"\ntls { " text " } }"
#define IN_SERVICE(words)                                                                          \
    LISTENER "service s { slot b { targets = { \"127.0.0.1:2\" } }\n" words "\n}\n"
#define IN_SLOT(words) LISTENER "service s { slot b {\n" words "\n} }\n"

static const struct load_case good[] = {
    { REST, NULL },
    { "\xef\xbb\xbf" REST, NULL },
    { "# words\n// more\n/* and\n * more */ " REST, NULL },
    { REST "workers = 4\r\nmax_connections = 100\r\n", NULL },
    { REST "workers=\"4\"", NULL },
    { REST "run_dir = '/run/x'  state_dir = /var/x", NULL },
    { REST "log { level = debug access = \"/a\" format = combined file = '/b' }", NULL },
    { REST "log { access = \"\" }", NULL },
    { REST "log {}", NULL },
    { REST "admin { mode = 0600 group = \"switchyard\" }", NULL },
    { REST "api { bind = \"127.0.0.1:9900\" }", NULL },
    { REST "api { bind = \"unix:/run/api.sock\" }", NULL },
    { REST "api { bind = \"[::1]:9900\" }", NULL },
    { REST "shutdown { requests = \"5s\" }", NULL },
    { REST "shutdown { requests = 0 }", NULL },
    { REST "timeouts { head = 250ms body = 5s keepalive = 2m connect = 1h response = 10ms }",
      NULL },
    { REST "timeouts { idle = \"1d\" }", NULL },
    { REST "limits { head = 64k fields = 7 target = 100 body = 2g }", NULL },
    { REST "listener m { bind = \"[::]:0\" backlog = 10 }", NULL },
    { REST "listener a.b-c_9 { bind = \"unix:/x\" }", NULL },
    { REST "listener m { bind = \"0.0.0.0:9\" proxy_protocol = true trusted = { \"::1\" } }",
      NULL },
    { REST "listener m { bind = \"0.0.0.0:9\" trusted = { 10.0.0.0/8, \"unix:\" } }", NULL },
    { REST "listener m { bind = \"0.0.0.0:9\" trusted = {} }", NULL },
    { REST "listener m { bind = \"127.0.0.1:0\" } listener n { bind = \"127.0.0.1:0\" }", NULL },
    { IN_SERVICE("hosts = { a.example, \"*.a.example\", \"10.0.0.1\", \"[::1]\" }"), NULL },
    { IN_SERVICE("hosts = a.example"), NULL },
    { IN_SERVICE("hosts = {}"), NULL },
    { IN_SERVICE("paths = { \"/a\", \"/b/c\" }"), NULL },
    { IN_SERVICE("active = b"), NULL },
    { IN_SERVICE("balance = least-requests"), NULL },
    { IN_SERVICE("balance = random when_unfit = refuse"), NULL },
    { IN_SERVICE("balance = hash hash = \"header:X-User\""), NULL },
    { IN_SERVICE("balance = hash hash = \"cookie:sid\""), NULL },
    { IN_SERVICE("balance = hash hash = client-ip"), NULL },
    { IN_SERVICE("health { enabled = false }"), NULL },
    { IN_SERVICE("health { type = tcp port = 81 interval = 500ms timeout = 400ms }"), NULL },
    { IN_SERVICE(
          "health { path = \"/up?deep=1\" host = h.example method = HEAD rise = 1 fall = 9 }"),
      NULL },
    { IN_SERVICE("health { status = { 2xx, 301, \"400-404\" } jitter = \"0%\" }"), NULL },
    { IN_SERVICE("health { headers = { \"X-A: b c\", \"X-D:\" } }"), NULL },
    { IN_SERVICE("timeouts { connect = 10ms } limits { body = 1k }"), NULL },
    { IN_SERVICE("retry { attempts = 0 } drain { requests = 1s }"), NULL },
    { IN_SERVICE("forward { via = false x_forwarded = false epoch_header = true }"), NULL },
    { IN_SERVICE("pool { idle = 0 idle_timeout = 1s requests = 100 }"), NULL },
    { IN_SLOT("targets = { \"10.0.0.1:1\", \"[::1]:2 weight=1000\", \"app:3  proxy=v1\" }"), NULL },
    { IN_SLOT("targets = { \"unix:/run/app.sock weight=2 proxy=v2\" }"), NULL },
    { IN_SLOT("targets = 127.0.0.1:5000 version = \"v1.2 (beta)\" hosts = { B.internal }"), NULL },
    { IN_SERVICE("slot c { targets = { \"127.0.0.1:3\" } role = staging }"), NULL },
    { IN_SERVICE("slot c { targets = { \"127.0.0.1:3\" } role = off }"), NULL },
    { REST "group g { services = { s } }", NULL },
};

Test(loader, accepts)
{
    expect_cases(good, COUNT(good));
}

static const struct load_case bad_form[] = {
    { REST "workers 4", "t.conf:2: missing equal sign after option 'workers'" },
    { REST "workers =\n= 4", "t.conf:3: unexpected token '='" },
    { REST "workers = ", "t.conf:2: premature end of file" },
    { REST "\n\nlog = 5", "t.conf:4: missing opening brace for section 'log'" },
    { REST "service {\n}", "t.conf:2: missing title for section 'service'" },
    { REST "service x\ny { }", "t.conf:3: missing opening brace for section 'service'" },
    { REST "\nlog {\n level = info\n", "t.conf:3: block 'log' is not closed" },
    { REST "log { level = info\n}\n}\nworkers = x", "t.conf:4: '}' without a block" },
    { REST "log { level = info\n}\n}\nworkers = x", "t.conf:5: workers: 'x' is no number" },
    { REST "(\n", "t.conf:2: unexpected token '('" },
    { REST "\n{ }", "t.conf:3: unexpected token '{'" },
    { REST "run_dir = \"/a\n\"", "t.conf:2: this string is not closed" },
    { REST "run_dir = '/a", "t.conf:2: this string is not closed" },
    { REST "\n/* a\n\n", "t.conf:3: this comment is not closed" },
    { REST "run_dir = \"/a\\n\"", "t.conf:2: unknown escape" },
    { REST "run_dir = \"/a\tb\"", "t.conf:2: a control byte in a value" },
    { REST "\x01", "t.conf:2: unexpected byte 0x01" },
    { REST "workers += 4", "t.conf:2: 'workers' with +=" },
    { REST "workers = { 4 }", "t.conf:2: 'workers' takes one value, not a list" },
    { IN_SERVICE("paths = { \"/\",\n\"/a\" \"/b\" }"), "t.conf:3: unexpected token '/b'" },
};

Test(loader, refuses_bad_forms)
{
    expect_cases(bad_form, COUNT(bad_form));
}

static const struct load_case unknown[] = {
    { REST "\nworker = 4", "t.conf:3: unknown 'worker' in the top level; did you mean 'workers'?" },
    { REST "Workers = 4", "t.conf:2: unknown 'Workers' in the top level; did you mean 'workers'?" },
    { REST "listner x { bind = \"1.2.3.4:5\" }", "t.conf:2: unknown 'listner'" },
    { REST "listner x { bind = \"1.2.3.4:5\" }", "did you mean 'listener'?" },
    { REST "interval = 5s", "unknown 'interval' in the top level; it belongs in health" },
    { REST "rubbish { a = 1 b { c = { 1, 2 } } } worker = 1", "t.conf:2: unknown 'rubbish'" },
    { REST "rubbish { a = 1 b { c = { 1, 2 } } } worker = 1", "did you mean 'workers'" },
    { REST "rubbish(1, 2) worker = 1", "did you mean 'workers'" },
    { REST "rubbish worker = 1", "t.conf:2: unknown 'rubbish' in the top level; remove it" },
    { IN_SERVICE("helth { }"), "t.conf:2: unknown 'helth' in service; did you mean 'health'?" },
    { IN_SERVICE("health { pth = \"/\" }"), "t.conf:2: unknown 'pth' in health" },
    { IN_SERVICE("timeouts { connection = 1s }"), "t.conf:2: unknown 'connection' in timeouts" },
    { IN_SERVICE("bind = 1"), "t.conf:2: unknown 'bind' in service; it belongs in api" },
    { IN_SLOT("target = { \"a:1\" }"), "t.conf:2: unknown 'target' in slot" },
    { IN_SLOT("target = { \"a:1\" }"), "did you mean 'targets'?" },
    { REST "\" \" = 1", "t.conf:2: unknown ' ' in the top level" },
    { REST "\"log|level\" = 1", "t.conf:2: unknown 'log|level'" },
    { IN_TLS("certificates = { \"x\" }"), "certificates: 'x' is no absolute path" },
    { IN_TLS(""), "t.conf:3: tls needs the option 'certificates'" },
    { IN_TLS("certificates = { }"), "certificates" },
    { IN_TLS(CERTS "alpn = { \"h2\", \"http/1.1\" }"),
      "'h2' cannot be offered: this version does not speak HTTP/2 to clients; remove it" },
    { IN_TLS(CERTS "alpn = { \"spdy\" }"), "'spdy' is no protocol that is spoken here" },
    { IN_TLS(CERTS "min_version = \"1.1\""), "'1.1' is not one of 1.2 or 1.3" },
    { IN_TLS(CERTS "early_data = true"), "'early_data' is not available in this version" },
    { IN_TLS(CERTS "ktls = true"), "'ktls' is not available in this version" },
    { IN_TLS(CERTS "client_verify = \"required\""), "knows no authority; add client_ca" },
    { IN_TLS(CERTS "client_ca = \"/ca.pem\""), "asks no client for a certificate" },
    { IN_TLS(CERTS "handshake_burst = 5"), "has no effect without handshake_rate" },
    { IN_TLS(CERTS "handshake_rate = -1"), "handshake_rate" },
    { IN_TLS(CERTS "client_crl = \"/crl.pem\""), "has a client_crl but no client_ca" },
    { IN_TLS(CERTS "client_crl = \"crl.pem\""), "client_crl: 'crl.pem' is no absolute path" },
    { IN_TLS(CERTS "client_verify = \"maybe\""),
      "'maybe' is not one of off, optional or required" },
    { IN_TLS(CERTS "unknown_sni = \"drop\""), "'drop' is not one of default or refuse" },
    { IN_TLS(CERTS "plain_http = \"redirect\""), "'redirect' is not one of page or close" },
    { IN_TLS(CERTS "ticket_rotation = 8"), "has no unit" },
    { IN_SERVICE("headers { request_set = { \"X-SSL-Client-DN: me\" } }"),
      "'X-SSL-Client-DN' cannot be changed" },
    { IN_TLS("certificates = { \"/a.pem\" } ktls = true"),
      "'ktls' is not available in this version; remove the option" },
};

Test(loader, refuses_unknown_and_absent_words)
{
    expect_cases(unknown, COUNT(unknown));
}

static const struct load_case twice[] = {
    { REST "workers = 1\nworkers = 1", "t.conf:3: 'workers' is given twice, first in line 2" },
    { REST "log { level = info }\nlog { format = json }",
      "t.conf:3: a second block 'log', the first is in line 2" },
    { IN_SERVICE("hosts = { a }\n\nhosts = { b }"), "t.conf:4: 'hosts' is given twice" },
    { IN_SERVICE("health { rise = 1\nrise = 2 }"), "t.conf:3: 'rise' is given twice" },
    { IN_SERVICE("health { }\nhealth { rise = x }"), "t.conf:3: a second block 'health'" },
    { IN_SERVICE("timeouts { head = 1s }\ntimeouts { body = 1s }"),
      "t.conf:3: a second block 'timeouts'" },
    { REST "\nlistener l { bind = \"127.0.0.1:9\" }",
      "t.conf:3: a second listener 'l', the first is in line 1" },
    { REST "service s { slot b { } }", "t.conf:2: a second service 's'" },
    { IN_SERVICE("slot b { }"), "t.conf:2: a second slot 'b', the first is in line 1" },
    { REST "group g { services = { s } }\ngroup g { services = { s } }",
      "t.conf:3: a second group 'g'" },
};

Test(loader, refuses_what_is_given_twice)
{
    expect_cases(twice, COUNT(twice));
}

static const struct load_case values[] = {
    { REST "workers = -1", "t.conf:2: workers: '-1' is no number" },
    { REST "workers = 513", "t.conf:2: workers: '513' is out of range; 0 to 512" },
    { REST "workers = 99999999999999999999", "is out of range" },
    { REST "workers = 4k", "t.conf:2: workers: '4k' is no number" },
    { REST "workers = \"\"", "t.conf:2: workers: '' is no number" },
    { REST "run_dir = \"\"", "t.conf:2: run_dir: '' is empty" },
    { REST "run_dir = \"run\"", "t.conf:2: run_dir: 'run' is no absolute path" },
    { REST "run_dir = \"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
           "xxxxxxxxxxxx\"",
      "is too long" },
    { REST "log { level = inf }",
      "t.conf:2: level: 'inf' is not one of error, warn, info or debug; did you mean 'info'?" },
    { REST "log { format = xml }", "t.conf:2: format: 'xml' is not one of json or combined" },
    { REST "log { access = \"a.log\" }", "t.conf:2: access: 'a.log' is no absolute path" },
    { REST "admin { mode = 0888 }", "t.conf:2: mode: '0888' is no mode" },
    { REST "admin { mode = 1777 }", "t.conf:2: mode: '1777' is out of range; 0000 to 0777" },
    { REST "admin { mode = 6 }", "t.conf:2: mode: '6' is no mode" },
    { REST "admin { group = \"a b\" }", "t.conf:2: group: 'a b' is no name" },
    { REST "api { bind = \"localhost:99\" }", "t.conf:2: bind: 'localhost:99' is a name" },
    { REST "timeouts { head = 5 }", "t.conf:2: head: '5' has no unit; write 5s, 5ms or 5m" },
    { REST "timeouts { head = 5x }", "t.conf:2: head: '5x' is no duration" },
    { REST "timeouts { head = 1.5s }", "t.conf:2: head: '1.5s' is no duration" },
    { REST "timeouts { head = -1s }", "t.conf:2: head: '-1s' is no duration" },
    { REST "timeouts { head = 0 }", "t.conf:2: head: '0' is out of range; \"10ms\" to \"1d\"" },
    { REST "timeouts { head = 1ms }", "t.conf:2: head: '1ms' is out of range" },
    { REST "timeouts { head = 25h }", "t.conf:2: head: '25h' is out of range" },
    { REST "timeouts { head = 99999999999d }", "is out of range" },
    { REST "limits { head = 1 }", "t.conf:2: head: '1' is out of range; 1k to 64k" },
    { REST "limits { head = 2t }", "t.conf:2: head: '2t' is no size" },
    { REST "limits { fields = 0 }", "t.conf:2: fields: '0' is out of range; 1 to 1000" },
    { REST "listener m { bind = \"*:80\" }", "'*:80': write \"0.0.0.0:80\" or \"[::]:80\"" },
    { REST "listener m { bind = \"80\" }", "t.conf:2: bind: '80' is no address" },
    { REST "listener m { bind = \"1.2.3.4:70000\" }", "bind: '1.2.3.4:70000': ports go to 65535" },
    { REST "listener m { bind = \"unix:x\" }", "t.conf:2: bind: 'unix:x' is no address" },
    { REST "listener m { bind = \"\" }", "t.conf:2: bind: '' is no address" },
    { REST "\nlistener m { }", "t.conf:3: listener 'm' needs the option 'bind'" },
    { REST "listener m { bind = \"0.0.0.0:9\" trusted = { \"10.0.0.0/33\" } }",
      "trusted: '10.0.0.0/33' is no network" },
    { REST "listener m { bind = \"0.0.0.0:9\" trusted = { \"::1\",\n\"x\" } }",
      "t.conf:3: trusted: 'x' is no network" },
    { REST "listener m { bind = \"0.0.0.0:9\" proxy_protocol = yes }",
      "proxy_protocol: 'yes' is not one of false or true" },
    /* 63 bytes are a name, 64 are not */
    { REST "service \"a23456789b23456789c23456789d23456789e23456789f23456789g234567890\" { }",
      "at most 63" },
    { REST "listener \"a b\" { bind = \"0.0.0.0:9\" }", "t.conf:2: listener: 'a b' is no name" },
    { REST "service \"\" { slot x { targets = { \"a:1\" } } paths = { \"/x\" } }",
      "t.conf:2: service: '' is no name" },
    { IN_SERVICE("hosts = { \"*\" }"), "t.conf:2: hosts: '*' is no host; leave out hosts" },
    { IN_SERVICE("hosts = { \"a:80\" }"), "t.conf:2: hosts: 'a:80' has a port" },
    { IN_SERVICE("hosts = { \"http://a\" }"), "t.conf:2: hosts: 'http://a' is a URL" },
    { IN_SERVICE("hosts = { \"a.*\" }"), "t.conf:2: hosts: 'a.*' is no host" },
    { IN_SERVICE("hosts = { \"*.10.0.0.1\" }"), "t.conf:2: hosts: '*.10.0.0.1' is no host" },
    { IN_SERVICE("hosts = { a,\n\"\" }"), "t.conf:3: hosts: '' is no host" },
    { IN_SERVICE("paths = { \"a\" }"), "t.conf:2: paths: 'a' is no path" },
    { IN_SERVICE("paths = { \"/a b\" }"), "t.conf:2: paths: '/a b' is no path" },
    { IN_SERVICE("paths = { \"/a?b\" }"), "t.conf:2: paths: '/a?b' has a '?'" },
    { IN_SERVICE("health { host = \"a b\" }"), "t.conf:2: host: 'a b' is no host" },
    { IN_SERVICE("health { host = \"unix:/x\" }"), "t.conf:2: host: 'unix:/x' is no host" },
    { IN_SERVICE("paths = {}"), "paths: 0 values; 1 to 10000 are allowed" },
    { IN_SERVICE("balance = roundrobin"), "did you mean 'round-robin'?" },
    { IN_SERVICE("hash = \"query:x\" balance = hash"), "t.conf:2: hash: 'query:x': write" },
    { IN_SERVICE("hash = \"header:\" balance = hash"), "t.conf:2: hash: 'header:': write" },
    { IN_SERVICE("when_unfit = drop"), "t.conf:2: when_unfit: 'drop' is not one of try or refuse" },
    { IN_SERVICE("health { type = grpc }"), "t.conf:2: type: 'grpc' is not one of http or tcp" },
    { IN_SERVICE("health { path = up }"), "t.conf:2: path: 'up' is no path" },
    { IN_SERVICE("health { method = POST }"),
      "t.conf:2: method: 'POST' is not GET, HEAD or OPTIONS" },
    { IN_SERVICE("health { headers = { \"X\" } }"), "t.conf:2: headers: 'X' is no header field" },
    { IN_SERVICE("health { headers = { \"X Y: z\" } }"), "headers: 'X Y: z' is no header field" },
    { IN_SERVICE("health { headers = { \"Host: z\" } }"), "use the option host" },
    { IN_SERVICE("health { status = { \"6xx\" } }"), "t.conf:2: status: '6xx' is no status" },
    { IN_SERVICE("health { status = { \"299-200\" } }"), "status: '299-200' is no status" },
    { IN_SERVICE("health { status = { 99 } }"), "status: '99' is no status" },
    { IN_SERVICE("health { status = {} }"), "status: 0 values" },
    { IN_SERVICE("health { jitter = 10 }"), "t.conf:2: jitter: '10' is no percentage" },
    { IN_SERVICE("health { jitter = \"51%\" }"),
      "jitter: '51%' is out of range; \"0%\" to \"50%\"" },
    { IN_SERVICE("health { port = 65536 }"), "t.conf:2: port: '65536' is out of range" },
    { IN_SERVICE("retry { attempts = 6 }"), "t.conf:2: attempts: '6' is out of range; 0 to 5" },
    { IN_SLOT("targets = { \"127.0.0.1\" }"), "t.conf:2: targets: '127.0.0.1' is no address" },
    { IN_SLOT("targets = { \"127.0.0.1:0\" }"),
      "t.conf:2: targets: '127.0.0.1:0': a target needs a port" },
    { IN_SLOT("targets = { \"a:1\",\n\"b:1 weight=0\" }"),
      "t.conf:3: targets: 'weight=0': a weight is 1 to 1000" },
    { IN_SLOT("targets = { \"a:1 weight=1001\" }"), "a weight is 1 to 1000" },
    { IN_SLOT("targets = { \"a:1 weight=\" }"), "a weight is 1 to 1000" },
    { IN_SLOT("targets = { \"a:1 proxy=v3\" }"), "'proxy=v3': proxy is v1 or v2" },
    { IN_SLOT("targets = { \"a:1 proxy=v1 proxy=v2\" }"), "'proxy=v2': this is given twice" },
    { IN_SLOT("targets = { \"a:1 backup\" }"), "unknown 'backup' behind the address" },
    { IN_SLOT("targets = { \"http://a:1\" }"), "t.conf:2: targets: 'http://a:1' is no address" },
    { IN_SLOT("role = live"), "t.conf:2: role: 'live' is not one of none, staging or off" },
    { IN_SLOT("version = \"\xc3\xa9\""), "is not plain ASCII text" },
    { REST "group g { }", "t.conf:2: group 'g' needs the option 'services'" },
    { REST "group g { services = {} }", "services: 0 values; 1 to 1000" },
    { REST "group g { services = { \"\" } }", "services: '' is empty" },
};

Test(loader, refuses_bad_values)
{
    expect_cases(values, COUNT(values));
}

Test(loader, has_more_than_enough_cases)
{
    cr_expect_geq(COUNT(good) + COUNT(bad_form) + COUNT(unknown) + COUNT(twice) + COUNT(values),
                  120);
}

Test(loader, finds_all_errors_in_one_run_in_the_order_of_lines)
{
    char *words = expect_report("workers = x\n"
                                "wrkers = 2\n"
                                "timeouts { head = 5\n"
                                "  body = 6 }\n"
                                "service s {\n"
                                "  active = \"red\"\n"
                                "  slot blue { targets = { \"a:1\", \"A:1\" } }\n"
                                "  slot c { schema = 7 }\n"
                                "}\n");
    static const char *const in_order[] = {
        "t.conf: no listener",
        "t.conf:1: workers: 'x'",
        "t.conf:2: unknown 'wrkers'",
        "t.conf:3: head: '5'",
        "t.conf:4: body: '6'",
        "t.conf:6: active: service 's' has no slot 'red'",
        "t.conf:7: slot 'blue' has target 'A:1' twice",
        "t.conf:8: schema of slot 'c' has no effect without database"
    };
    const char *at = words;

    for (size_t i = 0; i < COUNT(in_order) && at != NULL; i++) {
        at = strstr(at, in_order[i]);
        cr_expect(at != NULL, "missing: %s\nin: %s", in_order[i], words);
    }
    free(words);
}

Test(loader, says_once_that_a_block_is_not_closed)
{
    char *words = expect_report(REST "workers = 1\nlog {\nlevel = info\n");

    cr_expect_str_eq(words, "t.conf:3: block 'log' is not closed; add a '}'\n");
    free(words);
}

Test(loader, bounds_the_number_of_blocks)
{
    char *text = malloc(100000);
    char *words = NULL;
    size_t at = (size_t)snprintf(text, 100000, "%s service s {\n", LISTENER);

    for (unsigned i = 0; i < 101; i++)
        at += (size_t)snprintf(text + at, 100000 - at, "slot s%u { targets = { \"a:1\" } }\n", i);
    snprintf(text + at, 100000 - at, "}");
    words = expect_report(text);
    cr_expect_str_eq(words, "t.conf:102: more than 100 blocks 'slot'; remove some\n");
    free(words);
    free(text);
}

/* libConfuse would print to standard error where it has no error function. */
Test(loader, prints_nothing, .init = cr_redirect_stderr)
{
    expect_cases(bad_form, COUNT(bad_form));
    expect_cases(unknown, COUNT(unknown));
    fflush(stderr);
    cr_expect_stderr_eq_str("");
}

Test(loader, a_report_has_a_bound)
{
    char *text = calloc(1, 20000);
    char *words = NULL;

    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 6 * i, "x = 1\n", 6);
    words = expect_report(text);
    cr_expect(strstr(words, "t.conf:200: unknown 'x'") != NULL);
    cr_expect(strstr(words, "t.conf:201: unknown 'x'") == NULL);
    cr_expect(strstr(words, "and 80") != NULL, "%s", words + strlen(words) - 60);
    free(words);
    free(text);
}

Test(loader, fills_the_tree)
{
    struct config *config = expect_config(
        "workers = 3\n"
        "timeouts { connect = 7s head = 4s }\n"
        "limits { head = 16k }\n"
        "log { level = \"warn\"  access = \"/var/a.log\"  format = \"combined\" }\n"
        "admin { mode = 0640 }\n"
        "listener a { bind = \"[::1]:81\"  proxy_protocol = true  trusted = { \"10.0.0.0/8\" } }\n"
        "service s {\n"
        "  hosts = { \"Shop.Example\" }\n"
        "  slot blue { role = \"staging\"  targets = { \"a:1\" } }\n"
        "  slot green { targets = { \"10.0.0.2:5000 weight=2 proxy=v2\" }  version = \"v3\" }\n"
        "  health { status = { \"2xx\", \"304\" }  interval = 500ms  timeout = 400ms }\n"
        "  timeouts { connect = 9s }\n"
        "  limits { head = 64k }\n"
        "  balance = \"hash\"  hash = \"header:X-User\"\n"
        "}\n"
        "group g { services = { \"s\" } }\n");
    const struct config_service *service = config_find_service(config, SLICE("s"));
    const struct config_slot *green = NULL;

    cr_assert(service != NULL);
    green = config_find_slot(service, SLICE("green"));
    cr_assert(green != NULL);
    cr_expect_eq(config->workers, 3);
    cr_expect_eq(config->log.level, LOG_LEVEL_WARN);
    cr_expect_eq(config->log.format, CONFIG_LOG_COMBINED);
    cr_expect_str_eq(config->log.access, "/var/a.log");
    cr_expect(config->log.file == NULL);
    cr_expect_eq(config->admin.mode, 0640);
    cr_expect(config->api.bind.text == NULL);
    cr_expect_eq(config->listener_count, 1);
    cr_expect_eq(config->listeners[0].bind.endpoint.port, 81);
    cr_expect(config->listeners[0].proxy_protocol);
    cr_expect_eq(config->listeners[0].trusted.count, 1);
    cr_expect_eq(config->listeners[0].trusted.items[0].prefix_bits, 8);
    cr_expect_str_eq(service->hosts.items[0], "shop.example");
    cr_expect_str_eq(service->paths.items[0], "/");
    cr_expect_eq(service->active, 1, "the first slot without a role");
    cr_expect_str_eq(service->active_name, "green");
    cr_expect_eq(service->hash.kind, CONFIG_HASH_HEADER);
    cr_expect_str_eq(service->hash.name, "X-User");
    cr_expect_eq(green->targets.items[0].weight, 2);
    cr_expect_eq(green->targets.items[0].proxy_protocol, 2);
    cr_expect_str_eq(green->targets.items[0].text, "10.0.0.2:5000");
    cr_expect_str_eq(green->version, "v3");
    cr_expect_eq(service->health.interval, 500000);
    cr_expect_eq(service->health.status.items[0].to, 299);
    cr_expect_eq(service->health.status.items[1].from, 304);
    cr_expect_eq(service->timeouts.connect, 9000000);
    cr_expect_eq(service->timeouts.head, 4000000, "inherited");
    cr_expect_eq(service->timeouts.idle, 60000000, "the default");
    cr_expect_eq(service->limits.head, 65536);
    cr_expect_eq(config->limits.head, 16384);
    cr_expect_eq(config->widest_limits.head, 65536);
    cr_expect_eq(config->widest_limits.body, 0);
    cr_expect_eq(config->widest_head_timeout, 4000000);
    cr_expect_eq(config->groups[0].services[0], 0);
    cr_expect_eq(config_group_of(config, service), 0);
    config_free(config);
}

Test(loader, defaults_are_those_of_the_design)
{
    struct config *config = expect_config(REST);
    const struct config_service *service = &config->services[0];

    cr_expect_eq(service->timeouts.head, 10000000);
    cr_expect_eq(service->timeouts.body, 60000000);
    cr_expect_eq(service->timeouts.keepalive, 75000000);
    cr_expect_eq(service->timeouts.connect, 2000000);
    cr_expect_eq(service->timeouts.response, 30000000);
    cr_expect_eq(service->timeouts.idle, 60000000);
    cr_expect_eq(service->limits.head, 32768);
    cr_expect_eq(service->limits.fields, 100);
    cr_expect_eq(service->limits.target, 8192);
    cr_expect_eq(service->limits.body, 0);
    cr_expect_eq(service->health.interval, 2000000);
    cr_expect_eq(service->health.timeout, 1000000);
    cr_expect_eq(service->health.rise, 2);
    cr_expect_eq(service->health.fall, 3);
    cr_expect_str_eq(service->health.path, "/health");
    cr_expect_eq(service->health.jitter, 10);
    cr_expect(service->health.enabled);
    cr_expect_eq(service->retry.attempts, 1);
    cr_expect_eq(service->drain.requests, 30000000);
    cr_expect_eq(config->shutdown.requests, 30000000);
    cr_expect(service->forward.via && service->forward.x_forwarded);
    cr_expect_not(service->forward.epoch_header);
    cr_expect_eq(service->pool.idle, 64);
    cr_expect_eq(service->pool.idle_timeout, 30000000);
    cr_expect_eq(config_group_of(config, service), config->group_count);
    config_free(config);
}
