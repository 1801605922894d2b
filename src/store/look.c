/*
 * See look_priv.h: which questions the wishes make, in which order. The session of a database (thread of the store) asks
 * them one by one; look_answer.c takes what comes back, look_read.c is for those who judge.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "store/look_body_priv.h"
#include "store/look_sql_priv.h"

static char **copy_texts(const char *const *texts, size_t count)
{
    char **copy = count > 0 ? mem_zalloc(count * sizeof *copy) : NULL;

    for (size_t i = 0; i < count; i++)
        copy[i] = mem_text(texts[i]);
    return copy;
}

static struct look_wish_assertion *copy_assertions(const struct look_wishes *wishes)
{
    size_t count = wishes->assertion_count;
    struct look_wish_assertion *copy = count > 0 ? mem_zalloc(count * sizeof *copy) : NULL;

    for (size_t i = 0; i < count; i++)
        copy[i] = (struct look_wish_assertion){
            .name = mem_text(wishes->assertions[i].name),
            .sql = mem_text(wishes->assertions[i].sql),
            .is_compared = wishes->assertions[i].is_compared,
        };
    return copy;
}

static void copy_wishes(struct look *look, const struct look_wishes *wishes)
{
    look->wishes = *wishes;
    look->wishes.history_sql = mem_text(wishes->history_sql);
    look->wishes.subscription = mem_text(wishes->subscription);
    look->wishes.replication_slot = mem_text(wishes->replication_slot);
    look->wishes.environments =
        (const char *const *)copy_texts(wishes->environments, wishes->environment_count);
    look->wishes.assertions = copy_assertions(wishes);
    look->assertions = wishes->assertion_count > 0
                           ? mem_zalloc(wishes->assertion_count * sizeof *look->assertions)
                           : NULL;
    for (size_t i = 0; i < wishes->assertion_count; i++) {
        look->assertions[i].note.is_asked = true;
        look->assertions[i].name = look->wishes.assertions[i].name;
        look->assertions[i].is_compared = look->wishes.assertions[i].is_compared;
    }
}

static void ask(struct look *look, enum look_question question, struct look_note *note)
{
    look->questions[look->question_count++] = question;
    note->is_asked = true;
    snprintf(note->words, sizeof note->words, "it was not answered yet");
}

/* A leftover row must never pass for the one that was written now. */
static void make_nonce(struct look *look)
{
    uint64_t nonce = 0;

    CHECK(getrandom(&nonce, sizeof nonce, 0) == (ssize_t)sizeof nonce);
    snprintf(look->nonce, sizeof look->nonce, "%" PRIu64, nonce >> 1);
}

static void ask_replication(struct look *look, const struct look_wishes *wishes)
{
    if (wishes->replication_slot != NULL)
        ask(look, QUESTION_PUBLISHER, &look->publisher.note);
    if (wishes->replication_slot != NULL && wishes->has_heartbeat)
        ask(look, QUESTION_BEAT_WRITE, &look->written.note);
    if (wishes->subscription != NULL)
        ask(look, QUESTION_SUBSCRIBER, &look->subscriber.note);
    if (wishes->subscription != NULL && wishes->has_heartbeat)
        ask(look, QUESTION_BEAT_READ, &look->seen.note);
}

struct look *look_new(const struct look_wishes *wishes)
{
    struct look *look = mem_zalloc(sizeof *look);

    copy_wishes(look, wishes);
    make_nonce(look);
    look->publisher.apply_bytes = look->publisher.flush_bytes = -1;
    look->publisher.retained_bytes = look->publisher.replay_us = -1;
    look->subscriber.error_age_us = UINT64_MAX;
    ask(look, QUESTION_FACTS, &look->facts.note);
    ask_replication(look, wishes);
    if (wishes->has_integrity) {
        ask(look, QUESTION_INVALID_INDEXES, &look->invalid_indexes.note);
        ask(look, QUESTION_UNVALIDATED, &look->unvalidated.note);
        ask(look, QUESTION_WRITERS, &look->writers.note);
        ask(look, QUESTION_SEQUENCES, &look->sequences.note);
    }
    if (wishes->history != LOOK_HISTORY_NONE)
        ask(look, QUESTION_HISTORY, &look->history_note);
    if (wishes->has_shape) {
        ask(look, QUESTION_COLUMNS, &look->shape);
        ask(look, QUESTION_ENUMS, &look->shape);
        ask(look, QUESTION_INDEXES, &look->shape);
        ask(look, QUESTION_FUNCTIONS, &look->shape);
    }
    return look;
}

static void free_wishes(struct look_wishes *wishes)
{
    for (size_t i = 0; i < wishes->environment_count; i++)
        free((void *)(uintptr_t)wishes->environments[i]);
    for (size_t i = 0; i < wishes->assertion_count; i++) {
        free((void *)(uintptr_t)wishes->assertions[i].name);
        free((void *)(uintptr_t)wishes->assertions[i].sql);
    }
    free((void *)(uintptr_t)wishes->environments);
    free((void *)(uintptr_t)wishes->assertions);
    free((void *)(uintptr_t)wishes->history_sql);
    free((void *)(uintptr_t)wishes->subscription);
    free((void *)(uintptr_t)wishes->replication_slot);
}

