/*
 * Who may give which command: every role, every command, in every way it can be spelled, over a connection; and what a
 * deployer may change. src/control/permit.c, command.c
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "control/admin_client_priv.h"
#include "control/call_priv.h"
#include "control/command_priv.h"
#include "control/words_priv.h"
#include "net/loop.h"
#include "unit/control/world.h"

/* The stand-in of deploy. */
bool deploy_plan_name(const struct deploy *deploy, const char *token, char out[64])
{
    snprintf(out, 64, "%s", deploy->planned);
    return deploy->planned[0] != '\0' && token[0] != '\0';
}

static struct world world;
static struct text logged;
static struct admin_client_list clients;

/* The services of the world, of which none has a signal. */
static char shop[] = "shop";
static char api[] = "api";
static struct config_service services[] = { { .name = shop }, { .name = api } };
static const struct config config = { .services = services, .service_count = 2 };

static void keep_line(void *arg, const char *line, size_t len)
{
    text_add_slice(arg, slice_of(line, len));
}

static void start(void)
{
    text_init(&logged, 16 << 20);
    log_set_sink(keep_line, &logged);
    world_init(&world);
    world.deploy.config = &config;
    TAILQ_INIT(&clients);
}

static void stop(void)
{
    struct admin_client *client = NULL;

    while ((client = TAILQ_FIRST(&clients)) != NULL)
        admin_client_close(client);
    world_turn(&world, 2);
    world_fini(&world);
    log_set_sink(NULL, NULL);
    text_fini(&logged);
}

TestSuite(permit, .init = start, .fini = stop);

/* What a deployer may give, NAME being the service. */
static const char *const deployer_lines[] = {
    "switch NAME",
    "switch NAME --to green --reason x",
    "switch --to green NAME",
    "promote NAME",
    "rollback NAME",
    "release NAME",
    "canary start NAME 5%",
    "canary set NAME 5%",
    "canary step NAME",
    "canary pause NAME",
    "canary resume NAME",
    "canary abort NAME",
    "canary promote NAME",
    "rollout start NAME",
    "rollout pause NAME",
    "rollout resume NAME",
    "rollout advance NAME",
    "rollout abort NAME",
    "confirm NAME",
    "check NAME item",
    "tenant pin acme green NAME",
    "tenant unpin acme NAME",
    "tenant load NAME",
    "pause NAME",
    "resume NAME",
    "maint on NAME",
    "maint off NAME",
    "target set NAME/blue/10.0.0.1:80 drain",
    "target add NAME/blue 10.0.0.9:80",
    "target remove NAME/blue/10.0.0.1:80",
    "drain NAME/green",
    "drill NAME --share none",
    "signal load=1 --service NAME",
    "plan switch NAME",
    "plan promote NAME",
    "plan canary start NAME 5%",
    "plan target remove NAME/blue/10.0.0.1:80",
    "plan tenant pin acme green NAME",
};
enum { DEPLOYER_LINES = sizeof deployer_lines / sizeof deployer_lines[0] };

static void ignore(void *owner)
{
    (void)owner;
}

/* The outcome of a line as this peer, without a connection. */
static enum outcome run(const struct peer *peer, const char *line)
{
    static struct words words;
    const char *problem = NULL;
    char copy[512];
    struct call *call = NULL;
    enum outcome outcome = OUTCOME_DONE;
    unsigned before = world.deploy.submitted_count;

    snprintf(copy, sizeof copy, "%s", line);
    cr_assert_eq(words_split(copy, strlen(copy), &words, &problem), 0, "%s: %s", line, problem);
    call = call_new(&world.room, peer, words.words, words.count);
    (void)call_start(call, ignore, NULL);
    outcome = call->reply.outcome;
    if (outcome == OUTCOME_DENIED) {
        cr_expect_eq(world.deploy.submitted_count, before, "%s changed something", line);
        cr_expect_eq(call->reply.fault, FAULT_NOT_AUTHORISED);
        cr_expect_not(call->wants_shutdown);
    }
    call_release(call);
    world_turn(&world, 1);
    world.deploy.submitted_count = 0;
    return outcome;
}

static char *with_name(const char *line, const char *name)
{
    const char *at = strstr(line, "NAME");

    cr_assert(at != NULL, "%s", line);
    return mem_format("%.*s%s%s", (int)(at - line), line, name, at + 4);
}

Test(permit, every_command_for_deployers_is_tried_here)
{
    const struct command *command = NULL;

    for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
        bool is_found = command->level != LEVEL_DEPLOYER || strcmp(command->name, "apply") == 0;
        size_t len = strlen(command->name);

        for (size_t j = 0; j < DEPLOYER_LINES && !is_found; j++)
            is_found = strncmp(deployer_lines[j], command->name, len) == 0;
        cr_expect(is_found, "%s", command->name);
    }
}

