/*
 * See news_database_priv.h. What is known is asked of deploy, store and backup, which ask nobody for it. A subject is a
 * service with its light, or a database; it is forgotten when it is no longer there.
 */
#include "control/news_database_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup.h"
#include "base/mem.h"
#include "config/config.h"
#include "control/admin.h"
#include "control/json_priv.h"
#include "control/news_damper_priv.h"
#include "control/news_priv.h"
#include "deploy/deploy.h"
#include "deploy/word_view.h"
#include "net/loop.h"
#include "net/timer.h"
#include "store/store.h"

enum { LOOK_MS = 500, JOBS_KEPT = 64 };

enum subject_kind { SUBJECT_LIGHT, SUBJECT_DATABASE };

struct subject {
    enum subject_kind kind;
    char name[64];
    bool is_there;
    struct news_damper damper;
};

struct news_database {
    struct news *news;
    struct control_room room;
    struct timer *timer;
    struct subject *subjects;
    size_t count;
    uint64_t jobs[JOBS_KEPT]; /* numbers of those that were told; more than backup keeps */
    unsigned next_job;
};

static void on_time(void *arg)
{
    struct news_database *watch = arg;

    news_database_look(watch, loop_now_us(watch->room.loop));
    timer_arm(watch->timer, LOOK_MS);
}

struct news_database *news_database_new(struct news *news, const struct control_room *room)
{
    struct news_database *watch = mem_zalloc(sizeof *watch);

    watch->news = news;
    watch->room = *room;
    watch->timer = timer_new(room->loop, on_time, watch);
    timer_arm(watch->timer, LOOK_MS);
    return watch;
}

void news_database_free(struct news_database *watch)
{
    if (watch == NULL)
        return;
    timer_free(watch->timer);
    free(watch->subjects);
    free(watch);
}

static struct subject *find_subject(struct news_database *watch, enum subject_kind kind,
                                    const char *name)
{
    struct subject *subject = NULL;

    for (size_t i = 0; i < watch->count; i++)
        if (watch->subjects[i].kind == kind && strcmp(watch->subjects[i].name, name) == 0)
            return &watch->subjects[i];
    watch->subjects = mem_grow(watch->subjects, watch->count + 1, sizeof *watch->subjects);
    subject = &watch->subjects[watch->count++];
    *subject = (struct subject){ .kind = kind };
    snprintf(subject->name, sizeof subject->name, "%s", name);
    return subject;
}

static const char *state_word(enum subject_kind kind, enum news_damper_state state)
{
    bool is_light = kind == SUBJECT_LIGHT;

    switch (state) {
    case NEWS_STATE_UNKNOWN: break;
    case NEWS_STATE_GOOD: return is_light ? "yes" : "up";
    case NEWS_STATE_BAD: return is_light ? "no" : "down";
    }
    return "unknown";
}

/* The facts that every one has. */
static cJSON *facts_of(const struct subject *subject, const struct news_damped *damped)
{
    bool is_light = subject->kind == SUBJECT_LIGHT;
    cJSON *facts = json_object();

    json_add_text(facts, "subject", is_light ? "rollback-safe" : "database");
    json_add_text(facts, "severity", damped->is == NEWS_STATE_GOOD ? "info" : "warn");
    json_add_text(facts, "was", damped->has_was ? state_word(subject->kind, damped->was) : NULL);
    json_add_text(facts, "is", state_word(subject->kind, damped->is));
    json_add_u64(facts, "changes", damped->changes);
    return facts;
}

static enum news_damper_state state_of_light(enum word_answer answer)
{
    switch (answer) {
    case WORD_UNKNOWN: break;
    case WORD_PASS: return NEWS_STATE_GOOD;
    case WORD_FAIL: return NEWS_STATE_BAD;
    }
    return NEWS_STATE_UNKNOWN;
}

