/* The control thread's side of what is told to others: which event is for whom. See control/outbox.h. */
#include "control/outbox.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "config/config.h"
#include "control/event_face_priv.h"
#include "control/hooks_priv.h"
#include "control/json_priv.h"
#include "control/news_priv.h"
#include "control/outbox_priv.h"
#include "control/post_place_priv.h"
#include "control/post_spec_priv.h"
#include "control/postman_priv.h"
#include "net/mailbox.h"

enum { CATCH_UP_MAX = 256 };

/* A test that was asked for. */
struct asked {
    struct asked *next;
    uint64_t number;
    char name[64];
    outbox_test_fn *done;
    void *arg;
};

struct outbox {
    struct mailbox *mailbox;
    char *folder;
    const struct config *config; /* in force; NULL: none yet */
    struct post_spec **next;     /* prepared; NULL: nothing is */
    size_t next_count;
    struct postman *postman; /* NULL until there is a receiver */
    struct hooks *hooks;
    struct news_subscriber *subscriber;
    struct asked *asked;
    uint64_t next_number;
    uint64_t lost;
    uint64_t sequence; /* of the newest change that was an event */
    bool has_begun;    /* it is known */
    bool is_closing;
};

static void answer(struct outbox *outbox, uint64_t number, const struct post_result *result)
{
    struct asked **place = &outbox->asked;

    while (*place != NULL) {
        struct asked *asked = *place;

        if (number != 0 && asked->number != number) {
            place = &asked->next;
            continue;
        }
        *place = asked->next;
        asked->done(asked->arg, asked->name, result);
        free(asked);
    }
}

static void on_mail(void *arg, const struct mail *mail)
{
    struct outbox *outbox = arg;

    if (mail->kind == POSTMAN_TESTED) {
        answer(outbox, mail->number, mail->object);
        free(mail->object);
        return;
    }
    if (!outbox->is_closing)
        hooks_run(outbox->hooks, mail->object);
    post_run_free(mail->object);
}

static void on_ran(void *arg, const char *name, const char *id, const struct post_result *result)
{
    struct outbox *outbox = arg;

    postman_ran(outbox->postman, name, id, result);
}

struct outbox *outbox_new(struct loop *loop, const char *state_dir)
{
    struct outbox *outbox = mem_zalloc(sizeof *outbox);

    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    outbox->mailbox = mailbox_new(loop, on_mail, outbox);
    outbox->folder = mem_format("%s/outbox", state_dir);
    outbox->hooks = hooks_new(loop, on_ran, outbox);
    outbox->next_number = 1;
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    static const struct post_result stopped = { .fate = POST_FAILED, .words = "the daemon stops" };
    bool is_joined = true;

    if (outbox == NULL)
        return;
    outbox->is_closing = true;
    news_unsubscribe(outbox->subscriber);
    outbox_cancel(outbox);
    hooks_free(
        outbox->hooks); /* what runs for an event is ended, and the event kept for the next start */
    is_joined = postman_free(outbox->postman);
    if (is_joined)
        mailbox_receive(outbox->mailbox);
    answer(outbox, 0, &stopped);
    free(outbox->folder);
    if (!is_joined)
        return; /* its thread may still write into the mailbox */
    mailbox_free(outbox->mailbox);
    free(outbox);
    curl_global_cleanup();
}

int outbox_prepare(struct outbox *outbox, const struct config *config, char *words,
                   unsigned words_size)
{
    int err = ERR_OK;

    outbox_cancel(outbox);
    outbox->next =
        mem_zalloc((config->webhook_count + config->hook_count + 1) * sizeof *outbox->next);
    for (size_t i = 0; err == ERR_OK && i < config->webhook_count; i++) {
        err = post_spec_new(&config->webhooks[i], words, words_size, &outbox->next[i]);
        outbox->next_count += err == ERR_OK ? 1 : 0;
    }
    for (size_t i = 0; err == ERR_OK && i < config->hook_count; i++)
        outbox->next[outbox->next_count++] = post_spec_of_hook(&config->hooks[i]);
    if (err != ERR_OK)
        outbox_cancel(outbox);
    return err;
}

int outbox_check(const struct config *config, char *words, unsigned words_size)
{
    int err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < config->webhook_count; i++) {
        struct post_spec *spec = NULL;

        err = post_spec_new(&config->webhooks[i], words, words_size, &spec);
        post_spec_free(spec);
    }
    return err;
}

void outbox_commit(struct outbox *outbox, const struct config *config)
{
    if (outbox->next == NULL)
        return;
    outbox->config = config;
    hooks_apply(outbox->hooks, config);
    if (outbox->postman == NULL && outbox->next_count > 0)
        outbox->postman = postman_new(outbox->folder, outbox->mailbox);
    if (outbox->next_count == 0 && outbox->postman == NULL)
        post_place_remove(outbox->folder);
    if (outbox->postman != NULL)
        postman_set(outbox->postman, outbox->next, outbox->next_count);
    else
        free(outbox->next);
    if (outbox->postman != NULL && outbox->has_begun)
        postman_told(outbox->postman, outbox->sequence);
    outbox->next = NULL;
    outbox->next_count = 0;
}

