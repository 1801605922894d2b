/* The table of commands and who may use them: src/control/command.c, peer.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "control/call_priv.h"
#include "control/command_priv.h"
#include "control/words_priv.h"
#include "unit/control/world.h"

/* Written out a second time on purpose: a command whose level changes, or a new one, must be looked at here. */
static const struct {
    const char *name;
    enum level level;
    bool changes;
} expected[] = {
    { "status", LEVEL_USER, false },
    { "list", LEVEL_USER, false },
    { "show slots", LEVEL_USER, false },
    { "show targets", LEVEL_USER, false },
    { "show info", LEVEL_USER, false },
    { "show services", LEVEL_USER, false },
    { "show config", LEVEL_OPERATOR, false },
    { "show errors", LEVEL_USER, false },
    { "show conns", LEVEL_USER, false },
    { "show drain", LEVEL_USER, false },
    { "show evidence", LEVEL_USER, false },
    { "show load", LEVEL_USER, false },
    { "show charts", LEVEL_USER, false },
    { "show rules", LEVEL_USER, false },
    { "show alerts", LEVEL_USER, false },
    { "release", LEVEL_DEPLOYER, true },
    { "show history", LEVEL_USER, false },
    { "audit show", LEVEL_OPERATOR, false },
    { "audit verify", LEVEL_OPERATOR, false },
    { "audit export", LEVEL_OPERATOR, false },
    { "decisions", LEVEL_USER, false },
    { "explain-decision", LEVEL_USER, false },
    { "replay", LEVEL_USER, false },
    { "signal", LEVEL_DEPLOYER, true },
    { "show signals", LEVEL_USER, false },
    { "drill", LEVEL_DEPLOYER, true },
    { "show version", LEVEL_USER, false },
    { "whoami", LEVEL_USER, false },
    { "switch", LEVEL_DEPLOYER, true },
    { "rollback", LEVEL_DEPLOYER, true },
    { "canary start", LEVEL_DEPLOYER, true },
    { "canary set", LEVEL_DEPLOYER, true },
    { "canary step", LEVEL_DEPLOYER, true },
    { "canary pause", LEVEL_DEPLOYER, true },
    { "canary resume", LEVEL_DEPLOYER, true },
    { "canary abort", LEVEL_DEPLOYER, true },
    { "canary promote", LEVEL_DEPLOYER, true },
    { "canary status", LEVEL_USER, false },
    { "rollout start", LEVEL_DEPLOYER, true },
    { "rollout status", LEVEL_USER, false },
    { "rollout pause", LEVEL_DEPLOYER, true },
    { "rollout resume", LEVEL_DEPLOYER, true },
    { "rollout advance", LEVEL_DEPLOYER, true },
    { "rollout abort", LEVEL_DEPLOYER, true },
    { "rollout wait", LEVEL_USER, false },
    { "confirm", LEVEL_DEPLOYER, true },
    { "approve", LEVEL_OPERATOR, true },
    { "reject", LEVEL_OPERATOR, true },
    { "check", LEVEL_DEPLOYER, true },
    { "tenant pin", LEVEL_DEPLOYER, true },
    { "tenant unpin", LEVEL_DEPLOYER, true },
    { "tenant list", LEVEL_USER, false },
    { "tenant export", LEVEL_USER, false },
    { "tenant load", LEVEL_DEPLOYER, true },
    { "pause", LEVEL_DEPLOYER, true },
    { "resume", LEVEL_DEPLOYER, true },
    { "maint on", LEVEL_DEPLOYER, true },
    { "maint off", LEVEL_DEPLOYER, true },
    { "explain", LEVEL_USER, false },
    { "plan", LEVEL_DEPLOYER, false },
    { "apply", LEVEL_DEPLOYER, true },
    { "reload", LEVEL_OPERATOR, true },
    { "state export", LEVEL_OPERATOR, false },
    { "state import", LEVEL_ADMIN, true },
    { "tls list", LEVEL_USER, false },
    { "tls reload", LEVEL_OPERATOR, true },
    { "target set", LEVEL_DEPLOYER, true },
    { "target add", LEVEL_DEPLOYER, true },
    { "target remove", LEVEL_DEPLOYER, true },
    { "drain", LEVEL_DEPLOYER, true },
    { "wait healthy", LEVEL_USER, false },
    { "wait drained", LEVEL_USER, false },
    { "lock show", LEVEL_USER, false },
    { "lock acquire", LEVEL_OPERATOR, true },
    { "lock release", LEVEL_OPERATOR, true },
    { "action list", LEVEL_USER, false },
    { "action run", LEVEL_OPERATOR, true },
    { "action test", LEVEL_OPERATOR, false },
    { "shutdown", LEVEL_ADMIN, true },
    { "prompt", LEVEL_USER, false },
    { "db describe", LEVEL_OPERATOR, false },
    { "db approve", LEVEL_OPERATOR, true },
    { "db begin", LEVEL_OPERATOR, true },
    { "db finish", LEVEL_OPERATOR, true },
    { "db snapshots", LEVEL_USER, false },
    { "db snapshot", LEVEL_OPERATOR, true },
    { "db verify", LEVEL_OPERATOR, true },
    { "db restore", LEVEL_OPERATOR, true },
    { "db forget", LEVEL_OPERATOR, true },
    { "db status", LEVEL_USER, false },
    { "db test", LEVEL_OPERATOR, false },
    { "action list", LEVEL_USER, false },
    { "action run", LEVEL_OPERATOR, true },
    { "action test", LEVEL_OPERATOR, false },
    { "db check", LEVEL_USER, false },
    { "db contract", LEVEL_USER, false },
    { "webhook list", LEVEL_USER, false },
    { "webhook test", LEVEL_OPERATOR, true },
    { "db migrations", LEVEL_USER, false },
    { "quit", LEVEL_USER, false },
    { "help", LEVEL_USER, false },
};
enum { EXPECTED = sizeof expected / sizeof expected[0] };