static void look_at_light(struct news_database *watch, unsigned index, uint64_t now_us)
{
    const char *name = deploy_config(watch->room.deploy)->services[index].name;
    struct deploy_light_view view = { .slot = "" };
    struct subject *subject = NULL;
    struct news_damped damped;
    cJSON *facts = NULL;

    deploy_view_light(watch->room.deploy, index, &view);
    if (!view.light.is_asked)
        return;
    subject = find_subject(watch, SUBJECT_LIGHT, name);
    subject->is_there = true;
    if (!news_damper_see(&subject->damper, state_of_light(view.light.answer), now_us, &damped))
        return;
    facts = facts_of(subject, &damped);
    json_add_text(facts, "slot", view.slot);
    json_add_text(facts, "words", view.light.words);
    news_publish(watch->news, NEWS_DATABASE, name, facts);
}

static enum news_damper_state state_of_database(enum store_condition condition)
{
    switch (condition) {
    case STORE_UNKNOWN: break;
    case STORE_UP: return NEWS_STATE_GOOD;
    case STORE_DOWN: return NEWS_STATE_BAD;
    }
    return NEWS_STATE_UNKNOWN;
}

static void look_at_database(struct news_database *watch, size_t index, uint64_t now_us)
{
    struct subject *subject = NULL;
    struct news_damped damped;
    struct store_view view;
    cJSON *facts = NULL;

    store_view_at(watch->room.store, index, &view);
    subject = find_subject(watch, SUBJECT_DATABASE, view.name);
    subject->is_there = true;
    if (!news_damper_see(&subject->damper, state_of_database(view.condition), now_us, &damped))
        return;
    facts = facts_of(subject, &damped);
    json_add_text(facts, "database", view.name);
    json_add_text(facts, "words", view.words);
    json_add_text(facts, "remedy", view.remedy[0] != '\0' ? view.remedy : NULL);
    news_publish(watch->news, NEWS_DATABASE, "", facts);
}

static bool is_told(const struct news_database *watch, uint64_t number)
{
    for (unsigned i = 0; i < JOBS_KEPT; i++)
        if (watch->jobs[i] == number)
            return true;
    return false;
}

/* Each is told once: somebody, or a schedule, has asked for it. */
static void tell_snapshot(struct news_database *watch, const struct backup_job_view *job)
{
    cJSON *facts = json_object();

    watch->jobs[watch->next_job++ % JOBS_KEPT] = job->number;
    json_add_text(facts, "subject", "snapshot");
    json_add_text(facts, "severity", job->err == 0 ? "info" : "warn");
    json_add_text(facts, "is", job->err == 0 ? "verified" : "failed");
    json_add_text(facts, "database", job->database);
    json_add_text(facts, "snapshot", job->id);
    json_add_text(facts, "work", backup_work_name(job->work));
    json_add_text(facts, "words", job->words);
    json_add_text(facts, "remedy", job->remedy[0] != '\0' ? job->remedy : NULL);
    news_publish(watch->news, NEWS_DATABASE, "", facts);
}

static void look_at_jobs(struct news_database *watch)
{
    struct backup_job_view job;

    for (size_t i = 0; backup_job_at(watch->room.backup, i, &job); i++)
        if (job.phase == BACKUP_ENDED && (job.work == BACKUP_TAKE || job.work == BACKUP_VERIFY) &&
            !is_told(watch, job.number))
            tell_snapshot(watch, &job);
}

static void forget_absent(struct news_database *watch)
{
    size_t kept = 0;

    for (size_t i = 0; i < watch->count; i++)
        if (watch->subjects[i].is_there)
            watch->subjects[kept++] = watch->subjects[i];
    watch->count = kept;
}

void news_database_look(struct news_database *watch, uint64_t now_us)
{
    const struct config *config = deploy_config(watch->room.deploy);
    size_t services = config != NULL ? config->service_count : 0;
    size_t databases = watch->room.store != NULL ? store_count(watch->room.store) : 0;

    for (size_t i = 0; i < watch->count; i++)
        watch->subjects[i].is_there = false;
    for (size_t i = 0; i < services; i++)
        look_at_light(watch, (unsigned)i, now_us);
    for (size_t i = 0; i < databases; i++)
        look_at_database(watch, i, now_us);
    if (watch->room.backup != NULL)
        look_at_jobs(watch);
    forget_absent(watch);
}
