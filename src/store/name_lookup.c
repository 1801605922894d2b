/*
 * A question is shared by the loop and its thread and dies with the last of them. The thread posts under the question's
 * lock, so that the loop can take its mailbox away at any time. See name_lookup_priv.h.
 */
#include "store/name_lookup_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/mailbox.h"
#include "net/resolver.h"
#include "store/db_spec_priv.h"

enum { LETTER_ADDRESSES, LETTER_END };

struct name_question {
    pthread_mutex_t lock;
    unsigned holders;
    struct mailbox *mailbox; /* NULL: nobody listens any more */
    size_t count;
    struct endpoint *endpoints;
    size_t *indexes;
};

/* What the thread posts. */
struct name_answer {
    size_t index;
    char name[256];
    struct resolver_answer answer;
    char words[128];
};

struct name_lookup {
    const struct db_spec *spec;
    struct mailbox *mailbox;
    struct name_question *question; /* NULL: none is under way */
    struct name_waiter *waiters;
    struct name_addresses *known; /* one per host */
    char words[240];
};

static void drop_question(struct name_question *question)
{
    bool is_last = false;

    pthread_mutex_lock(&question->lock);
    is_last = --question->holders == 0;
    pthread_mutex_unlock(&question->lock);
    if (!is_last)
        return;
    pthread_mutex_destroy(&question->lock);
    free(question->endpoints);
    free(question->indexes);
    free(question);
}

/* The loop takes the object over, if there still is one. */
static void post(struct name_question *question, int kind, struct name_answer *answer)
{
    pthread_mutex_lock(&question->lock);
    if (question->mailbox != NULL)
        mailbox_post(question->mailbox, &(struct mail){ .kind = kind, .object = answer });
    else
        free(answer);
    pthread_mutex_unlock(&question->lock);
}

static void *run_question(void *arg)
{
    struct name_question *question = arg;

    for (size_t i = 0; i < question->count; i++) {
        struct name_answer *answer = mem_zalloc(sizeof *answer);

        answer->index = question->indexes[i];
        snprintf(answer->name, sizeof answer->name, "%s", question->endpoints[i].host);
        answer->answer.err = resolver_ask_now(&question->endpoints[i], &answer->answer);
        snprintf(answer->words, sizeof answer->words, "%s", answer->answer.words);
        post(question, LETTER_ADDRESSES, answer);
    }
    post(question, LETTER_END, NULL);
    drop_question(question);
    return NULL;
}

static void keep_addresses(struct name_lookup *lookup, const struct name_answer *answer)
{
    struct name_addresses *known = &lookup->known[answer->index];

    if (answer->answer.err != ERR_OK) {
        snprintf(lookup->words, sizeof lookup->words, "'%.100s': %s", answer->name,
                 answer->words[0] != '\0' ? answer->words : "no address");
        return;
    }
    known->count = 0;
    for (unsigned i = 0; i < answer->answer.count && known->count < NAME_LOOKUP_ADDRESSES; i++)
        address_format_host(&answer->answer.addresses[i], known->texts[known->count++]);
}

/* A waiter may leave, and ask anew, while it is told. */
static void tell(struct name_lookup *lookup)
{
    struct name_waiter *waiter = lookup->waiters;

    while (waiter != NULL) {
        struct name_waiter *next = waiter->next;

        waiter->fn(waiter->arg);
        waiter = next;
    }
}

static void on_letter(void *arg, const struct mail *mail)
{
    struct name_lookup *lookup = arg;

    if (mail->kind == LETTER_ADDRESSES) {
        keep_addresses(lookup, mail->object);
        free(mail->object);
    } else {
        drop_question(lookup->question);
        lookup->question = NULL;
    }
    tell(lookup);
}

static void collect_names(const struct db_spec *spec, struct name_question *question)
{
    question->endpoints = mem_zalloc((spec->host_count + 1) * sizeof *question->endpoints);
    question->indexes = mem_zalloc((spec->host_count + 1) * sizeof *question->indexes);
    for (size_t i = 0; i < spec->host_count; i++) {
        struct endpoint *endpoint = &question->endpoints[question->count];

        if (!spec->hosts[i].is_name ||
            !slice_copy(slice_from(spec->hosts[i].text), endpoint->host, sizeof endpoint->host))
            continue;
        endpoint->is_name = true;
        endpoint->port = 1; /* getaddrinfo wants one */
        question->indexes[question->count++] = i;
    }
}

/* A machine that has no thread to give has no answer either. */
static void start_question(struct name_lookup *lookup)
{
    struct name_question *question = mem_zalloc(sizeof *question);
    pthread_attr_t attr;
    pthread_t thread;
    bool has_started = false;

    pthread_mutex_init(&question->lock, NULL);
    question->holders = 2;
    question->mailbox = lookup->mailbox;
    collect_names(lookup->spec, question);
    lookup->question = question;
    lookup->words[0] = '\0';
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    has_started = pthread_create(&thread, &attr, run_question, question) == 0;
    pthread_attr_destroy(&attr);
    if (has_started)
        return;
    snprintf(lookup->words, sizeof lookup->words, "no thread can be started to resolve names");
    post(question, LETTER_END, NULL);
    drop_question(question);
}

struct name_lookup *name_lookup_new(struct loop *loop, const struct db_spec *spec)
{
    struct name_lookup *lookup = mem_zalloc(sizeof *lookup);

    lookup->spec = spec;
    lookup->known = mem_zalloc((spec->host_count + 1) * sizeof *lookup->known);
    lookup->mailbox = mailbox_new(loop, on_letter, lookup);
    return lookup;
}

void name_lookup_free(struct name_lookup *lookup)
{
    if (lookup == NULL)
        return;
    if (lookup->question != NULL) {
        pthread_mutex_lock(&lookup->question->lock);
        lookup->question->mailbox = NULL;
        pthread_mutex_unlock(&lookup->question->lock);
        lookup->waiters = NULL;
        mailbox_receive(lookup->mailbox); /* what was posted has memory of its own */
    }
    if (lookup->question != NULL)
        drop_question(lookup->question);
    mailbox_free(lookup->mailbox);
    free(lookup->known);
    free(lookup);
}

void name_lookup_ask(struct name_lookup *lookup, struct name_waiter *waiter)
{
    if (!waiter->is_waiting) {
        waiter->next = lookup->waiters;
        lookup->waiters = waiter;
        waiter->is_waiting = true;
    }
    if (lookup->question == NULL)
        start_question(lookup);
}

void name_lookup_leave(struct name_lookup *lookup, struct name_waiter *waiter)
{
    struct name_waiter **at = &lookup->waiters;

    while (*at != NULL && *at != waiter)
        at = &(*at)->next;
    if (*at != NULL)
        *at = waiter->next;
    waiter->is_waiting = false;
}

bool name_lookup_is_busy(const struct name_lookup *lookup)
{
    return lookup->question != NULL;
}

const struct name_addresses *name_lookup_at(const struct name_lookup *lookup, size_t index)
{
    return &lookup->known[index];
}

const char *name_lookup_words(const struct name_lookup *lookup)
{
    return lookup->words;
}
