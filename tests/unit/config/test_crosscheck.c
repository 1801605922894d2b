/* Checks over the whole tree: names, routes, addresses, groups, options without effect. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases) (sizeof(cases) / sizeof(cases)[0])
#define SLOT         " slot b { targets = { \"127.0.0.1:2\" } } "

static const struct load_case cases[] = {
    { "", "t.conf: no listener; add listener http" },
    { "", "t.conf: no service; add service shop" },
    { LISTENER, "t.conf: no service" },
    { SERVICE, "t.conf: no listener" },
    { LISTENER "\nservice s { }", "t.conf:2: service 's' has no slot" },
    { LISTENER "service s {\nslot b { } }", "t.conf:2: warning: slot 'b' has no targets" },
    { LISTENER "service s {" SLOT "\nslot c { targets = {} } }",
      "t.conf:2: warning: slot 'c' has no targets" },
    { LISTENER "service s {" SLOT "\n\nactive = c }",
      "t.conf:3: active: service 's' has no slot 'c'; it has b" },
    { LISTENER "service s { active = b\nslot b { role = staging targets = { \"a:1\" } } }",
      "t.conf:1: active: slot 'b' has a role and is never live" },
    { LISTENER "\nservice s { slot b { role = staging targets = { \"a:1\" } } }",
      "t.conf:2: service 's' has no slot that may be live" },
    { LISTENER "\nservice s { slot b { role = off targets = { \"a:1\" } } }",
      "t.conf:2: service 's'" },

    { REST "listener m {\nbind = \"127.0.0.1:1\" }",
      "t.conf:3: listeners 'l' and 'm' bind the same address '127.0.0.1:1'" },
    { REST "listener m { bind = \"unix:/a\" } listener n {\nbind = \"unix:/a\" }",
      "t.conf:3: listeners 'm' and 'n' bind the same address" },
    { REST "api { bind = \"127.0.0.1:1\" }", "t.conf:1: listener 'l' and the api bind the same" },
    { REST "api { bind = \"0.0.0.0:9900\" }", "t.conf:2: warning: the api on '0.0.0.0:9900'" },
    { REST "listener m { bind = \"0.0.0.0:5\"\nproxy_protocol = true }",
      "t.conf:3: warning: listener 'm' requires a PROXY header but trusts no peer" },

    { LISTENER "service s { slot b { targets = { \"a:1\",\n\"A:1\" } } }",
      "t.conf:2: slot 'b' has target 'A:1' twice" },
    { LISTENER "service s { slot b { targets = { \"[::1]:1\", \"[0::1]:1 weight=2\" } } }",
      "slot 'b' has target '[0::1]:1' twice" },
    { LISTENER "service s { slot b { targets = { \"unix:/a\", \"unix:/a\" } } }",
      "'unix:/a' twice" },

    { REST "service t {" SLOT "}",
      "t.conf:2: every host with path '/' belongs to service 's' already" },
    { REST "service t { paths = { \"/a\",\n\"/a\" }" SLOT "}",
      "t.conf:3: every host with path '/a' belongs to service 't'" },
    { LISTENER "service s { hosts = { a } " SLOT "}\nservice t { hosts = { b,\nA }" SLOT "}",
      "t.conf:3: host 'a' with path '/' belongs to service 's' already; service 't' would never" },
    { LISTENER "service s { hosts = { a,\nA } " SLOT "}", "t.conf:2: host 'a' with path '/'" },
    { LISTENER "service s { hosts = { a } slot b { targets = { \"a:1\" }\nhosts = { a } } }",
      "t.conf:2: host 'a' with path '/' belongs to service 's' already; slot 'b' of service 's'" },
    { LISTENER "service s { slot b { targets = { \"a:1\" } hosts = { x } } slot c { targets = { "
               "\"a:1\" }\nhosts = { x } } }",
      "t.conf:2: host 'x' with path '/' belongs to slot 'b' of service 's' already" },
    { LISTENER "service s { hosts = { a } " SLOT
               "} service t { hosts = { a } paths = { \"/t\" } " SLOT "}",
      NULL },
    { LISTENER "service s { hosts = { a } " SLOT "} service t { hosts = { \"*.a\" } " SLOT
               "} service u {" SLOT "}",
      NULL },
    { LISTENER "service s { slot b { targets = { \"a:1\" } hosts = { x } } } service t { paths = { "
               "\"/t\" } slot b { targets = { \"a:2\" } hosts = { x } } }",
      NULL },

    { REST "group g { services = { s, t } }", "t.conf:2: group 'g': there is no service 't'" },
    { LISTENER "service shop {" SLOT "}\ngroup g { services = { shpo } }", "did you mean 'shop'?" },
    { REST "group g { services = { s,\ns } }", "t.conf:3: group 'g' has service 's' twice" },
    { REST "group g { services = { s } }\ngroup h { services = { s } }",
      "t.conf:3: service 's' is in group 'g' already" },
    { REST "group s { services = { s } }", "t.conf:2: group 's' has the name of a service" },

    { LISTENER "service s {" SLOT "health {\ntimeout = 2s } }",
      "t.conf:2: warning: health: the timeout is not below the interval" },
    { LISTENER "service s {" SLOT "health {\ninterval = 1s } }",
      "t.conf:2: warning: health: the timeout is not below the interval" },
    { LISTENER "service s {" SLOT "health { enabled = false timeout = 5s } }", NULL },
    { LISTENER "service s {" SLOT "\nhash = \"header:X\" }",
      "t.conf:2: warning: hash has no effect" },
    { LISTENER "service s {" SLOT "health { type = tcp\npath = \"/x\" } }",
      "t.conf:2: warning: health: path has no effect" },
    { LISTENER "service s {" SLOT "health { type = tcp\nheaders = { \"A: b\" } } }",
      "t.conf:2: warning: health: headers has no effect" },
    { REST "limits {\nhead = 4k }", "t.conf:3: limits: target is larger than head" },
    { LISTENER "service s {" SLOT "limits { head = 4k } }", "limits: target is larger than head" },
    { LISTENER "service s {" SLOT "limits {\ntarget = 32k  head = 16k } }",
      "t.conf:2: limits: target is larger" },
};

Test(crosscheck, finds_what_no_value_shows)
{
    expect_cases(cases, COUNT(cases));
}

Test(crosscheck, two_listeners_may_let_the_kernel_choose)
{
    struct config *config = expect_config(LISTENER SERVICE "listener m { bind = \"127.0.0.1:0\" }"
                                                           "listener n { bind = \"127.0.0.1:0\" }");

    cr_expect_eq(config->listener_count, 3);
    config_free(config);
}

Test(crosscheck, many_hosts_are_quick)
{
    size_t size = 100000 * 16 + 200;
    char *text = malloc(size);
    size_t at = 0;
    struct config *config = NULL;

    at += (size_t)snprintf(text, size, "%s service s {" SLOT " hosts = { x", LISTENER);
    for (unsigned i = 0; i < 50000; i++)
        at += (size_t)snprintf(text + at, size - at, ", h%u.example", i);
    snprintf(text + at, size - at, " } }");
    config = expect_config(text);
    cr_expect_eq(config->services[0].hosts.count, 50001);
    config_free(config);
    free(text);
}
