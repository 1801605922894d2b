/* Actions: what no single value shows. src/config/crosscheck_action.c */
#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases)  (sizeof(cases) / sizeof(cases)[0])
#define ONE_SERVICE   "service s { slot b { targets = { \"127.0.0.1:2\" } } }\n"
#define ACTION(words) LISTENER ONE_SERVICE "action x {\n" words "\n}\n"

static const struct load_case cases[] = {
    { ACTION("command = \"/bin/echo a b\""), NULL },
    { ACTION("command = \"/bin/true\" kind = fix confirm = true service = s level = admin"), NULL },
    { ACTION(""), "command" },
    { ACTION("command = \"echo a\""), "'echo a' does not begin with an absolute path" },
    { ACTION("command = \"/bin/true\" kind = undo"), "'undo' is not one of deploy, apply, fix" },
    { ACTION("command = \"/bin/true\" level = viewer"), "'viewer' is not one of" },
    { ACTION("command = \"/bin/true\" service = other"), "there is no service or group 'other'" },
    { ACTION("command = \"/bin/true\" timeout = 0s"), "timeout" },
    { LISTENER ONE_SERVICE "action \"a b\" { command = \"/bin/true\" }\n", "action 'a b'" },
    { LISTENER ONE_SERVICE "action \"a/b\" { command = \"/bin/true\" }\n", "action 'a/b'" },
    { LISTENER ONE_SERVICE "api { hosts = { \"a:80\" } }\n", "has a port" },
    { LISTENER ONE_SERVICE
      "api { hosts = { \"a.example\", \"*.b.example\" } open_metrics = false }\n",
      NULL },
};

Test(crosscheck_action, finds_what_no_value_shows)
{
    expect_cases(cases, COUNT(cases));
}
