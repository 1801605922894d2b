/* See postman_priv.h. Letters go in under a lock that is never held while anything blocks. */
#include "control/postman_priv.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/post_place_priv.h"
#include "control/post_spec_priv.h"
#include "net/mailbox.h"

#define NOWHERE UINT64_MAX /* no place that is known */

enum { LONGEST_END_S = 3, LONGEST_WAIT_MS = 60000 };

enum letter_kind { LETTER_SET, LETTER_EVENT, LETTER_TEST, LETTER_RAN, LETTER_STOP };

struct letter {
    STAILQ_ENTRY(letter) link;
    enum letter_kind kind;
    char name[64];
    struct post_event event; /* of a test the json only, of a run the id only */
    struct post_result result;
    uint64_t number;
    struct post_spec **specs;
    size_t count;
};

STAILQ_HEAD(letters, letter);

struct postman {
    pthread_t thread;
    char *folder;
    struct mailbox *control;
    CURLM *multi;

    pthread_mutex_t lock; /* of these */
    struct letters letters;
    unsigned event_count;
    uint64_t put; /* the newest change whose events are among the letters, or were; NOWHERE: none */
    struct post_view views[POSTMAN_BOXES_MAX];
    size_t view_count;

    struct post_box *boxes[POSTMAN_BOXES_MAX]; /* of the thread */
    size_t box_count;
    uint64_t taken;     /* the newest change whose events are in the boxes */
    uint64_t told;      /* and on disk */
    bool has_told_fail; /* a line said so */
    bool is_stopping;
};

static void free_letter(struct letter *letter)
{
    for (size_t i = 0; letter->specs != NULL && i < letter->count; i++)
        post_spec_free(letter->specs[i]);
    free(letter->specs);
    free(letter->event.json);
    free(letter);
}

/* The thread's side. */

static void tell_tested(struct postman *postman, uint64_t number, const struct post_result *result)
{
    struct post_result *copy = mem_alloc(sizeof *copy);

    *copy = *result;
    mailbox_post(postman->control,
                 &(struct mail){ .kind = POSTMAN_TESTED, .number = number, .object = copy });
}

static void tell_untested(struct postman *postman, uint64_t number, const char *words)
{
    struct post_result result = { .fate = POST_FAILED };

    snprintf(result.words, sizeof result.words, "%s", words);
    tell_tested(postman, number, &result);
}

static struct post_box *find_box(const struct postman *postman, const char *name, bool is_hook)
{
    for (size_t i = 0; i < postman->box_count; i++)
        if (post_box_is_hook(postman->boxes[i]) == is_hook &&
            strcmp(post_box_name(postman->boxes[i]), name) == 0)
            return postman->boxes[i];
    return NULL;
}

static void drop_box(struct postman *postman, struct post_box *box)
{
    uint64_t number = post_box_open_test(box);

    if (number != 0)
        tell_untested(postman, number, "its block is gone, or the daemon stops");
    post_box_free(box);
}

static void take_set(struct postman *postman, struct letter *letter)
{
    struct post_box *boxes[POSTMAN_BOXES_MAX] = { NULL };

    for (size_t i = 0; i < letter->count; i++) {
        struct post_spec *spec = letter->specs[i];

        boxes[i] = find_box(postman, spec->name, spec->is_hook);
        letter->specs[i] = NULL;
        if (boxes[i] != NULL)
            post_box_replace(boxes[i], spec);
        else
            boxes[i] = post_box_new(postman->multi, postman->folder, spec);
    }
    for (size_t i = 0; i < postman->box_count; i++) {
        bool is_kept = false;

        for (size_t k = 0; k < letter->count; k++)
            is_kept = is_kept || boxes[k] == postman->boxes[i];
        if (!is_kept)
            drop_box(postman, postman->boxes[i]);
    }
    if (letter->count == 0)
        post_place_remove(postman->folder);
    postman->told = NOWHERE;
    memcpy(postman->boxes, boxes, letter->count * sizeof *boxes);
    postman->box_count = letter->count;
}

static void take_test(struct postman *postman, const struct letter *letter)
{
    struct post_box *box = find_box(postman, letter->name, false);

    if (box == NULL)
        tell_untested(postman, letter->number, "its block is gone");
    else if (!post_box_test(box, letter->number, slice_from(letter->event.json)))
        tell_untested(postman, letter->number, "another test of it is under way");
}