Test(permit, a_deployer_changes_what_is_in_its_scope_and_nothing_else)
{
    static const struct {
        const char *scope;
        const char *name;
        bool may;
    } rows[] = {
        { " shop ", "shop", true },        { " shop ", "api", false },
        { " shop ", "release", false },    { " api ", "api", true },
        { " api ", "release", true },      { " release ", "release", true },
        { " release ", "api", true },      { " release ", "shop", false },
        { " shop release ", "api", true }, { "", "shop", false },
        { " shop ", "shop2", false },      { " shop ", "sho", false },
        { " shop ", "Shop", false },       { " shop ", "nothing", false },
        { " shopping ", "shop", false },   { " a shop b ", "shop", true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer peer = { .level = LEVEL_DEPLOYER, .actor = "sub=ci key=k" };

        snprintf(peer.scope, sizeof peer.scope, "%s", rows[i].scope);
        for (size_t j = 0; j < DEPLOYER_LINES; j++) {
            char *line = with_name(deployer_lines[j], rows[i].name);

            cr_expect_eq(run(&peer, line) != OUTCOME_DENIED, rows[i].may, "%s with scope \"%s\"",
                         line, rows[i].scope);
            free(line);
        }
    }
}

/* Words that do not name one service of the scope, however they are put. */
Test(permit, a_deployer_has_to_name_the_service)
{
    static const char *const lines[] = {
        "tenant pin acme green",
        "tenant unpin acme",
        "tenant load",
        "signal load=1",
        "signal load=1 --rollout 7",
        "signal load=1 --service api --reason shop",
        "switch \" shop \"",
        "switch \"shop api\"",
        "switch \"\"",
        "switch /shop",
        "switch \"shop\tapi\"",
        "tenant pin shop green api",
        "tenant pin acme shop api",
        "tenant unpin shop api",
        "check api shop",
        "target set api/shop/shop ready",
        "drain api/shop",
        "plan",
        "plan switch api --reason shop",
        "lock acquire shop --reason x",
        "lock release shop",
        "approve shop",
        "reject shop --reason x",
        "reload",
        "tls reload",
        "show config",
        "shutdown",
        "shutdown now",
    };
    const struct peer peer = { .level = LEVEL_DEPLOYER, .actor = "sub=ci", .scope = " shop " };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        enum outcome outcome = run(&peer, lines[i]);

        cr_expect(outcome == OUTCOME_DENIED || outcome == OUTCOME_USAGE, "%s", lines[i]);
        if (strcmp(lines[i], "plan") != 0)
            cr_expect_eq(outcome, OUTCOME_DENIED, "%s", lines[i]);
    }
}

Test(permit, a_deployer_applies_plans_of_its_services_only)
{
    const struct peer peer = { .level = LEVEL_DEPLOYER, .actor = "sub=ci", .scope = " shop " };

    snprintf(world.deploy.planned, sizeof world.deploy.planned, "shop");
    cr_expect_neq(run(&peer, "apply token"), OUTCOME_DENIED);
    cr_expect_str_eq(world.deploy.token, "token");
    world.deploy.token[0] = '\0';
    snprintf(world.deploy.planned, sizeof world.deploy.planned, "api");
    cr_expect_eq(run(&peer, "apply token"), OUTCOME_DENIED);
    cr_expect_str_eq(world.deploy.token, "", "it came through");
}

static void on_park(void *arg)
{
    (void)arg;
}

static void on_close(void *arg, struct admin_client *client)
{
    (void)arg;
    (void)client;
}

