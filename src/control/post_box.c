/* See post_box_priv.h. */
#include "control/post_box_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/event_face_priv.h"
#include "control/post_repeat_priv.h"
#include "control/post_sign_priv.h"
#include "control/post_spec_priv.h"

struct post_box {
    CURLM *multi;
    struct post_spec *spec;
    struct post_queue *queue;
    struct post_repeat *repeat;
    struct post_request *current;
    struct post_run *run; /* to be taken by the postman */
    bool is_running;      /* the program, or it will be */
    uint64_t pace_us;     /* the next one not before */
    char current_id[40];
    struct post_request *test;
    uint64_t test_number;
    uint64_t next_us; /* not before */
    uint64_t random;
    bool is_failing; /* a line said so */
    struct post_view view;
};

void post_run_free(struct post_run *run)
{
    if (run != NULL)
        free(run->json);
    free(run);
}

/* No name of a block has a "+" in it: a program may be called like a receiver. */
static struct post_queue *open_queue(const char *folder, const struct post_spec *spec)
{
    char *name = mem_format("%s%s", spec->name, spec->is_hook ? "+hook" : "");
    struct post_queue *queue = post_queue_open(folder, name);

    free(name);
    return queue;
}

struct post_box *post_box_new(CURLM *multi, const char *folder, struct post_spec *spec)
{
    struct post_box *box = mem_zalloc(sizeof *box);

    box->multi = multi;
    box->random = clock_wall_us() ^ hash_bytes(0, spec->name, strlen(spec->name)) ^ 1;
    box->repeat = post_repeat_new();
    box->queue = open_queue(folder, spec);
    post_box_replace(box, spec);
    return box;
}

static void queue_repeated(struct post_box *box, struct post_repeated *repeated)
{
    post_queue_add(box->queue, repeated->id, clock_wall_us(), repeated->count,
                   slice_from(repeated->json));
    free(repeated->json);
}

void post_box_free(struct post_box *box)
{
    struct post_repeated repeated;

    if (box == NULL)
        return;
    post_request_free(box->current);
    post_request_free(box->test);
    post_run_free(box->run);
    while (post_repeat_flush(box->repeat, &repeated))
        queue_repeated(box, &repeated);
    post_repeat_free(box->repeat);
    post_queue_close(box->queue);
    post_spec_free(box->spec);
    free(box);
}

const char *post_box_name(const struct post_box *box)
{
    return box->spec->name;
}

bool post_box_is_hook(const struct post_box *box)
{
    return box->spec->is_hook;
}

/* What could not be sent may be sent now: it is tried at once. */
void post_box_replace(struct post_box *box, struct post_spec *spec)
{
    post_spec_free(box->spec);
    box->spec = spec;
    box->next_us = 0;
    box->view.is_hook = spec->is_hook;
    snprintf(box->view.name, sizeof box->view.name, "%s", spec->name);
    snprintf(box->view.place, sizeof box->view.place, "%s", spec->place);
    post_queue_limit(box->queue, spec->queue, spec->queue_bytes);
}

void post_box_put(struct post_box *box, const struct post_event *event)
{
    struct post_offer offer = { event->key, event->id, slice_from(event->json) };

    if (post_repeat_offer(box->repeat, &offer, clock_monotonic_us(), box->spec->repeat_us))
        post_queue_add(box->queue, event->id, clock_wall_us(), 1, offer.json);
    else
        box->view.repeats++;
}

void post_box_sync(struct post_box *box)
{
    post_queue_sync(box->queue);
}

static void give_up(struct post_box *box, const char *id, const char *why)
{
    LOG_WARN(box->spec->is_hook ? "hook" : "webhook", "%s=%s id=%s is given up: %s",
             box->spec->is_hook ? "hook" : "webhook", box->spec->name, id, why);
    post_queue_remove(box->queue, id);
}

/* The oldest one that is still to be sent; NULL: none. */
static struct post_item *find_next(struct post_box *box)
{
    uint64_t now = clock_wall_us();
    struct post_item *item = NULL;

    while ((item = post_queue_head(box->queue)) != NULL) {
        bool is_old = now > item->at_us && now - item->at_us > box->spec->give_up_us;

        if (!is_old)
            return item;
        box->view.expired++;
        give_up(box, item->id, "it is older than give_up_after");
    }
    return NULL;
}

static void begin_run(struct post_box *box, const struct post_item *item)
{
    struct post_run *run = mem_zalloc(sizeof *run);

    snprintf(run->name, sizeof run->name, "%s", box->spec->name);
    snprintf(run->id, sizeof run->id, "%s", item->id);
    run->count = item->count;
    run->attempt = item->attempts + 1;
    run->json = mem_text(item->json);
    box->run = run;
    box->is_running = true;
    box->pace_us = clock_monotonic_us() + box->spec->every_us;
}

static void begin(struct post_box *box, struct post_item *item)
{
    struct event_face face;

    if (event_face_make(slice_from(item->json), item->id, item->count, &face) != ERR_OK) {
        box->view.refused++;
        give_up(box, item->id, "its line in the outbox is no event");
        return;
    }
    snprintf(box->current_id, sizeof box->current_id, "%s", item->id);
    if (box->spec->is_hook)
        begin_run(box, item);
    else
        box->current = post_request_begin(box->multi, box->spec, &face);
    event_face_free(&face);
}

