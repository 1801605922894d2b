/*
 * The ring of events and how to follow it. There are two ways. A subscriber is called with each event, once and in
 * order, and must not block: it copies what it wants. A reader keeps a place and asks for what is behind it, in its own
 * time: one that was too slow is told how many it has missed. Nobody is ever waited for.
 *
 * An event is one JSON object: {"id","time","kind","service", and the facts of its kind}, see docs/api.md. Numbers of
 * events grow over restarts (the first one is the wall clock in milliseconds). Thread: control.
 */
#ifndef CONTROL_NEWS_PRIV_H
#define CONTROL_NEWS_PRIV_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "control/news.h"

struct history_entry;

/* KIND(name, word): what an event is about. */
#define NEWS_KINDS(KIND)                                                                           \
    KIND(CHANGE, "change")     /* a finished change: outcome, gate, epochs, who and why */         \
    KIND(ROLLOUT, "rollout")   /* a rollout entered a phase, or was refused one */                 \
    KIND(RELOAD, "reload")     /* the configuration was read again, or refused */                  \
    KIND(ALERT, "alert")       /* what the judgement tells people */                               \
    KIND(VERDICT, "verdict")   /* a target is up or down */                                        \
    KIND(DATABASE, "database") /* a database, its schema or its replication */                     \
    KIND(ACTION, "action")     /* a program of the configuration was run */

enum news_kind {
#define KIND(name, word) NEWS_##name,
    NEWS_KINDS(KIND)
#undef KIND
        NEWS_KIND_COUNT
};

enum { NEWS_RING = 1024, NEWS_JSON_MAX = 4096, NEWS_SUBSCRIBERS_MAX = 16 };

struct news_event {
    uint64_t id;
    uint64_t wall_us;
    enum news_kind kind;
    char service[64];  /* or group; "" : none */
    struct slice json; /* the whole object; valid until the next turn of the loop */
};

const char *news_kind_name(enum news_kind kind); /* "change" */

/* Tells everybody. facts: an object, taken; its members follow id, time, kind and service. */
void news_publish(struct news *news, enum news_kind kind, const char *service, cJSON *facts);

/* fn is called with every event from now on, from the loop; the handle ends it (NULL: nothing). The callee may
 * unsubscribe but not publish. */
typedef void news_fn(void *arg, const struct news_event *event);
struct news_subscriber;
struct news_subscriber *news_subscribe(struct news *news, news_fn *fn, void *arg);
void news_unsubscribe(struct news_subscriber *subscriber);

/* The id of the newest event; a reader that starts with it gets what comes later. */
uint64_t news_newest(const struct news *news);

/*
 * The first event behind *place, which moves on to it; false: there is none. *missed: how many of those between are
 * gone (0: none); UINT64_MAX: the place is none of this ring (from before the start), and it is not known how many.
 */
bool news_read(const struct news *news, uint64_t *place, struct news_event *out, uint64_t *missed);

/* A ring alone, which nothing feeds: news_new makes it and adds the feed. first_id: of the first event. */
struct news *news_make(uint64_t first_id);

/* The feed (news_feed.c), which news_free ends. */
struct news_feed;
struct news_feed *news_feed_new(struct news *news, const struct control_room *room);
void news_feed_free(struct news_feed *feed); /* NULL: nothing */

/* A finished change as the facts of an event. */
cJSON *news_feed_change(const struct history_entry *entry);

#endif
