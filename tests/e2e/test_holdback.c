/* A few users stay on the old slot between the cutover and the end of a rollout, always the same ones. */
#include <stdio.h>
#include <string.h>

#include "e2e/e2e.h"
#include "support/client.h"
#include "support/reply.h"
#include "support/scene.h"

enum { USERS = 40 };

static const struct stage_options with_holdback = {
    .lines = "health { interval = \"100ms\"  timeout = \"1s\"  rise = 1 }\n"
             "guard { auto = false }\n"
             "evidence { latency_warmup = \"1h\" }\n"
             "canary { key = { \"cookie:uid\", \"client-ip\" } }\n"
             "rollout { holdback = \"40%\" }\n",
};

/* The slot that answers this user. */
static int ask(struct stage *stage, unsigned user)
{
    struct client client;
    struct reply reply = { 0 };
    char request[120];
    int slot = -1;

    snprintf(request, sizeof request,
             "GET / HTTP/1.1\r\nHost: a.test\r\nCookie: uid=u%u\r\nConnection: close\r\n\r\n",
             user);
    client_open(&client, daemon_front(stage->daemon));
    client_send_text(&client, request);
    if (client_reply(&client, false, 10000, &reply) == REPLY_WHOLE && reply.status == 200)
        slot = slice_is_equal(reply_value(&reply, "X-Slot"), SLICE("blue")) ? LOAD_SLOT_BLUE
                                                                            : LOAD_SLOT_GREEN;
    reply_fini(&reply);
    client_close(&client);
    return slot;
}

static void ask_all(struct stage *stage, int slots[USERS])
{
    for (unsigned i = 0; i < USERS; i++)
        slots[i] = ask(stage, i);
}

static unsigned count(const int slots[USERS], int slot)
{
    unsigned found = 0;

    for (unsigned i = 0; i < USERS; i++)
        found += slots[i] == slot;
    return found;
}

static void await_phase(struct stage *stage, const char *phase)
{
    char part[64];

    snprintf(part, sizeof part, "\"phase\":\"%s\"", phase);
    for (int i = 0; i < 1500; i++) {
        struct ctl_result result = ctl_run(stage->daemon, "--json rollout status shop");
        bool is_there = strstr(result.out, part) != NULL;

        ctl_free(&result);
        if (is_there)
            return;
        scene_pause_us(10000);
    }
    cr_assert_fail("the rollout is not %s", phase);
}

Test(holdback, keeps_the_same_users_until_the_rollout_has_settled)
{
    struct stage stage;
    struct ctl_result result;
    int first[USERS];
    int again[USERS];

    stage_open(&stage, &with_holdback);
    cr_assert_eq(ctl_code(stage.daemon, "rollout start shop --to green --plan switch"), 0);
    await_phase(&stage, "watching"); /* the probe through the front door reached green */
    ask_all(&stage, first);
    cr_expect_gt(count(first, LOAD_SLOT_BLUE), 0);
    cr_expect_gt(count(first, LOAD_SLOT_GREEN), 0);
    result = ctl_run(stage.daemon, "rollout status shop");
    cr_expect(strstr(result.out, "40.00%") != NULL, "%s", result.out);
    ctl_free(&result);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_assert_eq(ctl_code(stage.daemon, "wait healthy shop --timeout 10s"), 0);
    ask_all(&stage, again);
    cr_expect_arr_eq(first, again, sizeof first, "somebody changed sides");
    cr_assert_eq(ctl_code(stage.daemon, "rollout advance shop --force --reason test"), 0);
    await_phase(&stage, "settled");
    ask_all(&stage, again);
    cr_expect_eq(count(again, LOAD_SLOT_GREEN), USERS);
    STOP_STAGE(&stage);
}

Test(holdback, ends_with_a_rollback)
{
    struct stage stage;
    int slots[USERS];

    stage_open(&stage, &with_holdback);
    cr_assert_eq(ctl_code(stage.daemon, "rollout start shop --to green --plan switch"), 0);
    await_phase(&stage, "watching");
    cr_assert_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    ask_all(&stage, slots);
    cr_expect_eq(count(slots, LOAD_SLOT_BLUE), USERS);
    STOP_STAGE(&stage);
}
