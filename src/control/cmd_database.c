/*
 * The databases of the releases: see cmd_database_priv.h. `db status` says what is known already, so that it answers while
 * a database hangs; `db test` asks anew and waits no longer than the database's connect timeout.
 */
#include "control/cmd_database_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "control/words_priv.h"
#include "store/store.h"
#include "store/store_test.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { NAMES_MAX = 100 };

static const struct sheet_column columns[] = {
    { "database", "DATABASE", SHEET_TEXT },
    { "condition", "CONDITION", SHEET_TEXT },
    { "condition_seconds", "SINCE", SHEET_SECONDS },
    { "look_age_seconds", "LOOKED AT", SHEET_SECONDS },
    { "server", "SERVER", SHEET_TEXT },
    { "mode", "MODE", SHEET_TEXT },
    { "name", "NAME", SHEET_TEXT },
    { "system_id", "SYSTEM", SHEET_TEXT },
    { "connect_us", NULL, SHEET_NUMBER },
    { "query_us", NULL, SHEET_NUMBER },
    { "connects", NULL, SHEET_NUMBER },
    { "failures", NULL, SHEET_NUMBER },
    { "sqlstate", NULL, SHEET_TEXT },
    { "words", NULL, SHEET_TEXT },
    { "remedy", NULL, SHEET_TEXT },
};

static const struct sheet_column test_columns[] = {
    { "database", "database", SHEET_TEXT },
    { "host", "host", SHEET_TEXT },
    { "name", "name", SHEET_TEXT },
    { "user", "user", SHEET_TEXT },
    { "server", "server", SHEET_TEXT },
    { "mode", "mode", SHEET_TEXT },
    { "tls", "tls", SHEET_TEXT },
    { "names_us", "names, us", SHEET_NUMBER },
    { "connect_us", "connect, us", SHEET_NUMBER },
    { "query_us", "query, us", SHEET_NUMBER },
    { "superuser", "superuser", SHEET_BOOL },
    { "may_monitor", "pg_monitor", SHEET_BOOL },
    { "may_replicate", "may replicate", SHEET_BOOL },
    { "wal_level", "wal_level", SHEET_TEXT },
    { "connections_free", "connections free", SHEET_NUMBER },
    { "slots_free", "replication slots free", SHEET_NUMBER },
    { "senders_free", "wal senders free", SHEET_NUMBER },
    { "apply_workers", "apply workers", SHEET_NUMBER },
    { "worker_processes", "worker processes", SHEET_NUMBER },
};

/* 150020 is "15.20". */
static void add_server(struct sheet *sheet, unsigned version)
{
    if (version == 0)
        sheet_add_none(sheet);
    else
        sheet_add_format(sheet, "%u.%u", version / 10000, version % 10000);
}

static const char *name_mode(bool is_standby, bool is_read_only)
{
    return is_standby ? "standby" : is_read_only ? "read-only" : "read-write";
}

static void add_row(struct sheet *sheet, const struct store_view *view)
{
    bool was_seen = view->look_age_us != UINT64_MAX;

    sheet_add_text(sheet, view->name);
    sheet_add_text(sheet, store_condition_name(view->condition));
    sheet_add_seconds(sheet, view->since_us);
    if (was_seen)
        sheet_add_seconds(sheet, view->look_age_us);
    else
        sheet_add_none(sheet);
    add_server(sheet, view->server_version);
    sheet_add_text(sheet, was_seen ? name_mode(view->is_standby, view->is_read_only) : NULL);
    sheet_add_text(sheet, view->database);
    sheet_add_text(sheet, view->system_id);
    sheet_add_u64(sheet, view->connect_us);
    sheet_add_u64(sheet, view->query_us);
    sheet_add_u64(sheet, view->connects);
    sheet_add_u64(sheet, view->failures);
    sheet_add_text(sheet, view->sqlstate);
    sheet_add_text(sheet, view->words);
    sheet_add_text(sheet, view->remedy);
}

/* "database shop: down for 3s, because …; check …" */
static void add_line(const struct store_view *view, struct text *out)
{
    char age[32];

    if (view->condition == STORE_UP) {
        sheet_age(view->look_age_us, age);
        text_add_format(out, "database %s: up, looked at %s ago%s\n", view->name, age,
                        view->is_standby     ? ", a standby that can only be read"
                        : view->is_read_only ? ", read-only"
                                             : "");
        return;
    }
    sheet_age(view->since_us, age);
    text_add_format(out, "database %s: %s for %s, because %s%s%s\n", view->name,
                    store_condition_name(view->condition), age, view->words,
                    view->remedy[0] != '\0' ? "; " : "", view->remedy);
}

static bool is_meant(const struct call *call, const struct store_view *view)
{
    return call->args.count == 0 || strcmp(call->args.words[0], view->name) == 0;
}

