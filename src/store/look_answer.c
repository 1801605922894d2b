/*
 * What is taken from the answer to each question of a look. A row that is missing, a NULL where a value is needed, and an
 * error are unknown, with words; every field of an error may be NULL. Store's thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/look_body_priv.h"

/* A look at one row: what is NULL or no number where one is needed makes the row unknown. */
struct row {
    const PGresult *result;
    const char *missing; /* what was NULL; NULL: nothing */
};

static const char *cell(const PGresult *result, int row, int column)
{
    if (row >= PQntuples(result) || column >= PQnfields(result) ||
        PQgetisnull(result, row, column) == 1)
        return NULL;
    return PQgetvalue(result, row, column);
}

static const char *need(struct row *row, int column, const char *what)
{
    const char *value = cell(row->result, 0, column);

    if (value == NULL && row->missing == NULL)
        row->missing = what;
    return value != NULL ? value : "";
}

static bool need_bool(struct row *row, int column, const char *what)
{
    return strcmp(need(row, column, what), "t") == 0;
}

static bool read_number(const char *text, int64_t *out)
{
    char *end = NULL;

    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0';
}

static int64_t need_number(struct row *row, int column, const char *what)
{
    const char *text = need(row, column, what);
    int64_t value = -1;

    if (text[0] != '\0' && !read_number(text, &value) && row->missing == NULL)
        row->missing = what;
    return value;
}

static void set_unknown(struct look_note *note, const char *words)
{
    note->is_known = false;
    snprintf(note->words, sizeof note->words, "%.230s", words);
}

/* The message without its line end. */
static void copy_message(struct look_note *note, const char *message)
{
    size_t len = strcspn(message, "\r\n");

    snprintf(note->words, sizeof note->words, "%.*s", (int)(len < 230 ? len : 230), message);
}

static bool is_answer(struct look_note *note, const PGresult *result)
{
    const char *message = NULL;

    note->is_known = false;
    if (result == NULL) {
        set_unknown(note, "the database did not answer");
        return false;
    }
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return true;
    message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message == NULL)
        message = PQresultErrorMessage(result);
    if (message == NULL || message[0] == '\0')
        message = "the answer was no row, and the server does not say why";
    copy_message(note, message);
    return false;
}

static bool has_row(struct look_note *note, const PGresult *result, const char *words)
{
    if (!is_answer(note, result))
        return false;
    if (PQntuples(result) > 0)
        return true;
    set_unknown(note, words);
    return false;
}

static void finish(struct look_note *note, const struct row *row)
{
    note->is_known = row->missing == NULL;
    note->words[0] = '\0';
    if (row->missing != NULL)
        snprintf(note->words, sizeof note->words, "the server does not tell %s", row->missing);
}

static void take_history_table(struct look *look, const PGresult *result)
{
    struct row row = { .result = result };

    look->auto_history = LOOK_HISTORY_NONE;
    if (need_bool(&row, 11, ""))
        look->auto_history = LOOK_HISTORY_PRISMA;
    if (need_bool(&row, 10, ""))
        look->auto_history = LOOK_HISTORY_FLYWAY;
    if (need_bool(&row, 9, ""))
        look->auto_history = LOOK_HISTORY_SOURCE;
    if (need_bool(&row, 8, ""))
        look->auto_history = LOOK_HISTORY_OWN;
    look->is_own_on_path = !need_bool(&row, 7, "") && need_bool(&row, 9, "");
    if (need_bool(&row, 7, ""))
        look->auto_history = LOOK_HISTORY_OWN;
}

static void take_facts(struct look *look, const PGresult *result)
{
    struct look_facts *facts = &look->facts;
    struct row row = { .result = result };

    if (!has_row(&facts->note, result, "it says nothing about itself"))
        return;
    snprintf(facts->system_id, sizeof facts->system_id, "%.23s", need(&row, 0, "its identifier"));
    snprintf(facts->database, sizeof facts->database, "%.63s", need(&row, 1, "its name"));
    facts->server_version = (unsigned)need_number(&row, 2, "its version");
    facts->timeline = (unsigned)need_number(&row, 3, "its timeline");
    facts->is_standby = need_bool(&row, 4, "whether it is a standby");
    facts->is_read_only = need_bool(&row, 5, "whether it is read-only");
    facts->clock_us = need_number(&row, 6, "its time");
    take_history_table(look, result);
    finish(&facts->note, &row);
}

static void take_publisher(struct look *look, const PGresult *result)
{
    struct look_publisher *out = &look->publisher;
    struct row row = { .result = result };
    struct row rest = { .result = result };
    char words[160];

    snprintf(words, sizeof words, "there is no replication slot %.63s in this database",
             look->wishes.replication_slot);
    if (!has_row(&out->note, result, words))
        return;
    out->is_active = need_bool(&row, 0, "whether the slot is active");
    snprintf(out->state, sizeof out->state, "%.15s", need(&rest, 1, ""));
    snprintf(out->wal_status, sizeof out->wal_status, "%.15s", need(&rest, 2, ""));
    out->flush_bytes = need_number(&rest, 4, "");
    out->retained_bytes = need_number(&rest, 5, "");
    out->replay_us = need_number(&rest, 6, "");
    out->apply_bytes =
        out->is_active ? need_number(&row, 3, "how far the other side is (pg_monitor is needed)")
                       : need_number(&rest, 3, "");
    /* What is written meanwhile may already be there. */
    if (out->is_active && row.missing == NULL && out->apply_bytes < 0)
        out->apply_bytes = 0;
    finish(&out->note, &row);
}

