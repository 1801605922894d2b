/* See cmd_migrations_priv.h. Nothing is judged for the command: the watch of the folders does that by itself. */
#include "control/cmd_migrations_priv.h"

#include <string.h>

#include "base/strict_json.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "deploy/migrations_view.h"

static const struct sheet_column columns[] = {
    { "database", "DATABASE", SHEET_TEXT }, { "path", "FILE", SHEET_TEXT },
    { "version", "VERSION", SHEET_TEXT },   { "state", "STATE", SHEET_TEXT },
    { "class", "CLASS", SHEET_TEXT },       { "level", "RISK", SHEET_TEXT },
    { "score", "SCORE", SHEET_NUMBER },     { "confirmation", "NEEDS", SHEET_TEXT },
    { "words", "WORDS", SHEET_TEXT },
};

static const struct strict_json_limits plan_limits = { 8 << 20, STRICT_JSON_DEPTH, 1 << 18 };

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static void add_file(struct sheet *sheet, const char *database, const cJSON *file)
{
    const cJSON *score = cJSON_GetObjectItemCaseSensitive(file, "score");

    sheet_add_text(sheet, database);
    sheet_add_text(sheet, text_of(file, "path"));
    sheet_add_text(sheet, text_of(file, "version"));
    sheet_add_text(sheet, text_of(file, "state"));
    sheet_add_text(sheet, text_of(file, "class"));
    sheet_add_text(sheet, text_of(file, "level"));
    if (cJSON_IsNumber(score))
        sheet_add_u64(sheet, (uint64_t)score->valuedouble);
    else
        sheet_add_none(sheet);
    sheet_add_text(sheet, text_of(file, "confirmation"));
    sheet_add_text(sheet, text_of(file, "words"));
}

/* One folder: its files into the sheet, the rest into the list. */
static void add_folder(struct sheet *sheet, cJSON *list, const struct deploy_migrations_view *view)
{
    cJSON *folder = json_object();
    cJSON *plan = NULL;
    const cJSON *file = NULL;

    json_add_text(folder, "database", view->database);
    json_add_text(folder, "folder", view->folder);
    json_add_text(folder, "words", view->trouble[0] != '\0' ? view->trouble : NULL);
    if (view->plan == NULL ||
        strict_json_parse(slice_from(view->plan), &plan_limits, &plan, NULL) < 0) {
        json_add_null(folder, "age_seconds");
    } else {
        json_add_seconds(folder, "age_seconds", view->age_us);
        json_add_text(folder, "level", text_of(plan, "level"));
        json_add_text(folder, "confirmation", text_of(plan, "confirmation"));
        json_add_bool(folder, "blocked",
                      cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(plan, "blocked")));
        cJSON_ArrayForEach(file, strict_json_array(plan, "files"))
            add_file(sheet, view->database, file);
    }
    cJSON_Delete(plan);
    json_add(list, NULL, folder);
}

enum call_step cmd_migrations_show(struct call *call)
{
    const char *name = call->args.count > 0 ? call->args.words[0] : NULL;
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    cJSON *list = json_array();
    struct deploy_migrations_view view;

    for (unsigned i = 0; deploy_view_migrations(call->room->deploy, i, &view); i++) {
        if (name != NULL && strcmp(name, view.database) != 0)
            continue;
        add_folder(sheet, list, &view);
        if (view.plan == NULL)
            text_add_format(&call->reply.text, "%s: %s is not judged yet%s%s\n", view.database,
                            view.folder, view.trouble[0] != '\0' ? ": " : "", view.trouble);
    }
    if (name != NULL && cJSON_GetArraySize(list) == 0) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME,
                   "no database %s whose migrations are watched", name);
        reply_hint(&call->reply, "the option migrations of its block names the folder");
    } else if (cJSON_GetArraySize(list) == 0) {
        text_add(&call->reply.text, "no database names a folder of migrations\n");
    } else if (sheet_row_count(sheet) > 0) {
        sheet_print(sheet, &call->reply.text);
    }
    json_add(reply_result(&call->reply), "folders", list);
    json_add(reply_result(&call->reply), "migrations", sheet_json(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}
