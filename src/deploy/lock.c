/*
 * The deploy lock: one owner per name (service, group, or everything) at a time, with a reason and an end. Changes
 * of others wait. The owner is the actor without its process id, so that a later command of the same user can
 * release it; two jobs of one user are told apart by --as, or when they acquire by their reasons. Ends are kept on the monotonic clock while running. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/rollout_priv.h"
#include "net/loop.h"
#include "net/timer.h"

#define TTL_MAX_US (366ULL * 24 * 3600 * 1000 * 1000)
#define TTL_US                                                                                     \
    (3600ULL * 1000 *                                                                              \
     1000) /* of who names none: a job that died must not hold everything for ever */

/* "uid=0 pid=7 as=ci" -> "uid=0 as=ci" */
static void find_owner(const char *actor, char *out, size_t size)
{
    const char *pid = strstr(actor, " pid=");
    const char *rest = pid != NULL ? pid + 5 : NULL;
    int head = pid != NULL ? (int)(pid - actor) : (int)strlen(actor);

    while (rest != NULL && *rest >= '0' && *rest <= '9')
        rest++;
    snprintf(out, size, "%.*s%s", head, actor, rest != NULL ? rest : "");
    if (out[0] == '\0')
        snprintf(out, size, "unknown");
}

static bool is_over(const struct deploy *deploy, const struct state_lock *lock)
{
    return lock->until_us != 0 && loop_now_us(deploy->options.loop) >= lock->until_us;
}

static bool is_member(const struct config *config, const char *group, const char *service)
{
    const struct config_service *found = config_find_service(config, slice_from(service));
    size_t index = found != NULL ? config_group_of(config, found) : config->group_count;

    return index < config->group_count && strcmp(config->groups[index].name, group) == 0;
}

/* Whether the two names share a service. */
static bool is_overlap(const struct config *config, const char *a, const char *b)
{
    return a[0] == '\0' || b[0] == '\0' || strcmp(a, b) == 0 || is_member(config, a, b) ||
           is_member(config, b, a);
}

const struct state_lock *lock_blocking(struct deploy *deploy, const struct ticket *ticket)
{
    const struct state_lock *lock = NULL;
    char owner[sizeof lock->owner];

    if (ticket->change.kind == CHANGE_LOCK_RELEASE)
        return NULL;
    find_owner(rollout_actor(deploy, ticket), owner, sizeof owner);
    TAILQ_FOREACH(lock, &deploy->working.locks, link)
    {
        if (!is_over(deploy, lock) && strcmp(lock->owner, owner) != 0 &&
            is_overlap(deploy->config, lock->name, ticket->change.name))
            return lock;
    }
    return NULL;
}

static bool is_known_name(const struct config *config, const char *name)
{
    if (name[0] == '\0' || config_find_service(config, slice_from(name)) != NULL)
        return true;
    for (size_t i = 0; i < config->group_count; i++)
        if (strcmp(config->groups[i].name, name) == 0)
            return true;
    return false;
}

void lock_purge(struct deploy *deploy, struct decisions *decisions)
{
    struct state_lock *lock = TAILQ_FIRST(&decisions->locks);

    while (lock != NULL) {
        struct state_lock *next = TAILQ_NEXT(lock, link);

        if (is_over(deploy, lock))
            decisions_drop_lock(decisions, lock);
        lock = next;
    }
}

/* With force: the locks of others that are in the way. */
static void drop_overlapping(struct deploy *deploy, const struct ticket *ticket, const char *owner)
{
    struct state_lock *lock = TAILQ_FIRST(&deploy->working.locks);

    while (lock != NULL) {
        struct state_lock *next = TAILQ_NEXT(lock, link);

        if (strcmp(lock->owner, owner) != 0 &&
            is_overlap(deploy->config, lock->name, ticket->change.name))
            decisions_drop_lock(&deploy->working, lock);
        lock = next;
    }
}

static size_t count_locks(const struct decisions *decisions)
{
    const struct state_lock *lock = NULL;
    size_t count = 0;

    TAILQ_FOREACH(lock, &decisions->locks, link)
    count++;
    return count;
}

static const char *name_of(const char *name)
{
    return name[0] != '\0' ? name : "everything";
}

static enum judgement take_lock(struct deploy *deploy, struct ticket *ticket,
                                struct state_lock *lock, const char *owner)
{
    const struct change *change = &ticket->change;
    uint64_t now_us = loop_now_us(deploy->options.loop);
    uint64_t ttl_us = change->ttl_us != 0 ? change->ttl_us : TTL_US;
    bool is_renewed = strcmp(lock->owner, owner) == 0;

