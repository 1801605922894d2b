/*
 * What happens, as it happens: a bounded ring of events about changes, rollouts, alerts and verdicts, for whoever
 * wants to be told (the event stream of the API, webhooks). Owner: app. Thread: control.
 */
#ifndef CONTROL_NEWS_H
#define CONTROL_NEWS_H

#include "route/target.h"

struct control_room;
struct news;

/* Begins to watch what the room knows; what was before is no news. The room's parts must outlive it. */
struct news *news_new(const struct control_room *room);
void news_free(struct news *news); /* NULL: nothing */

/* For app, which hears it from health. */
void news_verdict(struct news *news, const struct target *target, enum verdict was, enum verdict is,
                  const char *words);

#endif