void look_free(struct look *look)
{
    if (look == NULL)
        return;
    PQclear(look->history);
    PQclear(look->columns);
    PQclear(look->enums);
    PQclear(look->indexes);
    PQclear(look->functions);
    free_wishes(&look->wishes);
    free(look->assertions);
    free(look);
}

unsigned look_query_count(const struct look *look)
{
    return look->question_count + (unsigned)look->wishes.assertion_count;
}

enum look_history look_history_of(const struct look *look)
{
    return look->wishes.history == LOOK_HISTORY_AUTO ? look->auto_history : look->wishes.history;
}

/* Without any such table the words of the server about our own say so. */
static const char *find_history_sql(const struct look *look)
{
    switch (look_history_of(look)) {
    case LOOK_HISTORY_SOURCE: return look_sql_source;
    case LOOK_HISTORY_FLYWAY: return look_sql_flyway;
    case LOOK_HISTORY_PRISMA: return look_sql_prisma;
    case LOOK_HISTORY_SQL: return look->wishes.history_sql;
    case LOOK_HISTORY_NONE:
    case LOOK_HISTORY_AUTO:
    case LOOK_HISTORY_OWN: break;
    }
    return look->is_own_on_path ? look_sql_own_on_path : look_sql_own;
}

static void ask_with(struct look_query *out, const char *name, const char *sql, const char *param)
{
    *out = (struct look_query){
        .name = name,
        .sql = sql,
        .param_count = param != NULL,
        .params = { param },
    };
}

void look_query_at(const struct look *look, unsigned index, struct look_query *out)
{
    static const struct {
        const char *name;
        const char *sql;
    } plain[] = {
        [QUESTION_FACTS] = { "facts", look_sql_facts },
        [QUESTION_PUBLISHER] = { "replication slot", look_sql_publisher },
        [QUESTION_SUBSCRIBER] = { "subscription", look_sql_subscriber },
        [QUESTION_BEAT_WRITE] = { "heartbeat", look_sql_beat_write },
        [QUESTION_BEAT_READ] = { "heartbeat", look_sql_beat_read },
        [QUESTION_INVALID_INDEXES] = { "invalid indexes", look_sql_invalid_indexes },
        [QUESTION_UNVALIDATED] = { "unvalidated constraints", look_sql_unvalidated },
        [QUESTION_WRITERS] = { "long transactions", look_sql_writers },
        [QUESTION_SEQUENCES] = { "sequences", look_sql_sequences },
        [QUESTION_HISTORY] = { "versions", NULL },
        [QUESTION_COLUMNS] = { "columns", look_sql_columns },
        [QUESTION_ENUMS] = { "enums", look_sql_enums },
        [QUESTION_INDEXES] = { "indexes", look_sql_indexes },
        [QUESTION_FUNCTIONS] = { "functions", look_sql_functions },
    };
    unsigned question = 0;

    CHECK(index < look_query_count(look));
    if (index >= look->question_count) {
        const struct look_wish_assertion *assertion =
            &look->wishes.assertions[index - look->question_count];

        ask_with(out, assertion->name, assertion->sql, NULL);
        return;
    }
    question = look->questions[index];
    ask_with(out, plain[question].name, plain[question].sql, NULL);
    if (question == QUESTION_PUBLISHER)
        ask_with(out, out->name, out->sql, look->wishes.replication_slot);
    else if (question == QUESTION_SUBSCRIBER)
        ask_with(out, out->name, out->sql, look->wishes.subscription);
    else if (question == QUESTION_BEAT_WRITE)
        ask_with(out, out->name, out->sql, look->nonce);
    else if (question == QUESTION_HISTORY)
        ask_with(out, out->name, find_history_sql(look), NULL);
}

bool look_take(struct look *look, unsigned index, const PGresult *result)
{
    CHECK(index < look_query_count(look));
    return look_answer_take(look,
                            index < look->question_count
                                ? look->questions[index]
                                : QUESTION_ASSERTION + index - look->question_count,
                            result);
}

/* An apply worker that fails is started again every few seconds and looks well in between. */
void look_follow(struct look *look, const struct look *before, uint64_t elapsed_us)
{
    const struct look_subscriber *was = before != NULL ? &before->subscriber : NULL;
    struct look_subscriber *now = &look->subscriber;

    if (was == NULL)
        return;
    now->is_followed = was->note.is_known || was->is_followed;
    if (!now->note.is_known || !was->note.is_known) {
        now->apply_errors = now->note.is_known ? now->apply_errors : was->apply_errors;
        now->sync_errors = now->note.is_known ? now->sync_errors : was->sync_errors;
        now->error_age_us = was->error_age_us;
    } else if (now->apply_errors > was->apply_errors || now->sync_errors > was->sync_errors) {
        now->error_age_us = 0;
        return;
    } else {
        now->error_age_us = was->error_age_us;
    }
    if (now->error_age_us != UINT64_MAX)
        now->error_age_us += elapsed_us;
}