static void add_databases(struct call *call, bool with_table,
                          bool (*is_wanted)(const struct call *call, const struct store_view *view))
{
    const struct store *store = call->room->store;
    struct sheet *sheet = sheet_new(columns, COUNT(columns));
    struct text lines;
    struct store_view view;

    text_init(&lines, REPLY_BYTES_MAX);
    for (size_t i = 0; i < store_count(store); i++) {
        store_view_at(store, i, &view);
        if (is_wanted != NULL && !is_wanted(call, &view))
            continue;
        add_row(sheet, &view);
        if (!with_table || view.condition != STORE_UP)
            add_line(&view, &lines);
    }
    if (with_table && sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    text_add_slice(&call->reply.text, text_slice(&lines));
    json_add(reply_result(&call->reply), "databases", sheet_json(sheet));
    text_fini(&lines);
    sheet_free(sheet);
}

void cmd_database_add_lines(struct call *call)
{
    if (call->room->store != NULL && store_count(call->room->store) > 0)
        add_databases(call, false, NULL);
}

static enum call_step refuse_name(struct call *call)
{
    const struct store *store = call->room->store;
    const char *names[NAMES_MAX];
    const char *near = NULL;
    struct store_view view;
    unsigned count = 0;

    for (size_t i = 0; store != NULL && i < store_count(store) && count < NAMES_MAX; i++) {
        store_view_at(store, i, &view);
        names[count++] = view.name;
    }
    near = words_nearest(call->args.words[0], names, count);
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "no database %.80s",
               call->args.words[0]);
    if (near != NULL)
        reply_hint(&call->reply, "did you mean %s? \"db status\" lists the names", near);
    else
        reply_hint(&call->reply, "\"db status\" lists the names");
    return CALL_DONE;
}

enum call_step cmd_database_status(struct call *call)
{
    const struct store *store = call->room->store;
    struct store_view view;

    if (call->args.count > 0 && (store == NULL || !store_view(store, call->args.words[0], &view)))
        return refuse_name(call);
    if (store == NULL || store_count(store) == 0) {
        text_add(&call->reply.text, "the configuration has no database\n");
        json_add(reply_result(&call->reply), "databases", json_array());
        return CALL_DONE;
    }
    add_databases(call, true, is_meant);
    return CALL_DONE;
}

static void add_count(struct sheet *sheet, int64_t count)
{
    sheet_add_u64(sheet, count > 0 ? (uint64_t)count : 0);
}

static void add_test_row(struct sheet *sheet, const char *name, const struct store_test *test)
{
    sheet_add_text(sheet, name);
    sheet_add_text(sheet, test->host);
    sheet_add_text(sheet, test->database);
    sheet_add_text(sheet, test->user);
    add_server(sheet, test->server_version);
    sheet_add_text(sheet, name_mode(test->is_standby, test->is_read_only));
    sheet_add_text(sheet, test->tls[0] != '\0' ? test->tls : "none");
    sheet_add_u64(sheet, test->names_us);
    sheet_add_u64(sheet, test->connect_us);
    sheet_add_u64(sheet, test->query_us);
    sheet_add_bool(sheet, test->is_superuser);
    sheet_add_bool(sheet, test->may_monitor);
    sheet_add_bool(sheet, test->may_replicate);
    sheet_add_text(sheet, test->wal_level);
    add_count(sheet, test->connections_free);
    add_count(sheet, test->slots_free);
    add_count(sheet, test->senders_free);
    add_count(sheet, test->apply_workers);
    add_count(sheet, test->worker_processes);
}

/* What is not wrong, but should be known. */
static void add_advice(const struct store_test *test, struct text *out)
{
    if (test->is_superuser)
        text_add(out, "the role is a superuser; one with pg_monitor, USAGE and SELECT is enough\n");
    else if (!test->may_monitor)
        text_add(out, "the role sees sessions of others only with GRANT pg_monitor\n");
    if (test->tls[0] == '\0' && test->host[0] != '/' && test->host[0] != '@')
        text_add(out, "the connection is in clear; add sslmode=verify-full to the dsn\n");
    if (test->connections_free == 0)
        text_add(out, "no connection is left for others\n");
}

static void describe_failure(struct call *call, const struct store_test *test)
{
    cJSON *result = json_object();

    json_add_text(result, "database", call->args.words[0]);
    json_add_u64(result, "names_us", test->names_us);
    json_add_u64(result, "connect_us", test->connect_us);
    json_add_text(result, "sqlstate", test->sqlstate);
    json_add_text(result, "words", test->words);
    json_add(reply_result(&call->reply), "test", result);
    reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE, "%s: %s", call->args.words[0],
               test->words);
    if (test->remedy[0] != '\0')
        reply_hint(&call->reply, "%s", test->remedy);
}

static void on_tested(void *arg, const struct store_test *test)
{
    struct call *call = arg;
    struct sheet *sheet = NULL;

    if (!call_return(call))
        return;
    if (test->is_ok) {
        sheet = sheet_new(test_columns, COUNT(test_columns));
        add_test_row(sheet, call->args.words[0], test);
        sheet_print_list(sheet, &call->reply.text);
        add_advice(test, &call->reply.text);
        json_add(reply_result(&call->reply), "test", sheet_json_list(sheet));
        sheet_free(sheet);
    } else {
        describe_failure(call, test);
    }
    call_finish(call);
}

enum call_step cmd_database_test(struct call *call)
{
    int err = ERR_NOT_FOUND;

    call->asked = "the thread of the databases";
    call_lend(call);
    if (call->room->store != NULL)
        err = store_test(call->room->store, call->args.words[0], on_tested, call);
    if (err == ERR_OK)
        return CALL_PARKED;
    (void)call_return(call);
    if (err == ERR_NOT_FOUND)
        return refuse_name(call);
    reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_NONE, "%s is being tested already",
               call->args.words[0]);
    reply_hint(&call->reply, "ask again in a moment");
    return CALL_DONE;
}
