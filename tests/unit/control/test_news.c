/* The ring of events, its readers and its feed: src/control/news.c, news_feed.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "control/json_priv.h"
#include "control/news_priv.h"
#include "unit/control/world.h"

static void publish(struct news *news, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        news_publish(news, NEWS_CHANGE, "shop", json_object());
}

Test(news, reader_gets_each_once_in_order)
{
    struct news *news = news_make(100);
    struct news_event event;
    uint64_t place = news_newest(news);
    uint64_t missed = 9;

    cr_expect_not(news_read(news, &place, &event, &missed));
    cr_expect_eq(missed, 0);
    publish(news, 3);
    for (uint64_t id = 100; id < 103; id++) {
        cr_assert(news_read(news, &place, &event, &missed));
        cr_expect_eq(event.id, id);
        cr_expect_eq(missed, 0);
    }
    cr_expect_not(news_read(news, &place, &event, &missed));
    cr_expect_eq(news_newest(news), 102);
    news_free(news);
}

Test(news, slow_reader_is_told_what_it_missed)
{
    struct news *news = news_make(1);
    struct news_event event;
    uint64_t place = 0;
    uint64_t missed = 0;

    publish(news, NEWS_RING + 10);
    cr_assert(news_read(news, &place, &event, &missed));
    cr_expect_eq(missed, 10);
    cr_expect_eq(event.id, 11);
    cr_assert(news_read(news, &place, &event, &missed));
    cr_expect_eq(missed, 0);
    news_free(news);
}

Test(news, place_of_another_life_is_not_believed)
{
    struct news *news = news_make(5000);
    struct news_event event;
    uint64_t missed = 0;
    uint64_t place = 17;

    publish(news, 2);
    cr_assert(news_read(news, &place, &event, &missed));
    cr_expect_eq(missed, UINT64_MAX);
    cr_expect_eq(event.id, 5000);
    place = 999999;
    cr_assert(news_read(news, &place, &event, &missed));
    cr_expect_eq(missed, UINT64_MAX);
    cr_expect_eq(event.id, 5000);
    news_free(news);
}

static char told[256];

static void on_event(void *arg, const struct news_event *event)
{
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s%s:%s ", (const char *)arg,
             news_kind_name(event->kind), event->service);
}

Test(news, subscribers_are_called_until_they_leave)
{
    struct news *news = news_make(1);
    struct news_subscriber *first = news_subscribe(news, on_event, (char[]){ "1" });

    news_subscribe(news, on_event, (char[]){ "2" });
    news_publish(news, NEWS_ALERT, "shop", json_object());
    news_unsubscribe(first);
    news_publish(news, NEWS_DATABASE, "", json_object());
    cr_expect_str_eq(told, "1alert:shop 2alert:shop 2database: ");
    news_free(news);
}

Test(news, event_is_one_object_of_bounded_size)
{
    struct news *news = news_make(1);
    struct news_event event;
    uint64_t place = 0;
    uint64_t missed = 0;
    static char words[NEWS_JSON_MAX + 1];
    cJSON *facts = json_object();

    json_add_text(facts, "words", "a \"b\"");
    news_publish(news, NEWS_ACTION, "shop", facts);
    memset(words, 'x', sizeof words - 1);
    facts = json_object();
    json_add_text(facts, "words", words);
    news_publish(news, NEWS_ACTION, "", facts);
    cr_assert(news_read(news, &place, &event, &missed));
    cr_expect_not_null(strstr(event.json.ptr, "{\"id\":1,\"time\":\""), "%s", event.json.ptr);
    cr_expect_not_null(strstr(event.json.ptr, "\"kind\":\"action\",\"service\":\"shop\","
                                              "\"words\":\"a \\\"b\\\"\"}"));
    cr_assert(news_read(news, &place, &event, &missed));
    cr_expect_lt(event.json.len, 200);
    cr_expect_not_null(strstr(event.json.ptr, "\"service\":null}"));
    news_free(news);
}

static struct world world;

Test(news, feed_tells_changes_rollouts_alerts_and_verdicts)
{
    static const enum change_kind kinds[] = { CHANGE_SWITCH, CHANGE_RELOAD, CHANGE_ROLLOUT_PHASE };
    struct news *news = NULL;

    world_init(&world);
    world.room.pilot = &world.pilot;
    world.deploy.history[0] = (struct history_entry){ .sequence = 4, .name = "old" };
    world.deploy.history_count = 1;
    news = news_new(&world.room);
    news_subscribe(news, on_event, (char[]){ "" });
    world_turn(&world, 150);
    cr_expect_str_eq(told, "", "what was before is no news");
    for (unsigned i = 0; i < 3; i++)
        world.deploy.history[2 - i] =
            (struct history_entry){ .sequence = 5 + i, .kind = kinds[i], .name = "shop" };
    world.deploy.history_count = 3;
    world.pilot.alerts[0] = (struct pilot_alert){ .id = 1, .service = "api" };
    world.pilot.alert_count = 1;
    world_turn(&world, 250);
    news_verdict(news, world.targets[0][0][0], VERDICT_UP, VERDICT_DOWN, "because");
    cr_expect_str_eq(told, "change:shop reload:shop rollout:shop alert:api verdict:shop ");
    news_free(news);
    world_fini(&world);
}
