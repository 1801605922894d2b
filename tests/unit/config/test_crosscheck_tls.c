/* TLS to targets: what no single value shows. src/config/crosscheck_tls.c */
#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases) (sizeof(cases) / sizeof(cases)[0])
#define TO(target, words)                                                                          \
    LISTENER "service s { slot b { targets = { \"" target "\" }\ntls { " words " } } }"
#define TLS(words) TO("10.0.0.1:8443", words)

static const struct load_case cases[] = {
    { TLS(""), NULL },
    { TLS("ca = \"/ca.pem\" name = \"app.internal\" sni = \"else.internal\" min_version = \"1.3\""),
      NULL },
    { TLS("name = \"10.0.0.7\""), NULL },
    { TLS("name = \"2001:db8::7\""), NULL },
    { TLS("name = \"app.internal:8443\""),
      "t.conf:2: 'app.internal:8443' is no name of a host; write" },
    { TLS("name = \"*.internal\""), "'*.internal' is no name of a host" },
    { TLS("name = \"a b\""), "'a b' is no name of a host" },
    { TLS("name = \"https://app\""), "is no name of a host" },
    { TLS("sni = \"10.0.0.7\""),
      "'10.0.0.7' is no name of a host, and only those can be asked for" },
    { TLS("sni = \"2001:db8::7\""), "is no name of a host, and only those" },
    { TLS("ca = \"ca.pem\""), "ca: 'ca.pem' is no absolute path" },
    { TLS("min_version = \"1.0\""), "'1.0' is not one of 1.2 or 1.3" },
    { TLS("\nverify = false"),
      "t.conf:3: warning: slot 'b' takes any certificate for its target's: whoever can stand in" },
    { TLS("verify = false\nca = \"/ca.pem\""),
      "t.conf:3: warning: ca has no effect with verify = false" },
    { TLS("ca = \"/ca.pem\" crl = \"/crl.pem\""), NULL },
    { TLS("crl = \"/crl.pem\""), "slot 'b' has a crl, which needs the authorities whose lists" },
    { TLS("ca = \"/ca.pem\" crl = \"/crl.pem\" verify = false"),
      "slot 'b' has a crl, which needs" },
    { TLS("verify = maybe"), "'maybe' is not one of false or true" },
    { TLS("key = \"/key.pem\""), "unknown 'key'" },
    { TO("unix:/run/app.sock", ""),
      "t.conf:1: target 'unix:/run/app.sock' of slot 'b' has no host that its certificate could be "
      "for; add name" },
    { TO("unix:/run/app.sock", "name = \"app.internal\""), NULL },
};

Test(crosscheck_tls, what_is_said)
{
    expect_cases(cases, COUNT(cases));
}

/* A block in which everything is as small as it can be is still there. */
Test(crosscheck_tls, a_block_is_seen)
{
    struct config *config = expect_config(TLS("verify = false"));

    cr_expect_neq(config->services[0].slots[0].tls.ciphers, NULL);
    cr_expect_not(config->services[0].slots[0].tls.verify);
    config_free(config);
    config = expect_config(REST);
    cr_expect_eq(config->services[0].slots[0].tls.ciphers, NULL);
    config_free(config);
}
