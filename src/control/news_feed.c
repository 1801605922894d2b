/* Where the events come from: finished changes and alerts, looked for ten times a second, and what databases say. See
 * news_priv.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "control/admin.h"
#include "control/json_priv.h"
#include "control/news_database_priv.h"
#include "control/news_priv.h"
#include "deploy/deploy_view.h"
#include "net/timer.h"
#include "pilot/pilot.h"

enum { LOOK_MS = 100, TAKEN_MAX = 256 };

struct news_feed {
    struct news *news;
    struct control_room room;
    struct timer *timer;
    struct news_database *database;
    uint64_t sequence; /* of the newest change that was told */
    uint64_t alert;    /* likewise */
};

cJSON *news_feed_change(const struct history_entry *entry)
{
    cJSON *facts = json_object();
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(entry->wall_us, stamp);
    json_add_u64(facts, "sequence", entry->sequence);
    json_add_text(facts, "change", change_kind_name(entry->kind));
    json_add_text(facts, "outcome", outcome_name(entry->outcome));
    json_add_text(facts, "at", stamp);
    json_add_text(facts, "from", entry->from[0] != '\0' ? entry->from : NULL);
    json_add_text(facts, "to", entry->to[0] != '\0' ? entry->to : NULL);
    json_add_text(facts, "target", entry->target[0] != '\0' ? entry->target : NULL);
    json_add_text(facts, "gate", entry->gate[0] != '\0' ? entry->gate : NULL);
    json_add_bool(facts, "forced", entry->is_forced);
    json_add_u64(facts, "epoch_before", entry->epoch_before);
    json_add_u64(facts, "epoch", entry->epoch);
    json_add_u64(facts, "duration_us", entry->duration_us);
    json_add_text(facts, "actor", entry->actor);
    json_add_text(facts, "trigger", entry->trigger[0] != '\0' ? entry->trigger : NULL);
    json_add_u64(facts, "decision", entry->decision);
    json_add_text(facts, "reason", entry->reason[0] != '\0' ? entry->reason : NULL);
    return facts;
}

/* A rollout's change carries the phase that it entered as its target. */
static enum news_kind kind_of(const struct history_entry *entry)
{
    static const char rollout[] = "rollout-";

    if (entry->kind == CHANGE_RELOAD)
        return NEWS_RELOAD;
    if (strncmp(change_kind_name(entry->kind), rollout, sizeof rollout - 1) == 0)
        return NEWS_ROLLOUT;
    return NEWS_CHANGE;
}

/* Oldest first; of more than can be looked at in one turn the rest comes in the next. */
static void tell_changes(struct news_feed *feed)
{
    struct history_entry entry;
    unsigned count = 0;

    while (deploy_history(feed->room.deploy, count, &entry) && entry.sequence > feed->sequence)
        count++;
    for (unsigned told = 0; count > 0 && told < TAKEN_MAX; told++) {
        if (!deploy_history(feed->room.deploy, --count, &entry))
            break;
        feed->sequence = entry.sequence;
        news_publish(feed->news, kind_of(&entry), entry.name, news_feed_change(&entry));
    }
}

static void tell_alert(struct news_feed *feed, const struct pilot_alert *alert)
{
    cJSON *facts = json_object();

    json_add_u64(facts, "alert", alert->id);
    json_add_text(facts, "severity", pilot_severity_name(alert->severity));
    json_add_text(facts, "trigger", alert->trigger);
    json_add_u64(facts, "decision", alert->decision);
    json_add_text(facts, "words", alert->words);
    news_publish(feed->news, NEWS_ALERT, alert->service, facts);
}

static void tell_alerts(struct news_feed *feed)
{
    struct pilot_alert alert;
    unsigned count = 0;

    if (feed->room.pilot == NULL)
        return;
    while (pilot_alert_at(feed->room.pilot, count, &alert) && alert.id > feed->alert)
        count++;
    while (count > 0 && pilot_alert_at(feed->room.pilot, --count, &alert)) {
        feed->alert = alert.id;
        tell_alert(feed, &alert);
    }
}

static void on_look(void *arg)
{
    struct news_feed *feed = arg;

    tell_changes(feed);
    tell_alerts(feed);
    timer_arm(feed->timer, LOOK_MS);
}

struct news_feed *news_feed_new(struct news *news, const struct control_room *room)
{
    struct news_feed *feed = mem_zalloc(sizeof *feed);
    struct history_entry entry;
    struct pilot_alert alert;

    feed->news = news;
    feed->room = *room;
    if (deploy_history(room->deploy, 0, &entry))
        feed->sequence = entry.sequence;
    if (room->pilot != NULL && pilot_alert_at(room->pilot, 0, &alert))
        feed->alert = alert.id;
    feed->database = news_database_new(news, room);
    feed->timer = timer_new(room->loop, on_look, feed);
    timer_arm(feed->timer, LOOK_MS);
    return feed;
}

void news_feed_free(struct news_feed *feed)
{
    if (feed == NULL)
        return;
    timer_free(feed->timer);
    news_database_free(feed->database);
    free(feed);
}