static bool is_busy(const struct post_box *box)
{
    return box->current != NULL || box->is_running;
}

uint64_t post_box_step(struct post_box *box, uint64_t now_us)
{
    struct post_repeated repeated;
    struct post_item *item = NULL;
    uint64_t next = UINT64_MAX;
    uint64_t wait = 0;

    while (post_repeat_due(box->repeat, now_us, &repeated))
        queue_repeated(box, &repeated);
    post_box_sync(box);
    next = post_repeat_next_us(box->repeat);
    if (is_busy(box))
        return next;
    item = find_next(box);
    if (item == NULL)
        return next;
    wait = box->next_us > box->pace_us ? box->next_us : box->pace_us;
    if (now_us < wait)
        return wait < next ? wait : next;
    begin(box, item);
    return is_busy(box) ? next : now_us;
}

bool post_box_test(struct post_box *box, uint64_t number, struct slice json)
{
    struct event_face face;
    char id[40];

    if (box->test != NULL)
        return false;
    snprintf(id, sizeof id, "test-%" PRIu64, clock_wall_us());
    CHECK(event_face_make(json, id, 1, &face) == ERR_OK);
    box->test = post_request_begin(box->multi, box->spec, &face);
    box->test_number = number;
    event_face_free(&face);
    return true;
}

uint64_t post_box_open_test(const struct post_box *box)
{
    return box->test != NULL ? box->test_number : 0;
}

static void note_delivered(struct post_box *box)
{
    if (box->is_failing && !box->spec->is_hook)
        LOG_INFO("webhook", "webhook=%s receiver=%s takes events again, queued=%" PRIu64,
                 box->spec->name, box->spec->place, post_queue_view(box->queue).count);
    box->is_failing = false;
    box->view.delivered++;
    box->view.delivered_us = clock_wall_us();
    if (!box->spec->is_hook)
        box->view.words[0] = '\0';
    box->next_us = 0;
    post_queue_remove(box->queue, box->current_id);
}

static void note_failed(struct post_box *box, const struct post_result *result)
{
    struct post_item *item = post_queue_head(box->queue);
    unsigned attempts = 1;

    if (item != NULL && strcmp(item->id, box->current_id) == 0)
        attempts = ++item->attempts;
    if (!box->is_failing && !box->spec->is_hook) /* of a program it was said with what it wrote */
        LOG_WARN("webhook", "webhook=%s receiver=%s does not take events: %s; they wait",
                 box->spec->name, box->spec->place, result->words);
    box->is_failing = true;
    box->next_us = clock_monotonic_us() +
                   post_sign_wait_us(attempts, hash_random(&box->random), result->asked_s);
    if (box->spec->attempts > 0 && attempts >= box->spec->attempts) {
        box->view.expired++;
        give_up(box, box->current_id, "it was tried as often as attempts says");
    }
}

static void end_current(struct post_box *box, const struct post_result *result)
{
    if (result->fate != POST_DELIVERED) {
        box->view.failures++;
        box->view.failed_us = clock_wall_us();
        snprintf(box->view.words, sizeof box->view.words, "%s", result->words);
    }
    if (box->spec->is_hook)
        snprintf(box->view.words, sizeof box->view.words, "%s", result->words);
    switch (result->fate) {
    case POST_DELIVERED: note_delivered(box); return;
    case POST_REFUSED:
        box->view.refused++;
        box->next_us = 0;
        give_up(box, box->current_id, result->words);
        return;
    case POST_FAILED: note_failed(box, result); return;
    }
}

bool post_box_end(struct post_box *box, CURL *easy, CURLcode code, uint64_t *test,
                  struct post_result *result)
{
    *test = 0;
    if (box->test != NULL && post_request_handle(box->test) == easy) {
        post_request_judge(box->test, code, result);
        *test = box->test_number;
        post_request_free(box->test);
        box->test = NULL;
        return true;
    }
    if (box->current == NULL || post_request_handle(box->current) != easy)
        return false;
    post_request_judge(box->current, code, result);
    post_request_free(box->current);
    box->current = NULL;
    end_current(box, result);
    return true;
}

struct post_run *post_box_take_run(struct post_box *box)
{
    struct post_run *run = box->run;

    box->run = NULL;
    return run;
}

void post_box_ran(struct post_box *box, const char *id, const struct post_result *result)
{
    if (!box->is_running || strcmp(box->current_id, id) != 0)
        return; /* of a box that is gone */
    box->is_running = false;
    end_current(box, result);
}

void post_box_look(const struct post_box *box, uint64_t now_us, struct post_view *out)
{
    *out = box->view;
    out->queue = post_queue_view(box->queue);
    out->state = is_busy(box) ? POST_SENDING : out->queue.count > 0 ? POST_WAITING : POST_IDLE;
    out->wait_us = out->state == POST_WAITING && box->next_us > now_us ? box->next_us - now_us : 0;
}
