/* See bench_rollout.h. */
#include "bench_rollout.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "net/loop.h"

#define HEAD "listener http { bind = \"127.0.0.1:0\" }\n"
#define REST                                                                                       \
    "service gated {\n"                                                                            \
    "  hosts = { \"gated.example\" }\n"                                                            \
    "  health { enabled = false }\n"                                                               \
    "  gate { approvals = 2 approval_time = 1h checklist = { backup, oncall } }\n"                 \
    "  slot blue { targets = { \"127.0.0.1:6501\" } }\n"                                           \
    "  slot green { targets = { \"127.0.0.1:6502\" } version = \"v7\" }\n"                         \
    "}\n"                                                                                          \
    "service web {\n"                                                                              \
    "  hosts = { \"web.example\" }\n"                                                              \
    "  health { enabled = false }\n"                                                               \
    "  slot blue { targets = { \"127.0.0.1:6001\" } }\n"                                           \
    "  slot green { targets = { \"127.0.0.1:6002\" } }\n"                                          \
    "}\n"                                                                                          \
    "service api {\n"                                                                              \
    "  hosts = { \"api.example\" }\n"                                                              \
    "  health { enabled = false }\n"                                                               \
    "  slot blue { targets = { \"127.0.0.1:7001\" } }\n"                                           \
    "  slot green { targets = { \"127.0.0.1:7002\" } }\n"                                          \
    "}\n"                                                                                          \
    "group release { services = { \"web\", \"api\" } }\n"
#define SHOP(green)                                                                                \
    "service shop {\n"                                                                             \
    "  hosts = { \"shop.example\" }\n"                                                             \
    "  health { enabled = false }\n"                                                               \
    "  canary { steps = { \"1%\", \"50%\", \"100%\" } step_time = \"10ms\" }\n"                    \
    "  rollout { holdback = \"2%\" }\n"                                                            \
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n" green                    \
    "  slot staging { targets = { \"127.0.0.1:5009\" } role = \"staging\" }\n"                     \
    "}\n"
#define GREEN "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
#define RED   "  slot red { targets = { \"127.0.0.1:5003\" } }\n"
#define SLOW                                                                                       \
    "service slow {\n"                                                                             \
    "  hosts = { \"slow.example\" }\n"                                                             \
    "  health { enabled = false }\n"                                                               \
    "  gate { validation = 5m }\n"                                                                 \
    "  slot blue { targets = { \"127.0.0.1:8001\" } }\n"                                           \
    "  slot green { targets = { \"127.0.0.1:8002\" } }\n"                                          \
    "}\n"

const char bench_rollout_config[] = HEAD SHOP(GREEN)
SLOW REST;
const char bench_rollout_config_without_green[] = HEAD SHOP(RED) REST;

struct change_result bench_rollout_say(struct bench_desk *desk, enum change_kind kind,
                                       const char *name)
{
    struct change change = bench_desk_change(kind, name, "");

    change.share = kind == CHANGE_CANARY_SET ? 4200 : 0;
    return bench_desk_do(desk, &change);
}

static void on_done(void *arg, const struct change_result *result)
{
    struct bench_answer *answer = arg;

    cr_assert(!answer->is_done, "answered twice");
    answer->is_done = true;
    answer->result = *result;
    if (--*answer->open == 0)
        loop_stop(answer->loop);
}

void bench_rollout_submit_own(struct bench_desk *desk, const struct change *change,
                              struct bench_answer *answer, unsigned *open)
{
    *answer = (struct bench_answer){ .open = open, .loop = desk->loop };
    (*open)++;
    deploy_submit_own(desk->deploy, change, on_done, answer);
}

struct change_result bench_rollout_own(struct bench_desk *desk, const struct change *change)
{
    struct bench_answer answer;
    unsigned open = 0;

    bench_rollout_submit_own(desk, change, &answer, &open);
    bench_desk_wait(desk, &open);
    return answer.result;
}

struct change_result bench_rollout_phase(struct bench_desk *desk, const char *name,
                                         enum rollout_phase phase)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_PHASE, name, "");

    snprintf(change.actor, sizeof change.actor, "switchyard");
    change.rollout = bench_rollout_view(desk, name).id;
    change.phase = phase;
    return bench_rollout_own(desk, &change);
}

struct deploy_rollout_view bench_rollout_view(struct bench_desk *desk, const char *name)
{
    struct deploy_rollout_view view;

    for (unsigned i = 0; deploy_rollout_at(desk->deploy, i, NULL, &view); i++)
        if (strcmp(view.name, name) == 0)
            return view;
    return (struct deploy_rollout_view){ .id = 0 };
}
