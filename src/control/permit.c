/* See permit_priv.h. call.c asks before it runs a command, cmd_plan.c for what is planned. */
#include "control/permit_priv.h"

#include <stdio.h>
#include <string.h>

#include "control/args_priv.h"
#include "control/call_priv.h"
#include "control/command_priv.h"
#include "control/scope_priv.h"
#include "deploy/deploy.h"

/* Where a command that deployers may give has the service or group, if not in its first word. PLANNED: asked again for what
 * is planned (cmd_plan.c). */
enum place { PLACE_WORD, PLACE_OPTION, PLACE_PLANNED, PLACE_TOKEN };

static const struct {
    const char *name;
    enum place place;
    unsigned word;
} places[] = {
    { "tenant pin", PLACE_WORD, 2 }, { "tenant unpin", PLACE_WORD, 1 },
    { "signal", PLACE_OPTION, 0 },   { "plan", PLACE_PLANNED, 0 },
    { "apply", PLACE_TOKEN, 0 },
};

bool permit_level(struct call *call, const struct command *command)
{
    if (command_is_allowed(command, call->peer.level))
        return true;
    reply_fail(&call->reply, OUTCOME_DENIED, FAULT_NOT_AUTHORISED,
               "\"%s\" needs the role %s, %s is %s", command->name, level_name(command->level),
               call->peer.actor,
               call->peer.level == LEVEL_NONE ? "nobody" : level_name(call->peer.level));
    reply_hint(&call->reply, "%s",
               call->peer.uid != (uid_t)-1
                   ? "run it as root, as the daemon's user or as a member of a group that the "
                     "block admin names"
                   : "use a token with that role; \"switchctl token\" makes one");
    return false;
}

/* Of a group: whether the scope has each of its services; false as well when there is none. */
static bool has_all_of(const struct call *call, const char *group)
{
    struct args_path path = { .depth = 1 };
    struct scope scope;
    bool has = false;

    snprintf(path.name, sizeof path.name, "%s", group);
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope)) {
        if (!peer_scope_has(call->peer.scope, scope.service->service->name))
            return false;
        has = true;
    }
    return has;
}

/* Whether it is a service of a group that the scope has. */
static bool is_of_group(const struct call *call, const char *service)
{
    struct scope scope;

    scope_init(&scope, call->room->deploy, NULL);
    while (scope_next(&scope))
        if (strcmp(scope.service->service->name, service) == 0)
            return peer_scope_has(call->peer.scope, scope.view.group);
    return false;
}

bool permit_is_in_scope(const struct call *call, const char *name)
{
    return peer_scope_has(call->peer.scope, name) || is_of_group(call, name) ||
           has_all_of(call, name);
}

static bool deny_scope(struct call *call, const char *name)
{
    if (name != NULL)
        reply_fail(&call->reply, OUTCOME_DENIED, FAULT_NOT_AUTHORISED,
                   "%s is not among the services of %s, who is a deployer", name, call->peer.actor);
    else
        reply_fail(&call->reply, OUTCOME_DENIED, FAULT_NOT_AUTHORISED,
                   "%s is a deployer and has to name the service that \"%s\" is for",
                   call->peer.actor, call->command->name);
    reply_hint(&call->reply, "%s",
               name != NULL
                   ? "the services claim of the token, or deployer_services of the block admin, "
                     "names them"
                   : "give the service as the last word, or with --service");
    return false;
}

/* Gates such as an approval by others bind the one who deploys. */
static bool deny_force(struct call *call)
{
    reply_fail(&call->reply, OUTCOME_DENIED, FAULT_NOT_AUTHORISED,
               "--force goes past gates and needs the role operator, %s is deployer",
               call->peer.actor);
    reply_hint(&call->reply, "do what the gate asks for, or have an operator force it");
    return false;
}

static const char *word_at(const struct args *args, unsigned index)
{
    return args->count > index ? args->words[index] : NULL;
}

/* The word with the service or group, NULL: the command says none. A plan has its own. */
static const char *find_word(const struct call *call, bool *is_free, char planned[64])
{
    const struct args *args = &call->args;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(places[i].name, call->command->name) != 0)
            continue;
        switch (places[i].place) {
        case PLACE_WORD: return word_at(args, places[i].word);
        case PLACE_OPTION: return args_named(args, "--service");
        case PLACE_PLANNED: *is_free = true; return NULL;
        case PLACE_TOKEN:
            *is_free = !deploy_plan_name(call->room->deploy, args->words[0], planned);
            return planned; /* without a plan nothing will be applied */
        }
    }
    return word_at(args, 0);
}

bool permit_scope(struct call *call)
{
    struct args_path path;
    char planned[64];
    bool is_free = false;
    const char *word = NULL;

    if (call->peer.level != LEVEL_DEPLOYER || call->command->level < LEVEL_DEPLOYER)
        return true;
    if ((call->args.given & ARGS_FORCE) != 0)
        return deny_force(call);
    word = find_word(call, &is_free, planned);
    if (is_free)
        return true;
    if (word == NULL || args_parse_path(word, &path) < 0)
        return deny_scope(call, NULL);
    return permit_is_in_scope(call, path.name) || deny_scope(call, path.name);
}
