/* What databases say as events: src/control/news_database.c. The store itself is in tests/e2e/test_database_faults.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "control/news_database_priv.h"
#include "control/news_priv.h"
#include "unit/control/world.h"

static struct world world;
static struct news *news;
static struct news_database *watch;
static char told[2048];

static void on_event(void *arg, const struct news_event *event)
{
    (void)arg;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s ", event->json.ptr);
}

static void begin(void)
{
    static struct config config;
    static struct config_service services[WORLD_SERVICES];

    world_init(&world);
    for (unsigned i = 0; i < WORLD_SERVICES; i++)
        services[i].name = (char *)(uintptr_t)world.services[i]->name;
    config.services = services;
    config.service_count = WORLD_SERVICES;
    world.deploy.config = &config;
    news = news_make(1);
    news_subscribe(news, on_event, NULL);
    watch = news_database_new(news, &world.room);
}

static void end(void)
{
    news_database_free(watch);
    news_free(news);
    world_fini(&world);
}

TestSuite(news_database, .init = begin, .fini = end);

static void shine(enum word_answer answer, const char *words)
{
    struct deploy_light_view *view = &world.deploy.light[0];

    view->light.is_asked = true;
    view->light.answer = answer;
    snprintf(view->light.words, sizeof view->light.words, "%s", words);
    snprintf(view->slot, sizeof view->slot, "blue");
}

/* What was told by this look; "" : nothing. */
static const char *look(unsigned second)
{
    told[0] = '\0';
    news_database_look(watch, (uint64_t)second * 1000000);
    return told;
}

Test(news_database, a_light_that_turns_is_told)
{
    cr_expect_str_eq(look(1), "", "nobody has a database");
    shine(WORD_PASS, "");
    cr_expect_str_eq(look(2), "");
    shine(WORD_FAIL, "column note is missing");
    cr_assert_not_null(strstr(look(3), "\"kind\":\"database\",\"service\":\"shop\""), "%s", told);
    cr_expect_not_null(strstr(told, "\"subject\":\"rollback-safe\",\"severity\":\"warn\","
                                    "\"was\":\"yes\",\"is\":\"no\",\"changes\":1,\"slot\":\"blue\","
                                    "\"words\":\"column note is missing\""),
                       "%s", told);
    cr_expect_str_eq(look(4), "");
    shine(WORD_PASS, "");
    cr_expect_str_eq(look(5), "", "it was told a moment ago");
    cr_expect_not_null(strstr(look(13), "\"was\":\"no\",\"is\":\"yes\",\"changes\":1"), "%s", told);
    cr_expect_not_null(strstr(told, "\"severity\":\"info\""));
    shine(WORD_UNKNOWN, "nobody has looked");
    cr_expect_not_null(strstr(look(60), "\"was\":\"yes\",\"is\":\"unknown\""), "%s", told);
}

Test(news_database, what_is_no_longer_asked_for_is_forgotten)
{
    shine(WORD_PASS, "");
    cr_expect_str_eq(look(1), "");
    world.deploy.light[0].light.is_asked = false;
    cr_expect_str_eq(look(2), "");
    shine(WORD_FAIL, "x");
    cr_expect_not_null(strstr(look(3), "\"was\":null,\"is\":\"no\""), "%s", told);
}
