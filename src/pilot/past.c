/*
 * See past_priv.h. The bytes are made on the control thread (some KiB for each service), a clerk puts them on the disk.
 * Whose memory it is: the slot that a candidate is compared with, or the live one, and the version in it.
 */
#include "pilot/past_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/clerk.h"
#include "net/timer.h"
#include "pilot/past_disk_priv.h"
#include "pilot/pilot_priv.h"
#include "route/snapshot.h"

enum { KEEP_MS = 30 * 1000 };

static const uint64_t age_max_us = 3600ull * 1000 * 1000;

/* Owner: the pilot. Ends by past_free. */
struct past {
    struct pilot *pilot;
    char *path;
    struct past_row *rows; /* of the life before */
    size_t count;
    struct timer *timer;
    struct clerk *clerk;
    bool is_writing;
    bool is_failing; /* said once */
    double kept;     /* requests in all that was written last: nothing new is not written again */
};

/* One write. Owner: the clerk's task. */
struct keep {
    struct past *past;
    struct text body;
    int err;
    char words[PAST_WORDS];
};

static const char *find_version(unsigned service_index, const char *slot_name)
{
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), service_index);

    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, slot_name) == 0 &&
            service->slots[i].version != NULL)
            return service->slots[i].version;
    return "";
}

/* Whose past the engine has, or will have. */
static const char *find_slot(const struct lookout *lookout)
{
    bool is_candidate = lookout->trial == 0 && lookout->view.kind != TRIAL_NONE;

    return is_candidate ? lookout->view.candidate : lookout->view.baseline;
}

static double add_row(const struct past *past, unsigned index, struct past_row *row,
                      struct text *body)
{
    const struct lookout *lookout = &past->pilot->lookouts[index];
    const char *slot = find_slot(lookout);

    if (lookout->engine == NULL || lookout->last_us == 0 || slot[0] == '\0')
        return 0;
    engine_memory(lookout->engine, &row->memory);
    if (row->memory.n <= 0)
        return 0;
    snprintf(row->service, sizeof row->service, "%s", lookout->name);
    snprintf(row->slot, sizeof row->slot, "%s", slot);
    snprintf(row->version, sizeof row->version, "%.63s", find_version(index, slot));
    row->wall_us = clock_wall_us();
    past_disk_add(row, body);
    return row->memory.n;
}

static void run_keep(void *arg, const _Atomic bool *is_cut)
{
    struct keep *keep = arg;

    (void)is_cut;
    keep->err = past_disk_write(keep->past->path, text_slice(&keep->body), keep->words);
}

static void on_kept(void *arg, bool was_run)
{
    struct keep *keep = arg;
    struct past *past = keep->past;

    past->is_writing = false;
    if (was_run && keep->err != 0 && !past->is_failing)
        LOG_WARN("baselines", "not kept for the next start: words=\"%s\"", keep->words);
    past->is_failing = was_run && keep->err != 0;
    text_fini(&keep->body);
    free(keep);
}

static void begin_keep(struct past *past)
{
    struct keep *keep = mem_zalloc(sizeof *keep);
    struct past_row *row = mem_zalloc(sizeof *row);
    unsigned count = past->pilot->lookout_count;
    double sum = 0;

    keep->past = past;
    text_init(&keep->body, PAST_BYTES_MAX);
    for (unsigned i = 0; i < count && i < PAST_ROWS_MAX; i++)
        sum += add_row(past, i, row, &keep->body);
    free(row);
    if (sum <= 0 || (sum >= past->kept && sum <= past->kept)) {
        text_fini(&keep->body);
        free(keep);
        return;
    }
    past->kept = sum;
    past->is_writing = true;
    clerk_add(past->clerk, &(struct clerk_task){ .run = run_keep, .done = on_kept, .arg = keep });
}

static void on_timer(void *arg)
{
    struct past *past = arg;

    timer_arm(past->timer, KEEP_MS);
    if (!past->is_writing)
        begin_keep(past);
}

struct past *past_new(struct pilot *pilot)
{
    struct past *past = mem_zalloc(sizeof *past);
    char words[PAST_WORDS];
    int err = 0;

    past->pilot = pilot;
    past->path = mem_format("%s/baselines", pilot->options.state_dir);
    err = past_disk_read(past->path, &past->rows, &past->count, words);
    if (err != 0 && err != ERR_NOT_FOUND)
        LOG_WARN("baselines", "nothing is remembered of the life before: words=\"%s\"", words);
    past->timer = timer_new(pilot->options.loop, on_timer, past);
    past->clerk = clerk_new(pilot->options.loop, "baselines");
    timer_arm(past->timer, KEEP_MS);
    return past;
}

void past_free(struct past *past)
{
    if (past == NULL)
        return;
    timer_free(past->timer);
    begin_keep(past);
    clerk_free(past->clerk, false);
    free(past->rows);
    free(past->path);
    free(past);
}

/* NULL: it fits; else why it does not. */
static const char *find_misfit(const struct past_row *row, const char *slot, const char *version)
{
    uint64_t now_us = clock_wall_us();

    if (row->wall_us > now_us || now_us - row->wall_us > age_max_us)
        return "it is too old";
    if (strcmp(row->slot, slot) != 0)
        return "another slot is compared with by now";
    return strncmp(row->version, version, sizeof row->version - 1) != 0
               ? "the slot holds another version by now"
               : NULL;
}

void past_give(struct past *past, unsigned service_index)
{
    struct lookout *lookout = &past->pilot->lookouts[service_index];
    const char *slot = find_slot(lookout);

    for (size_t i = 0; i < past->count; i++) {
        struct past_row *row = &past->rows[i];
        const char *why = NULL;

        if (strcmp(row->service, lookout->name) != 0)
            continue;
        why = find_misfit(row, slot, find_version(service_index, slot));
        if (why == NULL)
            engine_remember(lookout->engine, &row->memory);
        LOG_INFO("baselines", "service=%s slot=%s requests=%.0f %s%s", lookout->name, row->slot,
                 row->memory.n, why == NULL ? "remembered" : "forgotten: ", why == NULL ? "" : why);
        row->service[0] = '\0'; /* once */
        return;
    }
}
