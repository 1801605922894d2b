/* Server-sent events: see api_stream_priv.h. */
#include "control/api_stream_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "control/admin.h"
#include "control/api_client_priv.h"
#include "control/api_picture_priv.h"
#include "control/api_words_priv.h"
#include "control/news_priv.h"
#include "net/loop.h"
#include "net/timer.h"

enum { EVENTS_PER_PIECE = 32 };

struct listening {
    TAILQ_ENTRY(listening) link;
    struct api_streams *streams;
    struct api_exchange *exchange;
    uint64_t place;      /* in the news */
    uint64_t picture;    /* number of the last state it has got */
    uint64_t said_us;    /* when it got anything */
    char *authorization; /* that it was opened with, terminated; overwritten at the end */
    bool is_greeted;
    bool wants_status;
    bool is_over;
    char why[API_STREAM_WORDS]; /* is_over */
};

struct api_streams {
    const struct control_room *room;
    api_review_fn *review;
    void *review_arg;
    struct news_subscriber *subscriber; /* NULL: there are no news */
    struct timer *timer;
    struct api_picture *picture;
    struct text status; /* the newest state */
    uint64_t number;    /* of it; 0: none yet */
    TAILQ_HEAD(, listening) listening;
    unsigned count;
};

/* Whoever has read all so far is told. */
static void resume_all(struct api_streams *streams)
{
    struct listening *listening = TAILQ_FIRST(&streams->listening);

    while (listening != NULL) {
        struct listening *next = TAILQ_NEXT(listening, link);

        api_client_resume(listening->exchange->client);
        listening = next;
    }
}

static void on_news(void *arg, const struct news_event *event)
{
    (void)event;
    resume_all(arg);
}

static void draw(struct api_streams *streams)
{
    text_clear(&streams->status);
    api_picture_write(streams->picture, loop_now_us(streams->room->loop), &streams->status);
    streams->number++;
}

/* Asks whether it may go on; on_pull says the rest. */
static void review(struct listening *listening)
{
    const struct api_streams *streams = listening->streams;

    if (!listening->is_over &&
        streams->review(streams->review_arg, listening->exchange,
                        slice_from(listening->authorization), listening->why) != NULL)
        listening->is_over = true;
}

static void check_all(struct api_streams *streams)
{
    struct listening *listening = TAILQ_FIRST(&streams->listening);

    while (listening != NULL) {
        struct listening *next = TAILQ_NEXT(listening, link);

        review(listening);
        api_client_check(listening->exchange->client); /* may end it */
        listening = next;
    }
}

static void on_second(void *arg)
{
    struct api_streams *streams = arg;

    check_all(streams);
    if (streams->count == 0)
        return; /* nobody looks: nothing is drawn */
    timer_arm(streams->timer, API_STATUS_MS);
    draw(streams);
    resume_all(streams);
}

struct api_streams *api_streams_new(const struct control_room *room, api_review_fn *review_fn,
                                    void *arg)
{
    struct api_streams *streams = mem_zalloc(sizeof *streams);

    streams->room = room;
    streams->review = review_fn;
    streams->review_arg = arg;
    TAILQ_INIT(&streams->listening);
    text_init(&streams->status, API_PICTURE_MAX);
    streams->picture = api_picture_new(room);
    streams->timer = timer_new(room->loop, on_second, streams);
    if (room->news != NULL)
        streams->subscriber = news_subscribe(room->news, on_news, streams);
    return streams;
}

static void on_drop(void *arg)
{
    struct listening *listening = arg;

    TAILQ_REMOVE(&listening->streams->listening, listening, link);
    listening->streams->count--;
    explicit_bzero(listening->authorization, strlen(listening->authorization));
    free(listening->authorization);
    free(listening);
}

void api_streams_free(struct api_streams *streams)
{
    if (streams == NULL)
        return;
    CHECK(TAILQ_EMPTY(&streams->listening));
    news_unsubscribe(streams->subscriber);
    timer_free(streams->timer);
    api_picture_free(streams->picture);
    text_fini(&streams->status);
    free(streams);
}

static void write_missed(uint64_t missed, struct text *out)
{
    if (missed == UINT64_MAX)
        text_add(out, "event: missed\ndata: {\"missed\":null}\n\n");
    else if (missed > 0)
        text_add_format(out, "event: missed\ndata: {\"missed\":%" PRIu64 "}\n\n", missed);
}

