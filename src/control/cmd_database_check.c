/*
 * See cmd_database_check_priv.h. All of it is judged from looks that the store's thread brings anyway: nothing here waits
 * for a database.
 */
#include "control/cmd_database_check_priv.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "deploy/word_view.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct sheet_column gate_columns[] = {
    { "service", "SERVICE", SHEET_TEXT },     { "slot", "SLOT", SHEET_TEXT },
    { "gate", "GATE", SHEET_TEXT },           { "result", "RESULT", SHEET_TEXT },
    { "age_seconds", "SEEN", SHEET_SECONDS }, { "words", "WHY", SHEET_TEXT },
    { "remedy", "REMEDY", SHEET_TEXT },
};

static const struct sheet_column light_columns[] = {
    { "service", NULL, SHEET_TEXT },       { "slot", NULL, SHEET_TEXT },
    { "rollback_safe", NULL, SHEET_TEXT }, { "age_seconds", NULL, SHEET_SECONDS },
    { "words", NULL, SHEET_TEXT },
};

/* What a check has found so far. */
struct tally {
    struct sheet *sheet;
    unsigned gates;
    unsigned stops;  /* gates that a move would not pass */
    char first[640]; /* the first of them, in words */
    char gate[32];
};

static void add_age(struct sheet *sheet, uint64_t age_us)
{
    if (age_us == UINT64_MAX)
        sheet_add_none(sheet);
    else
        sheet_add_seconds(sheet, age_us);
}

static void add_gate(struct tally *tally, const char *service, const struct deploy_word_view *view,
                     enum word_gate gate)
{
    const struct word_finding *finding = &view->word.gates[gate];
    bool is_stop =
        finding->answer == WORD_FAIL || (finding->answer == WORD_UNKNOWN && !view->is_lenient);

    tally->gates++;
    sheet_add_text(tally->sheet, service);
    sheet_add_text(tally->sheet, view->slot);
    sheet_add_text(tally->sheet, word_gate_name(gate));
    sheet_add_text(tally->sheet, word_answer_name(finding->answer));
    add_age(tally->sheet, finding->age_us);
    sheet_add_text(tally->sheet, finding->words);
    sheet_add_text(tally->sheet, finding->remedy);
    if (!is_stop || tally->stops++ > 0)
        return;
    snprintf(tally->gate, sizeof tally->gate, "%s", word_gate_name(gate));
    snprintf(tally->first, sizeof tally->first, "%s/%s: %s: %s", service, view->slot,
             word_answer_name(finding->answer), finding->words);
}

static void add_word(struct tally *tally, const char *service, const struct deploy_word_view *view)
{
    for (int i = 0; i < WORD_GATE_COUNT; i++)
        if (view->word.gates[i].is_asked)
            add_gate(tally, service, view, i);
}

static void check_slot(const struct call *call, struct tally *tally, unsigned index,
                       const char *slot)
{
    const struct config *config = deploy_config(call->room->deploy);
    struct deploy_word_view view;

    if (deploy_view_word(call->room->deploy, index, slot, &view))
        add_word(tally, config->services[index].name, &view);
}

/* All slots that work with the database. */
static void check_database(const struct call *call, struct tally *tally, const char *name)
{
    const struct config *config = deploy_config(call->room->deploy);

    for (unsigned i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];

        for (size_t j = 0; j < service->slot_count; j++)
            if (service->slots[j].database != NULL && strcmp(service->slots[j].database, name) == 0)
                check_slot(call, tally, i, service->slots[j].name);
    }
}

/* A service is asked about where a switch would go. */
static void check_path(const struct call *call, struct tally *tally, const struct args_path *path)
{
    unsigned last = UINT32_MAX;
    struct scope scope;

    scope_init(&scope, call->room->deploy, path);
    while (scope_next(&scope)) {
        if (path->depth < 2 && scope.service_index == last)
            continue;
        last = scope.service_index;
        check_slot(call, tally, last, path->depth < 2 ? NULL : path->slot);
    }
}

static void answer_check(struct call *call, const struct tally *tally)
{
    struct reply *reply = &call->reply;

    json_add(reply_result(reply), "gates", sheet_json(tally->sheet));
    if (tally->gates == 0) {
        text_add_format(&reply->text, "no slot of %s works with a database that is configured\n",
                        call->args.words[0]);
        return;
    }
    sheet_print(tally->sheet, &reply->text);
    if (tally->stops == 0)
        return;
    reply_fail(reply, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "%u of %u gates do not pass; %s",
               tally->stops, tally->gates, tally->first);
    snprintf(reply->gate, sizeof reply->gate, "%s", tally->gate);
}

