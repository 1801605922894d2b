/* The connection and the daemon's life: see cmd_life_priv.h. */
#include "control/cmd_life_priv.h"

#include <string.h>

#include "control/json_priv.h"
#include "control/sheet_priv.h"

static const struct sheet_column help_columns[] = {
    { "name", "COMMAND", SHEET_TEXT },      { "usage", NULL, SHEET_TEXT },
    { "level", "LEVEL", SHEET_TEXT },       { "changes", NULL, SHEET_BOOL },
    { "help", "WHAT IT DOES", SHEET_TEXT },
};
static const struct sheet_column one_columns[] = {
    { "name", "command", SHEET_TEXT },      { "usage", "usage", SHEET_TEXT },
    { "level", "level", SHEET_TEXT },       { "changes", "changes something", SHEET_BOOL },
    { "help", "what it does", SHEET_TEXT },
};

static void add_command(struct sheet *sheet, const struct command *command)
{
    sheet_add_text(sheet, command->name);
    sheet_add_format(sheet, "%s %s", command->name, command->usage);
    sheet_add_text(sheet, level_name(command->level));
    sheet_add_bool(sheet, command->effect != COMMAND_READS);
    sheet_add_text(sheet, command->help);
}

static void list_commands(struct call *call)
{
    struct sheet *sheet = sheet_new(help_columns, sizeof help_columns / sizeof help_columns[0]);
    const struct command *command = NULL;
    const struct command_alias *alias = NULL;

    for (unsigned i = 0; (command = command_at(i)) != NULL; i++)
        add_command(sheet, command);
    sheet_print(sheet, &call->reply.text);
    text_add(&call->reply.text, "other spellings:");
    for (unsigned i = 0; (alias = command_alias_at(i)) != NULL; i++)
        text_add_format(&call->reply.text, "%s %s = %s", i > 0 ? "," : "", alias->name,
                        alias->means);
    text_add(&call->reply.text, "\nevery command takes --timeout D and --as NAME; a line that "
                                "begins with \"json \" is answered by one JSON object\n");
    json_add(reply_result(&call->reply), "commands", sheet_json(sheet));
    sheet_free(sheet);
}

enum call_step cmd_life_help(struct call *call)
{
    const struct command *command = NULL;
    const char *nearest = NULL;
    struct sheet *sheet = NULL;
    unsigned taken = 0;

    if (call->args.count == 0) {
        list_commands(call);
        return CALL_DONE;
    }
    command = command_lookup(call->args.words, call->args.count, &taken, &nearest);
    if (command == NULL || taken < call->args.count) {
        reply_fail(&call->reply, OUTCOME_USAGE, FAULT_USAGE, "there is no such command");
        reply_hint(&call->reply, "did you mean \"%s\"?", nearest != NULL ? nearest : "help");
        return CALL_DONE;
    }
    sheet = sheet_new(one_columns, sizeof one_columns / sizeof one_columns[0]);
    add_command(sheet, command);
    sheet_print_list(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "command", sheet_json_list(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}

enum call_step cmd_life_version(struct call *call)
{
    text_add(&call->reply.text, "switchyard " SWITCHYARD_VERSION " (" SWITCHYARD_COMMIT ")\n");
    json_add_text(reply_result(&call->reply), "version", SWITCHYARD_VERSION);
    json_add_text(reply_result(&call->reply), "commit", SWITCHYARD_COMMIT);
    return CALL_DONE;
}

enum call_step cmd_life_whoami(struct call *call)
{
    cJSON *result = reply_result(&call->reply);

    text_add_format(&call->reply.text, "%s, role %s\n", call->peer.actor,
                    level_name(call->peer.level));
    json_add_text(result, "actor", call->peer.actor);
    json_add_text(result, "role", level_name(call->peer.level));
    return CALL_DONE;
}

enum call_step cmd_life_prompt(struct call *call)
{
    call->wants_prompt = true;
    return CALL_DONE;
}

enum call_step cmd_life_quit(struct call *call)
{
    call->wants_close = true;
    return CALL_DONE;
}

/* The answer leaves first: the owner of the call carries the wish out when it is sent. */
enum call_step cmd_life_shutdown(struct call *call)
{
    bool is_now = call->args.count == 1;

    if (is_now && strcmp(call->args.words[0], "now") != 0)
        return call_refuse_usage(call, "\"%.40s\" is not \"now\"", call->args.words[0]);
    call->wants_shutdown = true;
    call->is_shutdown_now = is_now;
    text_add(&call->reply.text,
             is_now ? "stopping now\n" : "stopping: requests in flight finish\n");
    return CALL_DONE;
}
