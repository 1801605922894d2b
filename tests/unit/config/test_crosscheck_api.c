/* Roles, keys and groups of users: what no single value shows. src/config/crosscheck_api.c */
#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases)     (sizeof(cases) / sizeof(cases)[0])
#define IN_API(words)    LISTENER SERVICE "api { bind = \"127.0.0.1:9\"\n" words "\n}\n"
#define IN_ADMIN(words)  LISTENER SERVICE "admin { " words " }\n"
#define KEY(name, words) "key " name " { alg = RS256 file = \"/k\" " words " }"

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