/* A connection of this peer; our end. */
static int open_as(const struct peer *peer)
{
    struct admin_client_owner owner = { .idle_ms = 60000,
                                        .prompt_idle_ms = 60000,
                                        .send_ms = 60000,
                                        .room = &world.room,
                                        .on_park = on_park,
                                        .on_close = on_close };
    int pair[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    cr_assert_eq(admin_client_open(&owner, pair[0], peer, &clients), 0);
    return pair[1];
}

/* Words that make a whole command of any name. */
static const char *rest_of(const char *name)
{
    for (size_t i = 0; i < DEPLOYER_LINES; i++)
        if (strncmp(deployer_lines[i], name, strlen(name)) == 0 &&
            deployer_lines[i][strlen(name)] == ' ')
            return deployer_lines[i] + strlen(name);
    return "";
}

static void expect_denied(int fd, const char *line, const char *role)
{
    struct text out;

    text_init(&out, 1 << 20);
    cr_assert(world_ask(&world, fd, line, "\n\n", &out), "no answer to %s", line);
    cr_expect(strstr(out.bytes, "not_authorised") != NULL, "%s as %s: %s", line, role, out.bytes);
    text_fini(&out);
}

/* A spelling of a command that this peer may not give, in each form of a line. */
static void expect_denied_in_each_form(const struct peer *peer, const char *spelling,
                                       const struct command *command)
{
    static const struct {
        const char *before;
        const char *after;
    } forms[] = {
        { "", "\n" }, { "json ", "\n" }, { "  ", "  \n" }, { "", " --as root\n" }, { "\"", "\n" }
    };
    char *rest = strstr(rest_of(command->name), "NAME") != NULL
                     ? with_name(rest_of(command->name), "shop")
                     : mem_text(rest_of(command->name));
    int fd = open_as(peer);
    bool is_one_word = strchr(spelling, ' ') == NULL;

    for (size_t i = 0; i < 4u + is_one_word; i++) {
        char *line = mem_format("%s%s%s%s%s", forms[i].before, spelling, i == 4 ? "\"" : "", rest,
                                forms[i].after);

        expect_denied(fd, line, level_name(peer->level));
        free(line);
    }
    close(fd);
    free(rest);
}

Test(permit, what_a_role_may_not_is_refused_in_every_spelling)
{
    const struct command *command = NULL;
    const struct command_alias *alias = NULL;

    for (enum level level = LEVEL_NONE; level <= LEVEL_ADMIN; level++) {
        const struct peer peer = { .level = level, .actor = "uid=7 pid=1", .scope = " api " };

        for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
            if (level > command->level ||
                (level == command->level && command->level != LEVEL_DEPLOYER))
                continue;
            if (strcmp(command->name, "apply") == 0 && level == LEVEL_DEPLOYER)
                continue; /* without a plan: see above */
            expect_denied_in_each_form(&peer, command->name, command);
            for (unsigned j = 0; (alias = command_alias_at(j)) != NULL; j++)
                if (command_find(alias->means) == command)
                    expect_denied_in_each_form(&peer, alias->name, command);
        }
    }
    cr_expect_eq(world.deploy.submitted_count, 0);
    cr_expect_eq(world.quits, 0);
    cr_expect(strstr(logged.bytes, "outcome=denied") != NULL, "no line in the log");
}

Test(permit, commands_behind_others_are_asked_about_one_by_one)
{
    const struct peer viewer = { .level = LEVEL_USER, .actor = "uid=7 pid=1" };
    int fd = open_as(&viewer);
    struct text out;

    text_init(&out, 1 << 20);
    cr_assert(world_ask(&world, fd, "version; switch shop; drain shop/blue status; shutdown\n",
                        "names\n\n", &out),
              "%s", out.bytes);
    cr_expect(strstr(out.bytes, "\"shutdown\" needs the role admin, uid=7 pid=1 is viewer") != NULL,
              "%s", out.bytes);
    cr_expect(strstr(out.bytes, "\"switch\" needs the role deployer, uid=7 pid=1 is viewer") !=
                  NULL,
              "%s", out.bytes);
    cr_expect_eq(world.deploy.submitted_count, 0);
    text_fini(&out);
    close(fd);
}

Test(permit, a_deployer_does_not_force)
{
    const struct peer deployer = { .level = LEVEL_DEPLOYER, .actor = "sub=ci", .scope = " shop " };
    const struct peer oper = { .level = LEVEL_OPERATOR, .actor = "uid=7" };
    static const char *const lines[] = { "switch shop --force --reason x",
                                         "plan switch shop --force --reason x",
                                         "rollout advance shop --reason x --force" };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_expect_eq(run(&deployer, lines[i]), OUTCOME_DENIED, "%s", lines[i]);
        cr_expect_neq(run(&oper, lines[i]), OUTCOME_DENIED, "%s", lines[i]);
    }
}

/* A role that is let in is not stopped later: the other half of the matrix. */
Test(permit, what_a_role_may_is_not_refused)
{
    const struct command *command = NULL;

    for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
        const char *rest = rest_of(command->name);
        char *line = NULL;

        if (strcmp(command->name, "show config") == 0 || strcmp(command->name, "shutdown") == 0 ||
            strncmp(command->name, "state ", 6) == 0)
            continue; /* these need a configuration and a desk, or end the world */
        line = strstr(rest, "NAME") != NULL ? with_name(rest, "shop") : mem_text(rest);
        for (enum level level = command->level; level <= LEVEL_ADMIN; level++) {
            const struct peer peer = { .level = level, .actor = "uid=7", .scope = " shop " };
            char *whole = mem_format("%s%s", command->name, line);

            cr_expect_neq(run(&peer, whole), OUTCOME_DENIED, "%s as %s", whole, level_name(level));
            free(whole);
        }
        free(line);
    }
}