    if (ttl_us > TTL_MAX_US)
        ttl_us = TTL_MAX_US;
    snprintf(lock->owner, sizeof lock->owner, "%s", owner);
    snprintf(lock->reason, sizeof lock->reason, "%s", change->reason);
    lock->until_us = now_us + ttl_us;
    lock->ttl_us =
        lock->until_us - lock->since_us; /* from the beginning, also when the end was moved */
    return judge_done(ticket, "%s %s the lock on %s; it ends in %llu s unless it is renewed", owner,
                      is_renewed ? "held and renews" : "holds", name_of(change->name),
                      (unsigned long long)(ttl_us / 1000000));
}

/* The same words are the same job, which wants more time, or did not get the answer. Others of the same user are
 * as strange to it as other users. NULL: none is in the way. */
static const struct state_lock *find_other_job(struct deploy *deploy, const struct ticket *ticket,
                                               const char *owner)
{
    const struct change *change = &ticket->change;
    const struct state_lock *lock = NULL;

    if (gate_is_forced(ticket))
        return NULL;
    TAILQ_FOREACH(lock, &deploy->working.locks, link)
    if (strcmp(lock->owner, owner) == 0 && strcmp(lock->reason, change->reason) != 0 &&
        is_overlap(deploy->config, lock->name, change->name))
        return lock;
    return NULL;
}

static enum judgement acquire(struct deploy *deploy, struct ticket *ticket)
{
    const struct change *change = &ticket->change;
    const struct state_lock *other = NULL;
    struct state_lock *lock = NULL;
    char owner[sizeof lock->owner];

    find_owner(change->actor, owner, sizeof owner);
    lock_purge(deploy, &deploy->working);
    other = find_other_job(deploy, ticket, owner);
    if (other != NULL)
        return judge_refuse(ticket, OUTCOME_CONFLICT, FAULT_LOCKED, "lock",
                            "%s holds the lock on %s already, for \"%s\": the same --reason renews "
                            "it, and --as NAME tells jobs of one user apart",
                            owner, name_of(other->name), other->reason);
    drop_overlapping(deploy, ticket, owner);
    lock = decisions_lock(&deploy->working, change->name);
    if (lock == NULL && count_locks(&deploy->working) >= STATE_LOCKS_MAX)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_OVERLOADED, "",
                            "there are too many locks; release some");
    if (lock == NULL) {
        lock = decisions_add_lock(&deploy->working, change->name);
        lock->since_wall_us = clock_wall_us();
        lock->since_us = loop_now_us(deploy->options.loop);
    }
    return take_lock(deploy, ticket, lock, owner);
}

static enum judgement release(struct deploy *deploy, struct ticket *ticket)
{
    const struct change *change = &ticket->change;
    struct state_lock *lock = decisions_lock(&deploy->working, change->name);
    char owner[sizeof lock->owner];

    find_owner(change->actor, owner, sizeof owner);
    if (lock == NULL || is_over(deploy, lock))
        return judge_same(ticket, "nobody holds the lock on %s", name_of(change->name));
    if (strcmp(lock->owner, owner) != 0 && !gate_is_forced(ticket))
        return judge_refuse(ticket, OUTCOME_CONFLICT, FAULT_LOCKED, "lock",
                            "the lock is held by %s (%s), not by %s; --force --reason takes it "
                            "away",
                            lock->owner, lock->reason, owner);
    decisions_drop_lock(&deploy->working, lock);
    return judge_done(ticket, "the lock on %s is released", name_of(change->name));
}

enum judgement lock_judge(struct deploy *deploy, struct ticket *ticket)
{
    if (!is_known_name(deploy->config, ticket->change.name))
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "",
                            "there is no service or group %s", ticket->change.name);
    return ticket->change.kind == CHANGE_LOCK_ACQUIRE ? acquire(deploy, ticket)
                                                      : release(deploy, ticket);
}

void lock_start(struct deploy *deploy)
{
    uint64_t now_us = loop_now_us(deploy->options.loop);
    uint64_t now_wall_us = clock_wall_us();
    struct state_lock *lock = NULL;

    TAILQ_FOREACH(lock, &deploy->state->decisions.locks, link)
    {
        uint64_t age_us = now_wall_us > lock->since_wall_us ? now_wall_us - lock->since_wall_us : 0;

        lock->since_us = now_us > age_us ? now_us - age_us : 0;
        if (lock->ttl_us != 0)
            lock->until_us = now_us + (lock->ttl_us > age_us ? lock->ttl_us - age_us : 0);
    }
}

void lock_arm(struct deploy *deploy)
{
    uint64_t now_us = loop_now_us(deploy->options.loop);
    uint64_t first_us = UINT64_MAX;
    const struct state_lock *lock = NULL;

    TAILQ_FOREACH(lock, &deploy->state->decisions.locks, link)
    {
        if (lock->until_us > now_us && lock->until_us < first_us)
            first_us = lock->until_us;
    }
    timer_disarm(deploy->unlock);
    if (first_us != UINT64_MAX)
        timer_arm(deploy->unlock, (first_us - now_us) / 1000 + 1);
}
