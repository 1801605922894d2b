/*
 * deploy_to_standby: the configured action, further targets, and the wait until the slot is healthy; on a slot that gets no
 * users. Two calls, with a token of this session's own that is bound to the arguments and the epoch. Whatever fails ends
 * it, and live traffic was not touched.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "mcp/pass_priv.h"
#include "mcp/tool_priv.h"

enum { ASK_TIMEOUT_S = 30, ACTION_TIMEOUT_S = 3600, LOOK_S = 2, DEFAULT_WAIT_S = 300 };

struct deployment {
    const char *service;
    const char *slot;
    const char *action;
    const cJSON *targets;
    unsigned steps;
    unsigned done;
};

static bool has_role(const cJSON *slot, const char *role)
{
    const char *is = param_text(slot, "role");

    return is != NULL && strcmp(is, role) == 0;
}

/* The one slot that is meant; NULL: the words say why not. It lives as long as the status. */
static const char *find_slot(struct tool_call *call, const cJSON *slots, const char *service,
                             const char *wanted)
{
    const char *found = NULL;
    const cJSON *slot = NULL;

    cJSON_ArrayForEach(slot, slots)
    {
        const char *name = param_text(slot, "slot");
        const char *of = param_text(slot, "service");

        if (name == NULL || of == NULL || strcmp(of, service) != 0)
            continue;
        if (wanted != NULL && strcmp(name, wanted) == 0 &&
            (has_role(slot, "live") || has_role(slot, "candidate"))) {
            tool_fail(call, "%s/%s is %s and gets users: deploy to another slot; nothing changed",
                      service, name, param_text(slot, "role"));
            return NULL;
        }
        if (wanted != NULL ? strcmp(name, wanted) != 0 : !has_role(slot, "standby"))
            continue;
        if (found != NULL) {
            tool_fail(call, "%s has several standby slots: name one with slot", service);
            return NULL;
        }
        found = name;
    }
    if (found == NULL)
        tool_fail(call, "%s has no %s%s", service, wanted != NULL ? "slot " : "standby slot",
                  wanted != NULL ? wanted : "");
    return found;
}

/* Owned by the caller; NULL: no memory for it. */
static char *name_purpose(const struct tool_call *call, const char *slot, double epoch)
{
    cJSON *copy = cJSON_Duplicate(call->arguments, true);
    char *purpose = NULL;
    char *printed = NULL;

    cJSON_DeleteItemFromObjectCaseSensitive(copy, "token");
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "reason");
    printed = cJSON_PrintUnformatted(copy);
    purpose = mem_format("deploy %s %.0f %s", slot, epoch, printed != NULL ? printed : "");
    cJSON_free(printed);
    cJSON_Delete(copy);
    return purpose;
}

/* One command of the deployment; false: the call says what became of it. */
static bool do_step(struct tool_call *call, struct deployment *deployment, struct text *line,
                    unsigned timeout_s, const char *words)
{
    struct tool_answer answer;
    bool is_ok = false;

    tool_tell(call, deployment->done++, deployment->steps, words);
    tool_ask(call, line, timeout_s, &answer);
    is_ok = answer.code == 0 || answer.code == 10;
    if (!is_ok) {
        tool_show(call, &answer);
        text_add_format(&call->words, "\n%s did not succeed; live traffic was not touched", words);
    }
    tool_answer_fini(&answer);
    return is_ok;
}

static void begin_action(struct tool_call *call, const struct deployment *deployment,
                         const char *token, struct text *line)
{
    tool_line_begin(line);
    tool_line_word(line, "action");
    tool_line_word(line, "run");
    tool_line_word(line, deployment->action);
    tool_line_option(line, "--token", token);
    tool_line_option(line, "--reason", param_text(call->arguments, "reason"));
}

/* An action that wants to be confirmed answers with a token: our own was the confirmation. */
static bool run_action(struct tool_call *call, struct deployment *deployment)
{
    struct tool_answer answer;
    const char *token = NULL;
    struct text line;
    bool is_ok = false;

    if (deployment->action == NULL)
        return true;
    tool_tell(call, deployment->done++, deployment->steps, "the deploy action");
    begin_action(call, deployment, NULL, &line);
    tool_ask(call, &line, ACTION_TIMEOUT_S, &answer);
    token = param_text(tool_result(&answer), "token");
    if (answer.code != 0 && token != NULL) {
        begin_action(call, deployment, token, &line);
        tool_answer_fini(&answer);
        tool_ask(call, &line, ACTION_TIMEOUT_S, &answer);
    }
    is_ok = answer.code == 0;
    if (!is_ok) {
        tool_show(call, &answer);
        text_add(&call->words, "\nthe deploy action did not succeed; live traffic was not touched");
    }
    tool_answer_fini(&answer);
    return is_ok;
}

static bool add_targets(struct tool_call *call, struct deployment *deployment)
{
    const cJSON *target = NULL;
    char path[160];
    struct text line;

    cJSON_ArrayForEach(target, deployment->targets)
    {
        snprintf(path, sizeof path, "%s/%s", deployment->service, deployment->slot);
        tool_line_begin(&line);
        tool_line_word(&line, "target");
        tool_line_word(&line, "add");
        tool_line_word(&line, path);
        tool_line_word(&line, target->valuestring);
        tool_line_option(&line, "--reason", param_text(call->arguments, "reason"));
        if (!do_step(call, deployment, &line, ASK_TIMEOUT_S, "adding a target"))
            return false;
    }
    return true;
}

