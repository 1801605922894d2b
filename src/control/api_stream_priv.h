/*
 * The event stream of the API: to every client that listens each event once and in order, and each second how things
 * stand. One that reads too slowly misses events, and is told how many; of the states it gets the newest. A stream ends when
 * the credentials that it was opened with end. Owner: the api. Thread: control.
 */
#ifndef CONTROL_API_STREAM_PRIV_H
#define CONTROL_API_STREAM_PRIV_H

#include "control/api_exchange_priv.h"

enum { API_STREAMS_MAX = 8, API_STATUS_MS = 1000, API_BEAT_MS = 15 * 1000, API_STREAM_WORDS = 192 };

struct api_streams;
struct control_room;

/* Whether who has opened a stream with that Authorization (empty: without) may go on to read it: NULL, or why not, in words. */
typedef const char *api_review_fn(void *arg, const struct api_exchange *exchange,
                                  struct slice authorization, char words[API_STREAM_WORDS]);

/* review is asked for every stream each second. */
struct api_streams *api_streams_new(const struct control_room *room, api_review_fn *review,
                                    void *arg);
void api_streams_free(struct api_streams *streams); /* after its clients */

/* Answers with a stream: from Last-Event-ID on, if it is given; ?status=false leaves out the states. */
void api_streams_open(struct api_streams *streams, struct api_exchange *exchange);

#endif