static void drop_line(void *arg, const char *line, size_t len)
{
    (void)arg;
    (void)line;
    (void)len;
}

Test(command, table_is_as_expected)
{
    for (unsigned i = 0; i < EXPECTED; i++) {
        const struct command *command = command_find(expected[i].name);

        cr_assert_not_null(command, "%s", expected[i].name);
        cr_expect_eq(command->level, expected[i].level, "%s", command->name);
        cr_expect_eq(command->effect != COMMAND_READS, expected[i].changes, "%s", command->name);
    }
    cr_assert_null(command_at(EXPECTED), "a command is missing in this test");
}

Test(command, rows_are_whole)
{
    const struct command *command = NULL;

    for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
        cr_expect(command->level > LEVEL_NONE && command->level <= LEVEL_ADMIN, "%s",
                  command->name);
        cr_expect(command->run != NULL && command->help[0] != '\0', "%s", command->name);
        cr_expect(command->min_words <= command->max_words && command->max_words <= ARGS_MAX);
        cr_expect_eq(command_find(command->name), command, "%s is there twice", command->name);
        cr_expect((command->options & ARGS_FORCE) == 0 || (command->options & ARGS_REASON) != 0);
    }
    for (unsigned i = 0; command_alias_at(i) != NULL; i++) {
        cr_expect_not_null(command_find(command_alias_at(i)->means));
        cr_expect_null(command_find(command_alias_at(i)->name));
    }
}

static const struct command *lookup(const char *a, const char *b, const char *c, unsigned *taken,
                                    const char **nearest)
{
    char *words[3] = { (char *)(uintptr_t)a, (char *)(uintptr_t)b, (char *)(uintptr_t)c };
    unsigned count = a == NULL ? 0 : b == NULL ? 1 : c == NULL ? 2 : 3;

    return command_lookup(words, count, taken, nearest);
}