/* Looks again and again, so that progress is told and a cancelled call ends. */
static void wait_healthy(struct tool_call *call, struct deployment *deployment)
{
    uint64_t wait_s = param_count(call->arguments, "timeout_seconds");
    uint64_t deadline_us =
        clock_monotonic_us() + (wait_s > 0 ? wait_s : DEFAULT_WAIT_S) * 1000000ull;
    struct tool_answer answer = { .code = 4 };
    char path[160];
    struct text line;

    snprintf(path, sizeof path, "%s/%s", deployment->service, deployment->slot);
    text_init(&answer.raw, 1);
    while (answer.code == 4 && clock_monotonic_us() < deadline_us &&
           !atomic_load(&call->is_cancelled)) {
        tool_tell(call, deployment->done, deployment->steps, "waiting until every target is up");
        tool_answer_fini(&answer);
        tool_line_begin(&line);
        tool_line_word(&line, "wait");
        tool_line_word(&line, "healthy");
        tool_line_word(&line, path);
        tool_ask(call, &line, LOOK_S, &answer);
    }
    tool_show(call, &answer);
    if (answer.code == 0)
        text_add_format(&call->words, "\n%s is healthy; it gets no users until switch_traffic",
                        path);
    else
        text_add(&call->words, "\nlive traffic was not touched");
    tool_answer_fini(&answer);
}

static void show_plan(struct tool_call *call, const struct deployment *deployment,
                      const char *purpose)
{
    char token[PASS_SIZE];
    unsigned targets = (unsigned)cJSON_GetArraySize(deployment->targets);

    if (passes_make(call->passes, purpose, token) < 0) {
        tool_fail(call, "the system has no random numbers for a token");
        return;
    }
    text_add_format(&call->words, "plan: %s%s%son %s/%s%s, then wait until it is healthy\n",
                    deployment->action != NULL ? "run the action " : "",
                    deployment->action != NULL ? deployment->action : "",
                    deployment->action != NULL ? " " : "", deployment->service, deployment->slot,
                    targets > 0 ? ", add targets" : "");
    text_add_format(&call->words,
                    "Nothing has changed yet. Call deploy_to_standby again with the same arguments "
                    "and token \"%s\" to do it.",
                    token);
    text_add(&call->json, "{\"ok\":true,\"result\":{\"service\":\"");
    text_add_json(&call->json, slice_from(deployment->service));
    text_add(&call->json, "\",\"slot\":\"");
    text_add_json(&call->json, slice_from(deployment->slot));
    text_add_format(&call->json, "\",\"targets\":%u,\"token\":\"%s\"}}", targets, token);
}

static void go_on(struct tool_call *call, struct deployment *deployment, const char *purpose)
{
    const char *token = param_text(call->arguments, "token");

    deployment->steps =
        1 + (deployment->action != NULL) + (unsigned)cJSON_GetArraySize(deployment->targets);
    if (token == NULL) {
        show_plan(call, deployment, purpose);
        return;
    }
    if (passes_use(call->passes, token, purpose) < 0) {
        tool_fail(call, "this token is not for this deployment, is used, or something has changed "
                        "since: ask for a new plan; nothing changed");
        return;
    }
    if (run_action(call, deployment) && add_targets(call, deployment))
        wait_healthy(call, deployment);
}

void tool_run_deploy(struct tool_call *call)
{
    struct deployment deployment = {
        .service = param_text(call->arguments, "service"),
        .action = param_text(call->arguments, "action"),
        .targets = cJSON_GetObjectItemCaseSensitive(call->arguments, "targets"),
    };
    const cJSON *epoch = NULL;
    struct tool_answer status;
    char *purpose = NULL;
    struct text line;

    if (deployment.action == NULL && cJSON_GetArraySize(deployment.targets) == 0) {
        tool_fail(call,
                  "neither action nor targets: nothing would be deployed. Name the action that "
                  "deploys, or targets to add; get_deployment_status tells what is there");
        return;
    }
    tool_line_begin(&line);
    tool_line_word(&line, "status");
    tool_line_word(&line, deployment.service);
    tool_ask(call, &line, ASK_TIMEOUT_S, &status);
    if (status.code != 0) {
        tool_show(call, &status);
        tool_answer_fini(&status);
        return;
    }
    deployment.slot =
        find_slot(call, cJSON_GetObjectItemCaseSensitive(tool_result(&status), "slots"),
                  deployment.service, param_text(call->arguments, "slot"));
    epoch = cJSON_GetObjectItemCaseSensitive(status.json, "epoch");
    if (deployment.slot != NULL) {
        purpose = name_purpose(call, deployment.slot, epoch != NULL ? epoch->valuedouble : 0);
        go_on(call, &deployment, purpose);
    }
    free(purpose);
    tool_answer_fini(&status);
}