static void take_subscriber(struct look *look, const PGresult *result)
{
    struct look_subscriber *out = &look->subscriber;
    struct row row = { .result = result };
    char words[160];

    snprintf(words, sizeof words, "there is no subscription %.63s in this database",
             look->wishes.subscription);
    if (!has_row(&out->note, result, words))
        return;
    out->is_enabled = need_bool(&row, 0, "whether the subscription is enabled");
    out->is_running = need_bool(&row, 1, "whether the subscription runs");
    out->apply_errors = (uint64_t)need_number(&row, 2, "its apply errors");
    out->sync_errors = (uint64_t)need_number(&row, 3, "its errors of the first copy");
    out->tables_not_ready = (uint64_t)need_number(&row, 4, "its tables");
    finish(&out->note, &row);
}

static void take_beat(struct look_beat *out, const PGresult *result)
{
    struct row row = { .result = result };

    if (!has_row(&out->note, result, "switchyard.heartbeat has no row: nothing came through yet"))
        return;
    out->nonce = (uint64_t)need_number(&row, 0, "the number of the heartbeat");
    out->at_us = need_number(&row, 1, "the time of the heartbeat");
    finish(&out->note, &row);
}

static void take_count(struct look_count *out, const PGresult *result)
{
    struct row row = { .result = result };
    const char *words = NULL;

    if (!has_row(&out->note, result, "there is no answer"))
        return;
    out->count = (uint64_t)need_number(&row, 0, "how many there are");
    words = cell(result, 0, 1);
    snprintf(out->words, sizeof out->words, "%.239s", words != NULL ? words : "");
    finish(&out->note, &row);
}

/* Kept as it came; it is searched later. */
static PGresult *keep(struct look_note *note, const PGresult *result, int least_fields)
{
    if (!is_answer(note, result))
        return NULL;
    if (PQnfields(result) < least_fields) {
        set_unknown(note, "the statement yields no column");
        return NULL;
    }
    if (PQntuples(result) >= LOOK_ROWS_MAX) {
        set_unknown(note, "there are more than 200000 rows");
        return NULL;
    }
    note->is_known = true;
    note->words[0] = '\0';
    return PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
}

static void take_history(struct look *look, const PGresult *result)
{
    PQclear(look->history);
    look->history = keep(&look->history_note, result, 1);
}

/* All four parts of the shape are known, or the shape is not. */
static void take_shape(struct look *look, PGresult **out, int fields, const PGresult *result)
{
    struct look_note note = look->shape;
    bool is_first = out == &look->columns;

    PQclear(*out);
    *out = keep(&note, result, fields);
    if (is_first || look->shape.is_known)
        look->shape = note;
}

/* true, or 0: good. false, or another number: not. */
static void take_assertion(struct look_assertion *out, const PGresult *result)
{
    struct row row = { .result = result };
    const char *value = NULL;
    int64_t number = 0;

    out->is_true = false;
    if (!has_row(&out->note, result, "the statement yields no row"))
        return;
    value = need(&row, 0, "a value: the statement yields NULL");
    snprintf(out->value, sizeof out->value, "%.95s", value);
    finish(&out->note, &row);
    if (row.missing != NULL)
        snprintf(out->note.words, sizeof out->note.words, "the statement yields NULL");
    if (row.missing != NULL || out->is_compared)
        return;
    if (read_number(value, &number)) {
        out->is_true = number == 0;
    } else if (strcmp(value, "t") == 0 || strcmp(value, "true") == 0) {
        out->is_true = true;
    } else if (strcmp(value, "f") != 0 && strcmp(value, "false") != 0) {
        set_unknown(&out->note, "the statement yields neither true or false nor a number");
    }
}

bool look_answer_take(struct look *look, unsigned question, const PGresult *result)
{
    switch (question) {
    case QUESTION_FACTS: take_facts(look, result); return look->facts.note.is_known;
    case QUESTION_PUBLISHER: take_publisher(look, result); return true;
    case QUESTION_SUBSCRIBER: take_subscriber(look, result); return true;
    case QUESTION_BEAT_WRITE: take_beat(&look->written, result); return true;
    case QUESTION_BEAT_READ: take_beat(&look->seen, result); return true;
    case QUESTION_INVALID_INDEXES: take_count(&look->invalid_indexes, result); return true;
    case QUESTION_UNVALIDATED: take_count(&look->unvalidated, result); return true;
    case QUESTION_WRITERS: take_count(&look->writers, result); return true;
    case QUESTION_SEQUENCES: take_count(&look->sequences, result); return true;
    case QUESTION_HISTORY: take_history(look, result); return true;
    case QUESTION_COLUMNS: take_shape(look, &look->columns, 8, result); return true;
    case QUESTION_ENUMS: take_shape(look, &look->enums, 3, result); return true;
    case QUESTION_INDEXES: take_shape(look, &look->indexes, 4, result); return true;
    case QUESTION_FUNCTIONS: take_shape(look, &look->functions, 3, result); return true;
    }
    take_assertion(&look->assertions[question - QUESTION_ASSERTION], result);
    return true;
}