/* True when there may be more. */
static bool write_events(struct listening *listening, struct text *out)
{
    const struct news *news = listening->streams->room->news;
    struct news_event event;
    uint64_t missed = 0;

    for (unsigned i = 0; news != NULL && i < EVENTS_PER_PIECE; i++) {
        bool is_there = news_read(news, &listening->place, &event, &missed);

        write_missed(missed, out);
        if (!is_there)
            return false;
        text_add_format(out, "id: %" PRIu64 "\nevent: %s\ndata: ", event.id,
                        news_kind_name(event.kind));
        text_add_slice(out, event.json);
        text_add(out, "\n\n");
    }
    return news != NULL;
}

static void write_status(struct listening *listening, struct text *out)
{
    struct api_streams *streams = listening->streams;

    listening->picture = streams->number;
    text_add(out, "event: status\ndata: ");
    text_add_slice(out, text_slice(&streams->status));
    text_add(out, "\n\n");
}

/* The last words of a stream. */
static enum api_pull write_end(const struct listening *listening, struct text *out)
{
    text_add(out, "event: end\ndata: {\"why\":\"");
    text_add_json(out, slice_from(listening->why));
    text_add(out, "\"}\n\n");
    return API_PULL_END;
}

static enum api_pull on_pull(void *arg, struct text *out)
{
    struct listening *listening = arg;
    struct api_streams *streams = listening->streams;
    uint64_t now_us = loop_now_us(streams->room->loop);

    if (listening->is_over)
        return write_end(listening, out);
    if (!listening->is_greeted) /* with the place, so that it is known also before any event */
        text_add_format(out, "retry: 2000\nid: %" PRIu64 "\n\n", listening->place);
    listening->is_greeted = true;
    (void)write_events(listening, out); /* what is left comes in the next piece */
    if (listening->wants_status && listening->picture != streams->number)
        write_status(listening, out);
    if (out->len == 0 && now_us - listening->said_us >= API_BEAT_MS * 1000ull)
        text_add(out, ": beat\n\n");
    if (out->len == 0)
        return API_PULL_WAIT;
    listening->said_us = now_us;
    return API_PULL_MORE;
}

/* Where it goes on: behind the event it had last, else with what comes now. False: that is no number. */
static bool find_place(const struct api_streams *streams, const struct head *head, uint64_t *place)
{
    struct slice last = head_value(head, SLICE("Last-Event-ID"));

    *place = streams->room->news != NULL ? news_newest(streams->room->news) : 0;
    return last.len == 0 || num_parse_u64(last, UINT64_MAX - 1, place) == 0;
}

/* ?status=false; false: something else is asked. */
static bool read_query(struct slice text, bool *wants_status)
{
    cJSON *query = api_words_query(text);
    const cJSON *member = NULL;
    bool is_fine = query != NULL;

    *wants_status = true;
    cJSON_ArrayForEach(member, query)
    {
        bool is_off = cJSON_IsString(member) && strcmp(member->valuestring, "false") == 0;

        is_fine = is_fine && strcmp(member->string, "status") == 0 && cJSON_IsString(member) &&
                  (is_off || strcmp(member->valuestring, "true") == 0);
        *wants_status = !is_off;
    }
    cJSON_Delete(query);
    return is_fine;
}

static char *copy_authorization(const struct head *head)
{
    struct slice value = head_value(head, SLICE("Authorization"));

    return mem_text_of(value.ptr != NULL ? value.ptr : "", value.len);
}

void api_streams_open(struct api_streams *streams, struct api_exchange *exchange)
{
    struct api_error full = { 429, "overloaded", "close one of the streams", NULL };
    struct api_error usage = { 400, "usage",
                               "the query takes status=false, Last-Event-ID is a number", NULL };
    struct listening *listening = NULL;
    bool wants_status = true;
    uint64_t place = 0;

    if (!find_place(streams, &exchange->head, &place) ||
        !read_query(exchange->head.query, &wants_status)) {
        api_exchange_refuse(exchange, &usage, "this stream cannot be asked for in that way");
        return;
    }
    if (streams->count == API_STREAMS_MAX) {
        text_add(&exchange->extra, "Retry-After: 5\r\n");
        api_exchange_refuse(exchange, &full, "%d streams are open already", API_STREAMS_MAX);
        return;
    }
    listening = mem_zalloc(sizeof *listening);
    *listening = (struct listening){ .streams = streams,
                                     .exchange = exchange,
                                     .place = place,
                                     .authorization = copy_authorization(&exchange->head),
                                     .wants_status = wants_status,
                                     .said_us = loop_now_us(streams->room->loop) };
    TAILQ_INSERT_TAIL(&streams->listening, listening, link);
    streams->count++;
    if (!timer_is_armed(streams->timer)) {
        draw(streams);
        timer_arm(streams->timer, API_STATUS_MS);
    }
    exchange->is_long = true;
    api_exchange_stream(exchange, "text/event-stream", on_pull, on_drop, listening);
}
