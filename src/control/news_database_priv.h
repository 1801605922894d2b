/*
 * What the databases say, as events: whether a rollback is safe, whether a database answers, what became of a snapshot.
 * Looked for twice a second, damped. Owner: the feed of the news. Thread: control.
 */
#ifndef CONTROL_NEWS_DATABASE_PRIV_H
#define CONTROL_NEWS_DATABASE_PRIV_H

#include <stdint.h>

struct control_room;
struct news;
struct news_database;

/* The room's parts must outlive it. */
struct news_database *news_database_new(struct news *news, const struct control_room *room);
void news_database_free(struct news_database *watch); /* NULL: nothing */

/* What the timer does; for tests. */
void news_database_look(struct news_database *watch, uint64_t now_us);

#endif