Test(command, is_found_by_its_words)
{
    static const struct {
        const char *words[3];
        const char *name; /* NULL: none */
        unsigned taken;
        const char *nearest;
    } cases[] = {
        { { "status" }, "status", 1, NULL },
        { { "status", "shop" }, "status", 1, NULL },
        { { "show", "slots" }, "show slots", 2, NULL },
        { { "show", "slots", "shop" }, "show slots", 2, NULL },
        { { "slots", "shop" }, "show slots", 1, NULL },
        { { "promote", "shop" }, "switch", 1, NULL },
        { { "history", "5" }, "show history", 1, NULL },
        { { "lock" }, "lock show", 1, NULL },
        { { "show", "tls" }, "tls list", 2, NULL },
        { { "show", "db", "shop" }, "db status", 2, NULL },
        { { "show", "deploy", "shop" }, "rollout status", 2, NULL },
        { { "lock", "acquire" }, "lock acquire", 2, NULL },
        { { "drain", "shop/blue" }, "drain", 1, NULL },
        { { "drain", "shop/blue", "status" }, "show drain", 1, NULL },
        { { "drain", "status" }, "show drain", 2, NULL },
        { { "drain", "status", "shop/blue" }, "show drain", 2, NULL },
        { { "canary", "set", "shop" }, "canary set", 2, NULL },
        { { "canary", "strat", "shop" }, NULL, 0, "canary start" },
        { { "tenant" }, NULL, 0, NULL },
        { { "exit" }, "quit", 1, NULL },
        { { "stat" }, NULL, 0, "status" }, /* no prefixes: only what the table says */
        { { "Switch", "shop" }, NULL, 0, "switch" },
        { { "show", "slot" }, NULL, 0, "show slots" },
        { { "show" }, NULL, 0, NULL },
        { { "" }, NULL, 0, NULL },
        { { "xyzzy" }, NULL, 0, NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *nearest = NULL;
        unsigned taken = 0;
        const struct command *command =
            lookup(cases[i].words[0], cases[i].words[1], cases[i].words[2], &taken, &nearest);

        if (cases[i].name != NULL) {
            cr_assert_not_null(command, "%s", cases[i].words[0]);
            cr_expect_str_eq(command->name, cases[i].name, "%s", cases[i].words[0]);
            cr_expect_eq(taken, cases[i].taken, "%s", cases[i].words[0]);
            continue;
        }
        cr_expect_null(command, "%s", cases[i].words[0]);
        if (cases[i].nearest != NULL)
            cr_expect(nearest != NULL && strcmp(nearest, cases[i].nearest) == 0, "%s: %s",
                      cases[i].words[0], nearest);
    }
}

/* Words enough for the command to be accepted. */
static unsigned fill_words(const struct command *command, char *line, struct words *words)
{
    static const struct {
        const char *name;
        const char *rest;
    } rests[] = {
        { "switch", "shop" },
        { "rollback", "shop" },
        { "target set", "shop/blue/10.0.0.1:80 drain" },
        { "target add", "shop/blue 10.0.0.9:80" },
        { "target remove", "shop/blue/10.0.0.1:80" },
        { "drain", "shop/green" },
        { "wait healthy", "shop" },
        { "wait drained", "shop/blue" },
        { "lock acquire", "--reason test" },
        { "canary start", "shop 5%" },
        { "canary set", "shop 5%" },
        { "canary step", "shop" },
        { "canary pause", "shop" },
        { "canary resume", "shop" },
        { "canary abort", "shop" },
        { "canary promote", "shop" },
        { "tenant pin", "acme green shop" },
        { "tenant unpin", "acme shop" },
        { "pause", "shop" },
        { "resume", "shop" },
        { "maint on", "shop" },
        { "maint off", "shop" },
        { "plan", "switch shop" },
        { "tenant load", "shop" },
        { "apply", "token" },
    };
    const char *problem = NULL;
    const char *rest = "";

    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++)
        if (strcmp(rests[i].name, command->name) == 0)
            rest = rests[i].rest;
    snprintf(line, 256, "%s %s", command->name, rest);
    cr_assert_eq(words_split(line, strlen(line), words, &problem), 0);
    return words->count;
}