void outbox_cancel(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->next_count; i++)
        post_spec_free(outbox->next[i]);
    free(outbox->next);
    outbox->next = NULL;
    outbox->next_count = 0;
}

static void send_to(struct outbox *outbox, const char *name, bool is_hook,
                    const struct event_face *face, char *json)
{
    struct post_event event = { .is_hook = is_hook, .json = json };

    snprintf(event.id, sizeof event.id, "%s", face->id);
    snprintf(event.key, sizeof event.key, "%s", face->key);
    if (postman_put(outbox->postman, name, &event))
        return;
    if (outbox->lost++ == 0)
        LOG_WARN("webhook",
                 "%s=%s events are dropped: the thread of the webhooks is stuck, "
                 "maybe for a disk",
                 is_hook ? "hook" : "webhook", name);
}

static void note_change(struct outbox *outbox, const struct event_face *face)
{
    uint64_t sequence = 0;

    if (strict_json_u64(face->json, "sequence", STRICT_JSON_INTEGER_MAX, &sequence) != ERR_OK)
        return;
    outbox->sequence = sequence;
    if (outbox->postman != NULL)
        postman_told(outbox->postman, sequence);
}

static void on_event(void *arg, const struct news_event *event)
{
    struct outbox *outbox = arg;
    const struct config *config = outbox->config;
    struct event_face face;
    char *json = NULL;

    if (config == NULL || event_face_make(event->json, NULL, 1, &face) != ERR_OK)
        return;
    json = mem_text_of(event->json.ptr, event->json.len);
    for (size_t i = 0; i < config->webhook_count; i++)
        if (event_face_is_meant(&face, &config->webhooks[i].choice, config))
            send_to(outbox, config->webhooks[i].name, false, &face, json);
    for (size_t i = 0; i < config->hook_count; i++)
        if (event_face_is_meant(&face, &config->hooks[i].choice, config))
            send_to(outbox, config->hooks[i].name, true, &face, json);
    free(json);
    note_change(outbox, &face);
    event_face_free(&face);
}

uint64_t outbox_begin(struct outbox *outbox, uint64_t newest)
{
    uint64_t told = 0;

    outbox->sequence = newest;
    outbox->has_begun = true;
    if (outbox->postman == NULL)
        return newest;
    if (post_place_read(outbox->folder, &told) != ERR_OK || told >= newest) {
        postman_told(outbox->postman, newest);
        return newest;
    }
    if (newest - told > CATCH_UP_MAX) {
        LOG_WARN("outbox",
                 "changes=%" PRIu64 " were not told before the start; of these the last %d are",
                 newest - told, CATCH_UP_MAX);
        told = newest - CATCH_UP_MAX;
    }
    outbox->sequence = told;
    return told;
}

void outbox_listen(struct outbox *outbox, struct news *news)
{
    outbox->subscriber = news_subscribe(news, on_event, outbox);
}

/* The postman has both. */
static bool look(const struct outbox *outbox, size_t index, bool is_hook, struct post_view *out)
{
    for (size_t i = 0; outbox->postman != NULL && postman_look(outbox->postman, i, out); i++)
        if (out->is_hook == is_hook && index-- == 0)
            return true;
    return false;
}

bool outbox_look(const struct outbox *outbox, size_t index, struct post_view *out)
{
    return look(outbox, index, false, out);
}

bool outbox_look_hook(const struct outbox *outbox, size_t index, struct post_view *out)
{
    return look(outbox, index, true, out);
}

uint64_t outbox_lost(const struct outbox *outbox)
{
    return outbox->lost;
}

static const struct config_webhook *find(const struct outbox *outbox, const char *name)
{
    for (size_t i = 0; outbox->config != NULL && i < outbox->config->webhook_count; i++)
        if (strcmp(outbox->config->webhooks[i].name, name) == 0)
            return &outbox->config->webhooks[i];
    return NULL;
}

static char *print_test(void)
{
    char stamp[CLOCK_STAMP_SIZE];
    cJSON *object = json_object();
    char *json = NULL;

    clock_stamp(clock_wall_us(), stamp);
    json_add_u64(object, "id", 0);
    json_add_text(object, "time", stamp);
    json_add_text(object, "kind", "test");
    json_add_text(object, "service", NULL);
    json_add_text(object, "words", "somebody asked for a test; nothing has happened");
    json = json_print(object);
    cJSON_Delete(object);
    return json;
}

bool outbox_test(struct outbox *outbox, const char *name, uint64_t *timeout_us,
                 outbox_test_fn *done, void *arg)
{
    const struct config_webhook *webhook = find(outbox, name);
    struct asked *asked = NULL;
    char *json = NULL;

    if (webhook == NULL || outbox->postman == NULL)
        return false;
    *timeout_us = webhook->timeout;
    asked = mem_zalloc(sizeof *asked);
    *asked = (struct asked){
        .next = outbox->asked, .number = outbox->next_number++, .done = done, .arg = arg
    };
    snprintf(asked->name, sizeof asked->name, "%s", name);
    outbox->asked = asked;
    json = print_test();
    postman_test(outbox->postman, name, asked->number, json);
    free(json);
    return true;
}
