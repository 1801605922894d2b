/* See names_priv.h. */
#include "deploy/names_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/resolver.h"
#include "net/timer.h"

struct name {
    char *text;
    struct endpoint endpoint;
    struct address address;
    int err;
    char words[96];
};

struct names {
    struct name *items;
    size_t count;
    size_t open; /* questions without an answer */
    names_done_fn *done;
    void *arg;
    struct question *questions; /* one per item */
};

/* What the resolver holds; the names outlive it. */
struct question {
    struct names *names;
    size_t index;
};

struct names *names_new(void)
{
    struct names *names = mem_zalloc(sizeof *names);

    return names;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i].text);
    free(names->items);
    free(names->questions);
    free(names);
}

static int compare_names(const void *a, const void *b)
{
    const struct name *first = a;
    const struct name *second = b;

    return strcmp(first->text, second->text);
}

static struct name *find_name(const struct names *names, const char *text)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].text, text) == 0)
            return &names->items[i];
    return NULL;
}

void names_add(struct names *names, const char *text, const struct endpoint *endpoint)
{
    if (!endpoint->is_name)
        return;
    names->items = mem_grow(names->items, names->count + 1, sizeof *names->items);
    names->items[names->count++] = (struct name){
        .text = mem_text(text),
        .endpoint = *endpoint,
        .err = ERR_AGAIN,
    };
}

void names_add_config(struct names *names, const struct config *config)
{
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].slot_count; j++) {
            const struct config_targets *targets = &config->services[i].slots[j].targets;

            for (size_t k = 0; k < targets->count; k++)
                names_add(names, targets->items[k].text, &targets->items[k].endpoint);
        }
}

void names_add_decisions(struct names *names, const struct decisions *decisions)
{
    for (size_t i = 0; i < decisions->service_count; i++) {
        const struct state_target *target = NULL;
        struct endpoint endpoint;

        TAILQ_FOREACH(target, &decisions->services[i]->targets, link)
        {
            if (target->is_added &&
                address_parse_endpoint(slice_from(target->name), &endpoint) == 0)
                names_add(names, target->name, &endpoint);
        }
    }
}

/* Sorted, each text once. */
static void make_unique(struct names *names)
{
    size_t kept = 0;

    if (names->count > 1)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    for (size_t i = 0; i < names->count; i++) {
        if (kept > 0 && strcmp(names->items[kept - 1].text, names->items[i].text) == 0)
            free(names->items[i].text);
        else
            names->items[kept++] = names->items[i];
    }
    names->count = kept;
}

static void take_answer(struct name *name, const struct resolver_answer *answer)
{
    name->err = answer->err == 0 && answer->count == 0 ? ERR_NOT_FOUND : answer->err;
    if (name->err == 0)
        name->address = answer->addresses[0];
    else
        snprintf(name->words, sizeof name->words, "%s",
                 answer->words != NULL ? answer->words : "no answer");
}

void names_resolve_now(struct names *names)
{
    make_unique(names);
    for (size_t i = 0; i < names->count; i++) {
        struct resolver_answer answer = { 0 };
        int err = resolver_ask_now(&names->items[i].endpoint, &answer);

        if (err != 0)
            answer.err = err;
        take_answer(&names->items[i], &answer);
    }
}

static void on_answer(void *arg, const struct resolver_answer *answer)
{
    struct question *question = arg;
    struct names *names = question->names;

    take_answer(&names->items[question->index], answer);
    if (--names->open == 0)
        names->done(names->arg, names);
}

void names_resolve(struct names *names, struct resolver *resolver, names_done_fn *done, void *arg)
{
    make_unique(names);
    names->done = done;
    names->arg = arg;
    names->open = names->count;
    names->questions = mem_grow(NULL, names->count + 1, sizeof *names->questions);
    for (size_t i = 0; i < names->count; i++) {
        names->questions[i] = (struct question){ .names = names, .index = i };
        resolver_ask(resolver, &names->items[i].endpoint, on_answer, &names->questions[i]);
    }
    if (names->count == 0)
        done(arg, names);
}

int names_find(const struct names *names, const char *text, struct address *out, const char **words)
{
    const struct name *name = find_name(names, text);

    *words = name == NULL ? "it was not asked for" : name->words;
    if (name == NULL)
        return ERR_NOT_FOUND;
    if (name->err == 0)
        *out = name->address;
    return name->err;
}