enum call_step cmd_database_check(struct call *call)
{
    const struct config *config = deploy_config(call->room->deploy);
    const char *name = call->args.words[0];
    bool is_database = config_find_database(config, slice_from(name)) != NULL &&
                       config_find_service(config, slice_from(name)) == NULL;
    struct tally tally = { .gates = 0 };
    struct args_path path;

    if (!is_database && scope_parse(call->room->deploy, name, &path, &call->reply) < 0)
        return CALL_DONE;
    if (!is_database && path.depth > 2)
        return call_refuse_usage(call, "\"%.80s\" is too long a path here", name);
    tally.sheet = sheet_new(gate_columns, COUNT(gate_columns));
    if (is_database)
        check_database(call, &tally, name);
    else
        check_path(call, &tally, &path);
    answer_check(call, &tally);
    sheet_free(tally.sheet);
    return CALL_DONE;
}

/* Each line of it is an object of JSON, too. */
static void add_lines(struct call *call, const struct text *lines)
{
    cJSON *list = json_array();
    struct slice rest = text_slice(lines);
    struct slice line;

    while (slice_next(&rest, '\n', &line)) {
        char words[640];

        if (line.len == 0)
            continue;
        snprintf(words, sizeof words, "%.*s", SLICE_ARG(line));
        cJSON_AddItemToArray(list, cJSON_CreateString(words));
    }
    json_add(reply_result(&call->reply), "missing", list);
    text_add_slice(&call->reply.text, text_slice(lines));
}

static void answer_contract(struct call *call, const struct word_finding *finding,
                            const struct text *lines)
{
    json_add_text(reply_result(&call->reply), "result", word_answer_name(finding->answer));
    json_add_text(reply_result(&call->reply), "words", finding->words);
    add_lines(call, lines);
    if (finding->answer == WORD_PASS) {
        text_add_format(&call->reply.text, "%s: %s\n", call->args.words[0], finding->words);
        return;
    }
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "%s: %s: %s", call->args.words[0],
               word_answer_name(finding->answer), finding->words);
    snprintf(call->reply.gate, sizeof call->reply.gate, "contract");
    if (finding->answer == WORD_UNKNOWN && finding->remedy[0] != '\0')
        reply_hint(&call->reply, "%s", finding->remedy);
}

enum call_step cmd_database_contract(struct call *call)
{
    struct word_finding finding = { 0 };
    struct args_path path;
    struct scope scope;
    struct text lines;

    if (scope_parse(call->room->deploy, call->args.words[0], &path, &call->reply) < 0)
        return CALL_DONE;
    scope_init(&scope, call->room->deploy, &path);
    if (path.depth != 2 || !scope_next(&scope))
        return call_refuse_usage(call, "say which slot: %.80s/SLOT", path.name);
    text_init(&lines, REPLY_BYTES_MAX);
    if (deploy_view_contract(call->room->deploy, scope.service_index, path.slot, &finding,
                             &lines)) {
        answer_contract(call, &finding, &lines);
    } else {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_NONE, "%s has no contract",
                   call->args.words[0]);
        reply_hint(&call->reply, "give the slot a contract, see docs/contract.md");
    }
    text_fini(&lines);
    return CALL_DONE;
}

static const char *name_light(enum word_answer answer)
{
    switch (answer) {
    case WORD_PASS: return "yes";
    case WORD_FAIL: return "no";
    case WORD_UNKNOWN: break;
    }
    return "unknown";
}

static void add_light(struct call *call, struct sheet *sheet, const char *service,
                      const struct deploy_light_view *view)
{
    sheet_add_text(sheet, service);
    sheet_add_text(sheet, view->slot);
    sheet_add_text(sheet, name_light(view->light.answer));
    add_age(sheet, view->light.age_us);
    sheet_add_text(sheet, view->light.words);
    text_add_format(&call->reply.text, "%s: rollback safe: %s (to %s), because %s\n", service,
                    name_light(view->light.answer), view->slot, view->light.words);
}

void cmd_database_check_add_lights(struct call *call, const struct args_path *path)
{
    struct sheet *sheet = sheet_new(light_columns, COUNT(light_columns));
    struct deploy_light_view view;
    unsigned last = UINT32_MAX;
    struct scope scope;

    scope_init(&scope, call->room->deploy, path);
    while (scope_next(&scope)) {
        if (scope.service_index == last)
            continue;
        last = scope.service_index;
        deploy_view_light(call->room->deploy, last, &view);
        if (view.light.is_asked)
            add_light(call, sheet, scope.service->service->name, &view);
    }
    if (sheet_row_count(sheet) > 0)
        json_add(reply_result(&call->reply), "lights", sheet_json(sheet));
    sheet_free(sheet);
}
