/* Gates and rollouts: what no single value shows. src/config/crosscheck_rollout.c */
#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases)      (sizeof(cases) / sizeof(cases)[0])
#define SLOT              " slot b { targets = { \"127.0.0.1:2\" } } "
#define IN_SERVICE(words) LISTENER "service s {" SLOT "\n" words "\n}\n"

static const struct load_case cases[] = {
    { IN_SERVICE("rollout { default_profile = odd }"),
      "t.conf:2: default_profile: service 's' has no profile 'odd'" },
    { IN_SERVICE("rollout { default_profile = odd profile odd { watch = 4h } }"), NULL },
    { IN_SERVICE("rollout { profile odd { } }"), "profile" },
    { IN_SERVICE("rollout { profile minor { watch = 4h } }"), "profile 'minor' is always there" },
    { IN_SERVICE("rollout { hook_start = \"echo hello\" }"),
      "t.conf:2: hook_start: 'echo hello' does not begin with an absolute path" },
    { IN_SERVICE("rollout { hook_cutover = \"a\" }"), "hook_cutover: 'a' does not begin" },
    { IN_SERVICE("rollout { hook_settled = \"a\" }"), "hook_settled: 'a' does not begin" },
    { IN_SERVICE("rollout { hook_failed = \"a\" }"), "hook_failed: 'a' does not begin" },
    { IN_SERVICE("rollout { hook_start = \"/bin/echo hello\" hook_time = 5s }"), NULL },
    { IN_SERVICE("rollout { on_inconclusive = maybe }"), "'maybe' is not one of hold, advance" },
    { IN_SERVICE("rollout { on_overdue = advance }"), "'advance' is not one of hold or abort" },
    { IN_SERVICE("rollout { selfprobe_json = { \"a=b\" } }"),
      "t.conf:2: selfprobe_json has no effect without selfprobe_path" },
    { LISTENER "service s { paths = { \"/shop\" } " SLOT
               "\nrollout { selfprobe_path = \"/shopping\" } }\n",
      "t.conf:2: selfprobe_path: '/shopping' is under no path of service 's'" },
    { LISTENER "service s { paths = { \"/shop\" } " SLOT
               "\nrollout { selfprobe_path = \"/shop/a\" selfprobe_status = { \"204\" } "
               "selfprobe_time = 300ms } }\n",
      NULL },
    { IN_SERVICE("gate { checklist = { backup, oncall, backup } }"),
      "t.conf:2: checklist: 'backup' is there twice" },
    { IN_SERVICE("rollout { holdback = 1% } canary { steps = { 1%, 50%, 99%, 100% } }"), NULL },
    { IN_SERVICE("rollout { holdback = 2% } canary { steps = { 1%, 50%, 99%, 100% } }"),
      "t.conf:2: holdback: a step of canary { steps } leaves fewer users on the old slot" },
    { IN_SERVICE("rollout { holdback = 0.001% }"), "holdback: shares of users have at most two" },
    { IN_SERVICE("rollout { holdback = 60% }"), "holdback" },
    { IN_SERVICE("rollout { selfprobe_path = \"/a\" selfprobe_header = { \"Server=a\", \"B~c+\" } "
                 "selfprobe_body = { \"ok\", \"!Exception\" } }"),
      NULL },
    { IN_SERVICE("rollout { selfprobe_path = \"/a\" selfprobe_header = \"Server: a\" }"),
      "t.conf:2: selfprobe_header: 'Server: a': behind the name stands" },
    { IN_SERVICE("rollout { selfprobe_path = \"/a\" selfprobe_body = \"!(a\" }"),
      "t.conf:2: selfprobe_body: '!(a': it is no regular expression" },
    { IN_SERVICE("rollout { selfprobe_header = \"Server\" }"),
      "selfprobe_header has no effect without selfprobe_path" },
    { IN_SERVICE("rollout { selfprobe_body = \"ok\" }"),
      "selfprobe_body has no effect without selfprobe_path" },
    { IN_SERVICE("gate { approvals = 17 }"), "approvals" },
    { IN_SERVICE("gate { approval_level = user }"), "'user' is not one of operator or admin" },
    { IN_SERVICE("gate { approval_for = end }"), "'end' is not one of start or cutover" },
    { IN_SERVICE("gate { lag = 5s }"), "unknown" },
    { IN_SERVICE("gate { approvals = 2 approval_level = admin approval_time = 2h approval_for = "
                 "cutover approve_own = true checklist = { backup } validation = 5m }"),
      NULL },
};

Test(crosscheck_rollout, finds_what_no_value_shows)
{
    expect_cases(cases, COUNT(cases));
}

Test(crosscheck_rollout, watch_times_come_from_the_profile)
{
    struct config_profile odd = { .name = (char[]){ "odd" }, .watch = 7 };
    struct config_rollout rollout = {
        .watch_minor = 1,
        .watch_major = 2,
        .watch_breaking = 3,
        .profiles = &odd,
        .profile_count = 1,
    };
    uint64_t us = 0;

    cr_assert(config_find_watch(&rollout, "minor", &us) && us == 1);
    cr_assert(config_find_watch(&rollout, "major", &us) && us == 2);
    cr_assert(config_find_watch(&rollout, "breaking", &us) && us == 3);
    cr_assert(config_find_watch(&rollout, "odd", &us) && us == 7);
    cr_assert(!config_find_watch(&rollout, "even", &us));
}
