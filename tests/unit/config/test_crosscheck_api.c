/* Roles, keys and groups of users: what no single value shows. src/config/crosscheck_api.c */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases)     (sizeof(cases) / sizeof(cases)[0])
#define IN_API(words)    LISTENER SERVICE "api { bind = \"127.0.0.1:9\"\n" words "\n}\n"
#define IN_ADMIN(words)  LISTENER SERVICE "admin { " words " }\n"
#define KEY(name, words) "key " name " { alg = RS256 file = \"/k\" " words " }"

#define TLS_OF(words)    "tls { certificates = { \"/c.pem\" } " words " }\n"
#define MTLS             TLS_OF("client_ca = \"/ca.pem\" client_verify = \"optional\"")
#define HEX32            "00112233445566778899aabbccddeeff"
#define COLONS                                                                                     \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"   \
    "EE:FF"
#define AT(address, words)   LISTENER SERVICE "api { bind = \"" address "\"\n" words "\n}\n"
#define SUBJECT(name, words) "subject " name " { " words " }\n"

static const struct load_case tls_cases[] = {
    { IN_API(TLS_OF("")), NULL },
    { IN_API(TLS_OF("min_version = \"1.3\" watch = 0s plain_http = \"close\"")), NULL },
    { IN_API("tls { }"), "certificates" },
    { IN_API(TLS_OF("alpn = { \"http/1.1\" }")), "alpn" },
    { IN_API(TLS_OF("tickets = true")), "tickets" },
    { IN_API(TLS_OF("client_verify = required")), "add client_ca" },
    { IN_API(TLS_OF("client_crl = \"/crl.pem\"")), "no client_ca whose lists" },
    { IN_API(TLS_OF("client_ca = \"/ca.pem\"")), "asks no client for a certificate" },
    { AT("unix:/x", TLS_OF("")), "does not leave the machine" },
    { AT("0.0.0.0:9", TLS_OF("")), NULL },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a,O=b c\" role = viewer")), NULL },
    { IN_API(MTLS SUBJECT("a", "sha256 = \"" HEX32 HEX32 "\" role = admin")), NULL },
    { IN_API(MTLS SUBJECT("a", "sha256 = \"" COLONS "\" role = operator dn = \"CN=a\"")), NULL },
    { IN_API(MTLS SUBJECT("a", "sha256 = \"" HEX32 "\" role = admin")), "is no fingerprint" },
    { IN_API(MTLS SUBJECT("a", "sha256 = \"" HEX32 "00112233445566778899aabbccddeefg"
                               "\" role = admin")),
      "is no fingerprint" },
    { IN_API(MTLS SUBJECT("a", "role = admin")), "names no certificate" },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a\"")), "role" },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a\" role = root")),
      "'root' is not one of viewer, deployer, operator or admin" },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a\" role = deployer services = { \"s\" }")), NULL },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a\" role = deployer")), "would deploy nothing" },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a\" role = deployer services = { \"t\" }")),
      "there is no service or group 't'" },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a\" role = viewer services = { \"s\" }")),
      "is no deployer" },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a\" role = viewer")
                 SUBJECT("b", "dn = \"CN=a\" role = admin")),
      "subjects 'a' and 'b' are the same certificate" },
    { IN_API(MTLS SUBJECT("a", "dn = \"CN=a\" role = viewer")
                 SUBJECT("b", "dn = \"CN=A\" role = admin")),
      NULL },
    { IN_API(MTLS SUBJECT("a", "sha256 = \"" HEX32 HEX32 "\" role = viewer")
                 SUBJECT("b", "sha256 = \"" COLONS "\" role = admin")),
      "subjects 'a' and 'b' are the same certificate" },
    { IN_API(TLS_OF("") SUBJECT("a", "dn = \"CN=a\" role = viewer")), "is never met" },
    { IN_API(SUBJECT("a", "dn = \"CN=a\" role = viewer")), "is never met" },
};

Test(crosscheck_api, tls_and_subjects_of_certificates)
{
    expect_cases(tls_cases, COUNT(tls_cases));
}

/* These load, and are warned of. */
Test(crosscheck_api, warns_of_what_is_open)
{
    static const struct load_case warned[] = {
        { LISTENER SERVICE "api { " TLS_OF("") " }\n", "tls has no effect without api { bind" },
        { AT("0.0.0.0:9", ""), "is not encrypted" },
        { AT("0.0.0.0:9", TLS_OF("") "anonymous = viewer"), "everybody who reaches" },
        { AT("0.0.0.0:9", TLS_OF("")), NULL },
        { AT("127.0.0.1:9", ""), NULL },
    };

    for (size_t i = 0; i < COUNT(warned); i++) {
        char *report = expect_report(warned[i].text);

        if (warned[i].says == NULL)
            cr_expect_str_eq(report, "", "case %zu", i);
        else
            cr_expect(strstr(report, warned[i].says) != NULL, "case %zu: %s", i, report);
        cr_expect(strstr(report, "error") == NULL, "case %zu: %s", i, report);
        free(report);
    }
}

static const struct load_case cases[] = {
    { IN_API(""), NULL },
    { IN_API(KEY("a", "") " " KEY("b", "issuer = \"https://x\" audience = \"y z\"")), NULL },
    { IN_API(KEY("a", "kid = \"_-.9\"")), NULL },
    { IN_API("key a { file = \"/k\" }"), "alg" },
    { IN_API("key a { alg = HS256 }"), "file" },
    { IN_API("key a { alg = HS256 file = \"k\" }"), "is no absolute path" },
    { IN_API("key a { alg = none file = \"/k\" }"),
      "'none' is not one of HS256, RS256, ES256 or EdDSA" },
    { IN_API("key a { alg = hs256 file = \"/k\" }"), "'hs256' is not one of HS256" },
    { IN_API(KEY("a", "kid = \"../k\"")), "kid: '../k' has other signs than letters" },
    { IN_API(KEY("a", "") " " KEY("b", "kid = \"a\"")),
      "keys 'a' and 'b' have the same kid 'a'; change one" },
    { IN_API("skew = 6m"), "skew" },
    { IN_API("lifetime = 0s"), "lifetime" },
    { IN_API("max_token = 17k"), "max_token" },
    { IN_API("anonymous = everybody"), "'everybody' is not one of local, viewer or none" },
    { IN_API("roles { claim = \"groups\" admin = { \"/ops\", \"root\" } viewer = {} }"), NULL },
    { IN_API("roles { operator = { \"ops\" } admin = { \"ops\" } }"),
      "admin: 'ops' stands for operator as well; remove one of the two" },
    { IN_API("roles { admin = { \"viewer\" } }"), "'viewer' stands for viewer as well" },
    { IN_ADMIN("deployers = \"ci\" deployer_services = { \"s\" }"), NULL },
    { IN_ADMIN("deployers = \"ci\""), "deployers: group 'ci' would deploy nothing" },
    { IN_ADMIN("deployer_services = { \"s\" }"), "nobody is a deployer" },
    { IN_ADMIN("deployers = \"ci\" deployer_services = { \"t\" }"),
      "there is no service or group 't'" },
    { IN_ADMIN(
          "deployers = \"ci\" deployer_services = { \"g\" }") "group g { services = { \"s\" } }\n",
      NULL },
};

Test(crosscheck_api, finds_what_no_value_shows)
{
    expect_cases(cases, COUNT(cases));
}