static void take_letter(struct postman *postman, struct letter *letter)
{
    struct post_box *box = NULL;

    switch (letter->kind) {
    case LETTER_SET: take_set(postman, letter); break;
    case LETTER_EVENT:
        box = find_box(postman, letter->name, letter->event.is_hook);
        if (box != NULL)
            post_box_put(box, &letter->event);
        break;
    case LETTER_TEST: take_test(postman, letter); break;
    case LETTER_RAN:
        box = find_box(postman, letter->name, true);
        if (box != NULL)
            post_box_ran(box, letter->event.id, &letter->result);
        break;
    case LETTER_STOP: postman->is_stopping = true; break;
    }
}

static void take_letters(struct postman *postman)
{
    struct letters taken = STAILQ_HEAD_INITIALIZER(taken);
    uint64_t put = NOWHERE;

    pthread_mutex_lock(&postman->lock);
    STAILQ_CONCAT(&taken, &postman->letters);
    postman->event_count = 0;
    put = postman->put;
    pthread_mutex_unlock(&postman->lock);
    while (!STAILQ_EMPTY(&taken)) {
        struct letter *letter = STAILQ_FIRST(&taken);

        STAILQ_REMOVE_HEAD(&taken, link);
        take_letter(postman, letter);
        free_letter(letter);
    }
    postman->taken = put;
}

/* Behind a step, which has made durable what the boxes took. */
static void write_place(struct postman *postman)
{
    if (postman->taken == NOWHERE || postman->taken == postman->told || postman->box_count == 0)
        return;
    if (post_place_write(postman->folder, postman->taken) == ERR_OK) {
        postman->has_told_fail = false;
    } else if (!postman->has_told_fail) {
        LOG_WARN("outbox", "folder=%s cannot write how far changes were told", postman->folder);
        postman->has_told_fail = true;
    }
    postman->told = postman->taken;
}

