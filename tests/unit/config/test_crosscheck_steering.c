/* Tenants, canary, preview, chain: what no single value shows. src/config/crosscheck_steering.c */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases)      (sizeof(cases) / sizeof(cases)[0])
#define SLOT              " slot b { targets = { \"127.0.0.1:2\" } } "
#define IN_SERVICE(words) LISTENER "service s {" SLOT "\n" words "\n}\n"
#define TWO(first, second)                                                                         \
    LISTENER "service s {" SLOT first " }\nservice t { paths = { \"/t\" }" SLOT "\n" second        \
             "\n}\n"                                                                               \
             "group g { services = { s, t } }\n"
#define FROM "from = { \"header:X-T\", \"host-label:1\" }"

static const struct load_case cases[] = {
    { IN_SERVICE("canary { key = { \"cookie:u\",\n\"tenant\" } }"),
      "t.conf:3: key: service 's' knows no tenants; add tenant" },
    { IN_SERVICE("canary { key = { tenant, client-ip } }"), "t.conf:2: key: service 's' knows" },
    { IN_SERVICE("tenant { " FROM " } canary { key = { tenant, client-ip } }"), NULL },
    { IN_SERVICE("canary { key = { \"cookie:u\", \"cookie:v\",\n\"cookie:u\" } }"),
      "t.conf:3: key: this one is given twice" },
    { IN_SERVICE("canary { key = { \"cookie:u\", \"header:u\" } }"), NULL },
    { IN_SERVICE("canary { key = { client-ip,\n\"cookie:v\" } }"),
      "t.conf:3: warning: key: every request has a client address" },
    { IN_SERVICE("canary { key = { \"cookie:v\",\nown-cookie } }"),
      "t.conf:3: key: \"own-cookie\" needs a secret" },
    { IN_SERVICE("canary {\nsecret = \"0123456789abcdef\" }"),
      "t.conf:3: warning: secret has no effect without \"own-cookie\"" },
    { IN_SERVICE("canary { key = { own-cookie } secret = \"0123456789abcdef\" cookie = p }\n"
                 "preview { secret = 12345678\ncookie = p }"),
      "t.conf:4: cookie: canary and preview use the same cookie 'p'" },
    { IN_SERVICE("canary { steps = { \"1%\", \"5%\",\n\"5%\" } }"),
      "t.conf:3: steps: each share must be above the one before it" },
    { IN_SERVICE("canary { steps = { \"10%\",\n\"9.99%\" } }"), "t.conf:3: steps: each share" },

    { IN_SERVICE("\npreview { }"), "t.conf:3: preview: neither header nor cookie" },
    { IN_SERVICE("\npreview { }"), "t.conf:3: preview: neither secret nor from" },
    { IN_SERVICE("\npreview { header = \"\" secret = 12345678 }"),
      "t.conf:3: preview: neither header nor cookie" },
    { IN_SERVICE("\npreview { header = X }"), "t.conf:3: preview: neither secret nor from" },
    { IN_SERVICE("\npreview { cookie = c from = {} }"),
      "t.conf:3: preview: neither secret nor from" },

    { IN_SERVICE("tenant {\npins = \"/dev/null/x\" }"),
      "t.conf:3: tenant: pins has no effect without from" },

    { REST "group g { services = { s }\nchain { } }", "t.conf:3: chain: neither secret nor from" },
    { REST "group g { services = { s }\nchain { header = X } }",
      "t.conf:3: chain: neither secret" },
    { IN_SERVICE(
          "headers { request_set = { \"X-A: b\",\n\"x-chain: b\" } }") "group g { services = { "
                                                                       "s } chain { header = "
                                                                       "X-Chain from = { "
                                                                       "\"::1\" } } }",
      "t.conf:3: headers: 'X-Chain' is the header of the group's chain" },
    { LISTENER "service s { slot b { targets = { \"a:1\" }\nheaders { request_remove = { X-Chain } "
               "} } } group g { services = { s } chain { header = X-Chain from = { \"::1\" } } }",
      "t.conf:2: headers: 'X-Chain' is the header of the group's chain" },
    { IN_SERVICE("headers { request_set = { \"X-Chains: b\" } response_set = { \"X-Chain: b\" "
                 "} }") "group g { services = { s } chain { header = X-Chain from = { \"::1\" "
                        "} } }",
      NULL },
    { IN_SERVICE(
          "preview { header = X-Switchyard-Slot secret = 12345678 }") "group g { services = { "
                                                                      "s } chain { from = { "
                                                                      "\"::1\" } } }",
      NULL },

    { TWO("tenant { " FROM " }", "tenant { " FROM " }"), NULL },
    { TWO("tenant { " FROM " }", "tenant { from = { \"header:X-T\" } }"),
      "t.conf:3: tenant: from is not that of service 's', but group 'g' shares its tenants" },
    { TWO("tenant { " FROM " }", ""), "t.conf:2: tenant: from is not that of service 's'" },
    { TWO("tenant { " FROM " }", "tenant { from = { \"header:X-U\", \"host-label:1\" } }"),
      "tenant: from is not that of service 's'" },
    { TWO("tenant { " FROM " }", "tenant { from = { \"header:X-T\", \"host-label:2\" } }"),
      "tenant: from is not that of service 's'" },
    { TWO("tenant { " FROM " }", "tenant { from = { \"cookie:X-T\", \"host-label:1\" } }"),
      "tenant: from is not that of service 's'" },
};

Test(crosscheck_steering, finds_what_no_value_shows)
{
    expect_cases(cases, COUNT(cases));
}

Test(crosscheck_steering, a_service_that_does_not_exist_is_said_once)
{
    char *words =
        expect_report(LISTENER "service s {" SLOT "tenant { " FROM " } }\n"
                               "service t { paths = { \"/t\" }" SLOT "}\n"
                               "group g { services = { u, s } chain { from = { \"::1\" } } }");

    cr_expect(strstr(words, "there is no service 'u'") != NULL);
    cr_expect(strstr(words, "tenant:") == NULL, "%s", words);
    free(words);
}
