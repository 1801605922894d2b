/* Names on a thread of their own: see net/resolver.h. */
#include "net/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/mailbox.h"

struct question {
    STAILQ_ENTRY(question) entry;
    struct endpoint endpoint;
    struct resolver_answer answer;
    resolver_fn *fn;
    void *arg;
};

STAILQ_HEAD(questions, question);

struct resolver {
    struct mailbox *mailbox;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_stopping;
    struct questions questions;
    struct questions answered; /* posted, not received */
};

int resolver_ask_now(const struct endpoint *endpoint, struct resolver_answer *out)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *found = NULL;
    char port[8];
    int result = 0;

    memset(out, 0, sizeof *out);
    out->words = "";
    if (address_from_endpoint(endpoint, &out->addresses[0]) == ERR_OK) {
        out->count = 1;
        return ERR_OK;
    }
    snprintf(port, sizeof port, "%u", (unsigned)endpoint->port);
    result = getaddrinfo(endpoint->host, port, &hints, &found);
    if (result != 0) {
        out->words = gai_strerror(result);
        out->err = result == EAI_AGAIN ? ERR_AGAIN : ERR_NOT_FOUND;
        return out->err;
    }
    for (struct addrinfo *at = found; at != NULL && out->count < RESOLVER_ADDRESSES;
         at = at->ai_next) {
        struct address *address = &out->addresses[out->count];

        if (at->ai_addrlen > sizeof address->sa)
            continue;
        memcpy(&address->sa, at->ai_addr, at->ai_addrlen);
        address->len = at->ai_addrlen;
        out->count++;
    }
    freeaddrinfo(found);
    out->err = out->count > 0 ? ERR_OK : ERR_NOT_FOUND;
    return out->err;
}

static void on_answer(void *arg, const struct mail *mail)
{
    struct resolver *resolver = arg;
    struct question *question = mail->object;

    pthread_mutex_lock(&resolver->lock);
    STAILQ_REMOVE(&resolver->answered, question, question, entry);
    pthread_mutex_unlock(&resolver->lock);
    question->fn(question->arg, &question->answer);
    free(question);
}

static void *run_resolver(void *arg)
{
    struct resolver *resolver = arg;

    pthread_mutex_lock(&resolver->lock);
    while (!resolver->is_stopping) {
        struct question *question = STAILQ_FIRST(&resolver->questions);

        if (question == NULL) {
            pthread_cond_wait(&resolver->wake, &resolver->lock);
            continue;
        }
        STAILQ_REMOVE_HEAD(&resolver->questions, entry);
        pthread_mutex_unlock(&resolver->lock);
        question->answer.err = resolver_ask_now(&question->endpoint, &question->answer);
        pthread_mutex_lock(&resolver->lock);
        STAILQ_INSERT_TAIL(&resolver->answered, question, entry);
        mailbox_post(resolver->mailbox, &(struct mail){ .object = question });
    }
    pthread_mutex_unlock(&resolver->lock);
    return NULL;
}

struct resolver *resolver_new(struct loop *loop)
{
    struct resolver *resolver = mem_zalloc(sizeof *resolver);

    STAILQ_INIT(&resolver->questions);
    STAILQ_INIT(&resolver->answered);
    pthread_mutex_init(&resolver->lock, NULL);
    pthread_cond_init(&resolver->wake, NULL);
    resolver->mailbox = mailbox_new(loop, on_answer, resolver);
    CHECK(pthread_create(&resolver->thread, NULL, run_resolver, resolver) == 0);
    return resolver;
}

static void free_questions(struct questions *questions)
{
    while (!STAILQ_EMPTY(questions)) {
        struct question *question = STAILQ_FIRST(questions);

        STAILQ_REMOVE_HEAD(questions, entry);
        free(question);
    }
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    pthread_mutex_lock(&resolver->lock);
    resolver->is_stopping = true;
    pthread_cond_signal(&resolver->wake);
    pthread_mutex_unlock(&resolver->lock);
    pthread_join(resolver->thread, NULL);
    mailbox_free(resolver->mailbox);
    free_questions(&resolver->questions);
    free_questions(&resolver->answered);
    pthread_cond_destroy(&resolver->wake);
    pthread_mutex_destroy(&resolver->lock);
    free(resolver);
}

void resolver_ask(struct resolver *resolver, const struct endpoint *endpoint, resolver_fn *fn,
                  void *arg)
{
    struct question *question = mem_zalloc(sizeof *question);

    question->endpoint = *endpoint;
    question->fn = fn;
    question->arg = arg;
    pthread_mutex_lock(&resolver->lock);
    STAILQ_INSERT_TAIL(&resolver->questions, question, entry);
    pthread_cond_signal(&resolver->wake);
    pthread_mutex_unlock(&resolver->lock);
}