static void take_ends(struct postman *postman)
{
    const struct CURLMsg *message = NULL;
    int left = 0;

    while ((message = curl_multi_info_read(postman->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        struct post_result result;
        uint64_t test = 0;
        bool is_found = false;

        for (size_t i = 0; i < postman->box_count && !is_found; i++)
            is_found = post_box_end(postman->boxes[i], easy, code, &test, &result);
        if (test != 0)
            tell_tested(postman, test, &result);
    }
}

static void show(struct postman *postman)
{
    struct post_view views[POSTMAN_BOXES_MAX];

    memset(views, 0, sizeof views);
    for (size_t i = 0; i < postman->box_count; i++)
        post_box_look(postman->boxes[i], clock_monotonic_us(), &views[i]);
    pthread_mutex_lock(&postman->lock);
    memcpy(postman->views, views, postman->box_count * sizeof *views);
    postman->view_count = postman->box_count;
    pthread_mutex_unlock(&postman->lock);
}

static void ask_for_runs(struct postman *postman)
{
    for (size_t i = 0; i < postman->box_count; i++) {
        struct post_run *run = post_box_take_run(postman->boxes[i]);

        if (run != NULL)
            mailbox_post(postman->control, &(struct mail){ .kind = POSTMAN_RUN, .object = run });
    }
}

/* Begins what is due; the milliseconds until something is. */
static int step(struct postman *postman)
{
    uint64_t now = clock_monotonic_us();
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < postman->box_count; i++) {
        uint64_t wish = post_box_step(postman->boxes[i], now);

        next = wish < next ? wish : next;
    }
    ask_for_runs(postman);
    if (next <= now)
        return 0;
    return (next - now) / 1000 < LONGEST_WAIT_MS ? (int)((next - now) / 1000 + 1) : LONGEST_WAIT_MS;
}

static void *run_thread(void *arg)
{
    struct postman *postman = arg;

    while (!postman->is_stopping) {
        int running = 0;
        int wait_ms = 0;

        take_letters(postman);
        if (postman->is_stopping)
            break;
        (void)step(postman);
        write_place(postman);
        CHECK(curl_multi_perform(postman->multi, &running) == CURLM_OK);
        take_ends(postman);
        wait_ms = step(postman); /* what is begun here is due at once for curl, too */
        show(postman);
        (void)curl_multi_poll(postman->multi, NULL, 0, wait_ms, NULL);
    }
    for (size_t i = 0; i < postman->box_count; i++)
        post_box_sync(postman->boxes[i]);
    write_place(postman);
    for (size_t i = 0; i < postman->box_count; i++)
        drop_box(postman, postman->boxes[i]);
    postman->box_count = 0;
    return NULL;
}

/* The control thread's side. */

struct postman *postman_new(const char *folder, struct mailbox *control)
{
    struct postman *postman = mem_zalloc(sizeof *postman);

    postman->folder = mem_text(folder);
    postman->control = control;
    postman->put = postman->taken = postman->told = NOWHERE;
    postman->multi = curl_multi_init();
    CHECK(postman->multi != NULL);
    (void)curl_multi_setopt(postman->multi, CURLMOPT_MAXCONNECTS, (long)POSTMAN_BOXES_MAX);
    pthread_mutex_init(&postman->lock, NULL);
    STAILQ_INIT(&postman->letters);
    CHECK(pthread_create(&postman->thread, NULL, run_thread, postman) == 0);
    return postman;
}

static void post(struct postman *postman, struct letter *letter)
{
    pthread_mutex_lock(&postman->lock);
    STAILQ_INSERT_TAIL(&postman->letters, letter, link);
    pthread_mutex_unlock(&postman->lock);
    (void)curl_multi_wakeup(postman->multi);
}

bool postman_free(struct postman *postman)
{
    struct letter *letter = NULL;
    struct timespec until;

    if (postman == NULL)
        return true;
    letter = mem_zalloc(sizeof *letter);
    letter->kind = LETTER_STOP;
    post(postman, letter);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LONGEST_END_S;
    if (pthread_timedjoin_np(postman->thread, NULL, &until) != 0) {
        LOG_WARN("webhook",
                 "the thread of the webhooks does not end, maybe for a disk; it is left");
        return false;
    }
    while ((letter = STAILQ_FIRST(&postman->letters)) != NULL) {
        STAILQ_REMOVE_HEAD(&postman->letters, link);
        free_letter(letter);
    }
    curl_multi_cleanup(postman->multi);
    pthread_mutex_destroy(&postman->lock);
    free(postman->folder);
    free(postman);
    return true;
}

void postman_set(struct postman *postman, struct post_spec **specs, size_t count)
{
    struct letter *letter = mem_zalloc(sizeof *letter);

    CHECK(count <= POSTMAN_BOXES_MAX);
    letter->kind = LETTER_SET;
    letter->specs = specs;
    letter->count = count;
    post(postman, letter);
}

bool postman_put(struct postman *postman, const char *name, const struct post_event *event)
{
    struct letter *letter = NULL;
    bool is_full = false;

    pthread_mutex_lock(&postman->lock);
    is_full = postman->event_count == POSTMAN_LETTERS_MAX;
    postman->event_count += is_full ? 0 : 1;
    pthread_mutex_unlock(&postman->lock);
    if (is_full)
        return false;
    letter = mem_zalloc(sizeof *letter);
    letter->kind = LETTER_EVENT;
    snprintf(letter->name, sizeof letter->name, "%s", name);
    letter->event = *event;
    letter->event.json = mem_text(event->json);
    post(postman, letter);
    return true;
}

void postman_told(struct postman *postman, uint64_t sequence)
{
    pthread_mutex_lock(&postman->lock);
    postman->put = sequence;
    pthread_mutex_unlock(&postman->lock);
    (void)curl_multi_wakeup(postman->multi);
}

void postman_ran(struct postman *postman, const char *name, const char *id,
                 const struct post_result *result)
{
    struct letter *letter = mem_zalloc(sizeof *letter);

    letter->kind = LETTER_RAN;
    snprintf(letter->name, sizeof letter->name, "%s", name);
    snprintf(letter->event.id, sizeof letter->event.id, "%s", id);
    letter->result = *result;
    post(postman, letter);
}

void postman_test(struct postman *postman, const char *name, uint64_t number, const char *json)
{
    struct letter *letter = mem_zalloc(sizeof *letter);

    letter->kind = LETTER_TEST;
    letter->number = number;
    snprintf(letter->name, sizeof letter->name, "%s", name);
    letter->event.json = mem_text(json);
    post(postman, letter);
}

bool postman_look(struct postman *postman, size_t index, struct post_view *out)
{
    bool is_there = false;

    pthread_mutex_lock(&postman->lock);
    is_there = index < postman->view_count;
    if (is_there)
        *out = postman->views[index];
    pthread_mutex_unlock(&postman->lock);
    return is_there;
}
