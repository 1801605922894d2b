/* Options about answers of probes and about ejection. src/config/crosscheck_health.c, option_word.c */
#include <criterion/criterion.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases)     (sizeof(cases) / sizeof(cases)[0])
#define SLOT             " slot b { version = v1 targets = { \"127.0.0.1:2\" } } "
#define IN_HEALTH(words) LISTENER "service s {" SLOT "health {\n" words "\n} }\n"
#define BARE(words)      LISTENER "service s { slot g { targets = { \"a:1\" } } health {\n" words " } }"

static const struct load_case cases[] = {
    { IN_HEALTH("json = { \"status=healthy\", \"environment=$slot\", \"version=$version\", "
                "\"checks.db.status!=down\", \"uptime>=10\", \"a[0]?\" }"),
      NULL },
    { IN_HEALTH("json = { \"a?\",\n  \"status healthy\" }"),
      "t.conf:3: json: 'status healthy' is no assertion: an operator is missing; write "
      "\"status=healthy\"" },
    { IN_HEALTH("json = { \"a..b=1\" }"), "a name is missing behind a dot" },
    { IN_HEALTH("json = { \"a=$role\" }"), "behind '$' stand slot or version" },
    { IN_HEALTH("json = { \"a>b\" }"), "only numbers are compared" },
    { IN_HEALTH("json = { \"\" }"), "is no assertion" },
    { IN_HEALTH("json = { \"a?\", \"a?\" }"), "t.conf:2: health: json has 'a?' twice" },
    { IN_HEALTH("json = { \"a?\" } type = tcp"), "t.conf:2: health: json needs an answer" },
    { IN_HEALTH("json = { \"a?\" } method = HEAD"), "health: json needs a body" },
    { IN_HEALTH("json = { \"a?\" } method = OPTIONS"), NULL },
    { BARE("json = { \"version=$version\" }"),
      "t.conf:2: health: 'version=$version' needs the version of slot 'g', which has none" },
    { BARE("json = { \"environment=$slot\" }"), NULL },

    { IN_HEALTH("timestamp = \"time\" timestamp_skew = 30s"), NULL },
    { IN_HEALTH("timestamp = \"time\""), "timestamp has no effect without timestamp_skew" },
    { IN_HEALTH("timestamp_skew = 30s"), "timestamp_skew has no effect without timestamp" },
    { IN_HEALTH("timestamp = \"a b\" timestamp_skew = 1s"), "is no path into JSON" },
    { IN_HEALTH("timestamp = \"t\" timestamp_skew = 1s type = tcp"), "timestamp needs an answer" },

    { IN_HEALTH("database = \"checks.database\" database_header = \"X-Database\" "
                "database_status = { \"503\" }"),
      NULL },
    { IN_HEALTH("database = \"checks[\""), "'checks[' is no path into JSON: an index is" },
    { IN_HEALTH("database = d method = HEAD"), "health: database needs a body" },
    { IN_HEALTH("database_header = \"X-Database\" method = HEAD"), NULL },
    { IN_HEALTH("database_header = \"X-Database\" type = tcp"), "to know of a database" },
    { IN_HEALTH("database_status = { \"503\" } type = tcp"), "to know of a database" },
    { IN_HEALTH("database_header = \"a b\""), "is no name of a header field" },
    { IN_HEALTH("database_status = { \"200\" }"), "is in status too" },
    { IN_HEALTH("status = { \"503\" } database_status = { \"5xx\" }"), NULL },

    { IN_HEALTH("gauges = { \"checks.queue.depth\", \"pool[0].active\" }"), NULL },
    { IN_HEALTH("gauges = { \"a\", \"a\" }"), "gauges has 'a' twice" },
    { IN_HEALTH("gauges = { \"a=1\" }"), "is no path into JSON: this is no path" },
    { IN_HEALTH("gauges = { \"a\" } type = tcp"), "gauges needs an answer" },
    { IN_HEALTH("gauges = { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q }"), "17" },

    { IN_HEALTH("eject_errors = 5 eject_time = 10s eject_rate = 50% eject_most = 30%"), NULL },
    { IN_HEALTH("eject_errors = 5 enabled = false"), "have no effect with enabled = false" },
    { IN_HEALTH("eject_rate = 5% enabled = false"), "have no effect with enabled = false" },
    { IN_HEALTH("eject_time = 5s"), "t.conf:2: warning: health: eject_time and eject_most" },
    { IN_HEALTH("eject_most = 5%"), "t.conf:2: warning: health: eject_time and eject_most" },
    { IN_HEALTH("eject_rate = 100%"), "eject_rate" },
    { IN_HEALTH("eject_most = 0%"), "eject_most" },
};

Test(crosscheck_health, needs_and_contradictions)
{
    expect_cases(cases, COUNT(cases));
}
