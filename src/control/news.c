/* The ring of events: see news_priv.h. Memory is bounded by the number of events and the size of each. */
#include "control/news_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/json_priv.h"
#include "route/service.h"
#include "route/slot.h"

struct kept_event {
    struct news_event event;
    char *json;
};

struct news_subscriber {
    TAILQ_ENTRY(news_subscriber) link;
    struct news *news;
    news_fn *fn;
    void *arg;
};

struct news {
    struct news_feed *feed; /* NULL: none */
    uint64_t first_id;      /* of this life */
    uint64_t next_id;
    TAILQ_HEAD(, news_subscriber) subscribers;
    unsigned subscriber_count;
    struct kept_event ring[NEWS_RING]; /* event i at i % NEWS_RING */
};

const char *news_kind_name(enum news_kind kind)
{
    switch (kind) {
#define KIND(name, word)                                                                           \
    case NEWS_##name: return word;
        NEWS_KINDS(KIND)
#undef KIND
    case NEWS_KIND_COUNT: break;
    }
    return "";
}

struct news *news_make(uint64_t first_id)
{
    struct news *news = mem_zalloc(sizeof *news);

    news->first_id = news->next_id = first_id;
    TAILQ_INIT(&news->subscribers);
    return news;
}

struct news *news_new(const struct control_room *room)
{
    struct news *news = news_make(clock_wall_us() / 1000);

    news->feed = news_feed_new(news, room);
    return news;
}

void news_free(struct news *news)
{
    struct news_subscriber *subscriber = NULL;
    struct news_subscriber *next = NULL;

    if (news == NULL)
        return;
    news_feed_free(news->feed);
    for (subscriber = TAILQ_FIRST(&news->subscribers); subscriber != NULL; subscriber = next) {
        next = TAILQ_NEXT(subscriber, link);
        free(subscriber);
    }
    for (unsigned i = 0; i < NEWS_RING; i++)
        free(news->ring[i].json);
    free(news);
}

/* What is too long for the ring is told without its facts. */
static char *print_event(const struct news_event *event, cJSON *facts)
{
    char stamp[CLOCK_STAMP_SIZE];
    cJSON *object = json_object();
    cJSON *fact = NULL;
    char *json = NULL;

    clock_stamp(event->wall_us, stamp);
    json_add_u64(object, "id", event->id);
    json_add_text(object, "time", stamp);
    json_add_text(object, "kind", news_kind_name(event->kind));
    json_add_text(object, "service", event->service[0] != '\0' ? event->service : NULL);
    while (facts != NULL && (fact = cJSON_DetachItemFromArray(facts, 0)) != NULL)
        CHECK(cJSON_AddItemToArray(object, fact)); /* keeps its name */
    json = json_print(object);
    cJSON_Delete(object);
    return json;
}

static void keep(struct news *news, const struct news_event *event, cJSON *facts)
{
    struct kept_event *kept = &news->ring[event->id % NEWS_RING];

    free(kept->json);
    kept->json = print_event(event, facts);
    if (strlen(kept->json) > NEWS_JSON_MAX) {
        free(kept->json);
        LOG_WARN("news", "an event of kind %s is too long and told without its facts",
                 news_kind_name(event->kind));
        kept->json = print_event(event, NULL);
    }
    kept->event = *event;
    kept->event.json = slice_from(kept->json);
}

void news_publish(struct news *news, enum news_kind kind, const char *service, cJSON *facts)
{
    struct news_event event = { .id = news->next_id, .wall_us = clock_wall_us(), .kind = kind };
    struct news_subscriber *subscriber = TAILQ_FIRST(&news->subscribers);

    snprintf(event.service, sizeof event.service, "%s", service);
    keep(news, &event, facts);
    cJSON_Delete(facts);
    news->next_id++;
    while (subscriber != NULL) {
        struct news_subscriber *next = TAILQ_NEXT(subscriber, link);

        subscriber->fn(subscriber->arg, &news->ring[event.id % NEWS_RING].event);
        subscriber = next;
    }
}

struct news_subscriber *news_subscribe(struct news *news, news_fn *fn, void *arg)
{
    struct news_subscriber *subscriber = mem_zalloc(sizeof *subscriber);

    CHECK(news->subscriber_count < NEWS_SUBSCRIBERS_MAX);
    *subscriber = (struct news_subscriber){ .news = news, .fn = fn, .arg = arg };
    TAILQ_INSERT_TAIL(&news->subscribers, subscriber, link);
    news->subscriber_count++;
    return subscriber;
}

void news_unsubscribe(struct news_subscriber *subscriber)
{
    if (subscriber == NULL)
        return;
    TAILQ_REMOVE(&subscriber->news->subscribers, subscriber, link);
    subscriber->news->subscriber_count--;
    free(subscriber);
}

uint64_t news_newest(const struct news *news)
{
    return news->next_id - 1;
}

bool news_read(const struct news *news, uint64_t *place, struct news_event *out, uint64_t *missed)
{
    uint64_t oldest =
        news->next_id - news->first_id > NEWS_RING ? news->next_id - NEWS_RING : news->first_id;
    bool is_of_ring = *place + 1 >= news->first_id && *place < news->next_id;
    uint64_t wanted = *place + 1;

    *missed = 0;
    if (!is_of_ring) {
        *missed = UINT64_MAX;
        wanted = oldest;
        *place = oldest - 1;
    } else if (wanted < oldest) {
        *missed = oldest - wanted;
        wanted = oldest;
    }
    if (wanted == news->next_id)
        return false;
    *place = wanted;
    *out = news->ring[wanted % NEWS_RING].event;
    return true;
}

void news_verdict(struct news *news, const struct target *target, enum verdict was, enum verdict is,
                  const char *words)
{
    cJSON *facts = json_object();

    json_add_text(facts, "slot", target->slot->name);
    json_add_text(facts, "target", target->name);
    json_add_text(facts, "was", verdict_name(was));
    json_add_text(facts, "is", verdict_name(is));
    json_add_text(facts, "words", words);
    news_publish(news, NEWS_VERDICT, target->slot->service->name, facts);
}
