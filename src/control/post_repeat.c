/* See post_repeat_priv.h. */
#include "control/post_repeat_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct window {
    char key[160]; /* "" : free */
    uint64_t until_us;
    uint64_t window_us;
    uint64_t count; /* that were not told */
    char id[40];
    char *json;
};

struct post_repeat {
    struct window windows[POST_REPEAT_KEYS];
};

struct post_repeat *post_repeat_new(void)
{
    struct post_repeat *repeat = mem_zalloc(sizeof *repeat);

    return repeat;
}

void post_repeat_free(struct post_repeat *repeat)
{
    for (unsigned i = 0; repeat != NULL && i < POST_REPEAT_KEYS; i++)
        free(repeat->windows[i].json);
    free(repeat);
}

static struct window *find(struct post_repeat *repeat, const char *key)
{
    for (unsigned i = 0; i < POST_REPEAT_KEYS; i++)
        if (strcmp(repeat->windows[i].key, key) == 0)
            return &repeat->windows[i];
    return NULL;
}

bool post_repeat_offer(struct post_repeat *repeat, const struct post_offer *offer, uint64_t now_us,
                       uint64_t window_us)
{
    struct window *window = NULL;

    if (window_us == 0 || offer->key[0] == '\0')
        return true;
    window = find(repeat, offer->key);
    if (window != NULL && (now_us < window->until_us || window->count > 0)) {
        if (window->count == 0)
            snprintf(window->id, sizeof window->id, "%s", offer->id);
        free(window->json);
        window->json = mem_text_of(offer->json.ptr, offer->json.len);
        window->count++;
        return false;
    }
    if (window == NULL)
        window = find(repeat, "");
    if (window == NULL)
        return true;
    snprintf(window->key, sizeof window->key, "%s", offer->key);
    window->window_us = window_us;
    window->until_us = now_us + window_us;
    return true;
}

static void take(struct window *window, struct post_repeated *out)
{
    snprintf(out->id, sizeof out->id, "%s", window->id);
    out->json = window->json;
    out->count = window->count;
    window->json = NULL;
    window->count = 0;
}

bool post_repeat_due(struct post_repeat *repeat, uint64_t now_us, struct post_repeated *out)
{
    for (unsigned i = 0; i < POST_REPEAT_KEYS; i++) {
        struct window *window = &repeat->windows[i];

        if (window->key[0] == '\0' || now_us < window->until_us)
            continue;
        if (window->count == 0) {
            window->key[0] = '\0';
            continue;
        }
        take(window, out);
        window->until_us = now_us + window->window_us;
        return true;
    }
    return false;
}

uint64_t post_repeat_next_us(const struct post_repeat *repeat)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 0; i < POST_REPEAT_KEYS; i++)
        if (repeat->windows[i].count > 0 && repeat->windows[i].until_us < next)
            next = repeat->windows[i].until_us;
    return next;
}

bool post_repeat_flush(struct post_repeat *repeat, struct post_repeated *out)
{
    for (unsigned i = 0; i < POST_REPEAT_KEYS; i++) {
        if (repeat->windows[i].count == 0)
            continue;
        take(&repeat->windows[i], out);
        repeat->windows[i].key[0] = '\0';
        return true;
    }
    return false;
}