static void ignore(void *owner)
{
    (void)owner;
}

Test(command, authorisation_holds_for_every_command_and_level)
{
    static struct world world;
    static struct words words;

    log_set_sink(drop_line, NULL);
    world_init(&world);
    for (unsigned i = 0; i < EXPECTED; i++) {
        const struct command *command = command_find(expected[i].name);

        if (strcmp(command->name, "show config") == 0 || strncmp(command->name, "state ", 6) == 0)
            continue; /* need a configuration and a desk; their level is checked above */
        for (enum level level = LEVEL_NONE; level <= LEVEL_ADMIN; level++) {
            struct peer peer = { .level = level, .actor = "uid=7 pid=1", .scope = " shop " };
            bool may = level >= expected[i].level;
            char line[256];
            unsigned count = fill_words(command, line, &words);
            struct call *call = call_new(&world.room, &peer, words.words, count);
            unsigned before = world.deploy.submitted_count;
            enum call_step step = call_start(call, ignore, NULL);

            cr_expect_eq(call->reply.outcome == OUTCOME_DENIED, !may, "%s as %s", line,
                         level_name(level));
            if (!may) {
                cr_expect_eq(step, CALL_DONE);
                cr_expect_eq(world.deploy.submitted_count, before, "%s changed something", line);
                cr_expect_not(call->wants_shutdown);
            }
            call_release(call);
            world_turn(&world, 2); /* what was submitted comes back to a call that nobody wants */
            world.deploy.submitted_count = 0;
        }
    }
    cr_assert_eq(world.quits, 0);
    world_fini(&world);
}

Test(command, a_force_needs_a_reason)
{
    char *words[] = { (char *)(uintptr_t) "shop", (char *)(uintptr_t) "--force" };
    struct args args;

    cr_assert_lt(command_parse(command_find("switch"), words, 2, &args), 0);
    cr_assert_str_eq(args.problem, "--force needs --reason TEXT");
}

Test(command, levels_come_from_ids)
{
    const struct peer_rule rule = {
        .own_uid = 500, .operators = 77, .admins = 88, .deployers = 99, .viewers = (gid_t)-1
    };
    const struct peer_rule no_group = { .own_uid = 500,
                                        .operators = (gid_t)-1,
                                        .admins = (gid_t)-1,
                                        .deployers = (gid_t)-1,
                                        .viewers = (gid_t)-1 };
    struct peer_rule closed = rule;
    const gid_t members[] = { 10, 77 };
    const gid_t admins[] = { 77, 88 };
    const gid_t deployers[] = { 99, 10 };
    const gid_t both[] = { 99, 77 };
    const gid_t others[] = { 10, 78, (gid_t)-1 };

    cr_expect_eq(peer_level(&rule, 0, others, 3), LEVEL_ADMIN);
    cr_expect_eq(peer_level(&rule, 500, others, 3), LEVEL_ADMIN);
    cr_expect_eq(peer_level(&rule, 501, members, 2), LEVEL_OPERATOR);
    cr_expect_eq(peer_level(&rule, 501, admins, 2), LEVEL_ADMIN);
    cr_expect_eq(peer_level(&rule, 501, deployers, 2), LEVEL_DEPLOYER);
    cr_expect_eq(peer_level(&rule, 501, both, 2), LEVEL_OPERATOR);
    cr_expect_eq(peer_level(&rule, 501, others, 3), LEVEL_USER);
    cr_expect_eq(peer_level(&rule, 501, NULL, 0), LEVEL_USER);
    cr_expect_eq(peer_level(&no_group, 501, others, 3), LEVEL_USER);
    closed.viewers = 10;
    cr_expect_eq(peer_level(&closed, 501, members, 2), LEVEL_OPERATOR);
    cr_expect_eq(peer_level(&closed, 501, others, 1), LEVEL_USER);
    cr_expect_eq(peer_level(&closed, 501, NULL, 0), LEVEL_NONE);
    cr_expect_eq(peer_level(&closed, 0, NULL, 0), LEVEL_ADMIN);
}
